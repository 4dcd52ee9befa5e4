# SPDX-License-Identifier: BSD-3-Clause
"""virtacrnd: domains get other names, by stock virsh; and none is lost if the daemon is killed meanwhile."""
import fcntl
import os
import signal
import struct
import time
import xml.etree.ElementTree as ET

import libvirt

from place import BUILD, until
from virt import ERRORS, Virt, domain, some_text

from case_acrnctl import machine
from case_virt_events import listening
from case_virt_limits import limited

UUID = "c7a5fdbd-edaf-9455-926a-d65c16db1809"
NONE = b"\0" * 4
libvirt.registerErrorHandler(lambda context, error: None, None)


def names(virt, *words):
    return virt.virsh("list", "--all", "--name", *words).split()


def launch_file(here, name):
    with open(os.path.join(here.conf, name + ".sh"), encoding="utf-8") as file:
        return file.read()


def test_rename(here):
    """All of it goes with the name: UUID, XML, settings, the last output; and it starts by the new one."""
    virt = Virt(here)
    virt.define(uuid=UUID, more="<title>mine</title>", devices="<console type='pty'/>")
    here.ctl("set", "vm1", "autostart=yes", "order=7")
    virt.virsh("start", "vm1")
    virt.virsh("destroy", "vm1")
    events = listening(virt, "--all")
    before = virt.virsh("dumpxml", "vm1")
    virt.virsh("domrename", "vm1", "vm2")
    events.expect("Undefined Renamed", "Defined Renamed")
    assert ["'vm1'" in line for line in events.lines()[-2:]] == [True, False], events.lines()
    assert names(virt) == ["vm2"] and virt.virsh("domuuid", "vm2").strip() == UUID
    assert virt.virsh("dumpxml", "vm2") == before.replace("<name>vm1<", "<name>vm2<")
    assert names(virt, "--autostart") == ["vm2"] and "order=7" in here.ctl("set", "vm2").out
    assert sorted(os.listdir(here.conf)) == ["vm2.conf", "vm2.sh"]
    assert "vm2.log" in os.listdir(here.run) and "vm1.log" not in os.listdir(here.run)
    text = launch_file(here, "vm2")
    assert text.count("exec ") == 1 and "vm1" not in text and f"pty:{here.run}/vm2.com1" in text
    here.ctl("start", "vm2")
    assert f"{here.run}/vm2.com1" in virt.virsh("ttyconsole", "vm2")
    virt.virsh("destroy", "vm2")
    # The old one is free, for one that has nothing of it.
    virt.define()
    assert names(virt, "--autostart") == ["vm2"]
    # That is all that clients have heard of it.
    events.expect("Stopped Destroyed", "Defined Added")
    assert not [line for line in events.lines() if "Updated" in line and "probe" not in line], events.lines()
    assert "vm2: renamed from vm1 by client" in here.said("virtacrnd")


def test_refused(here):
    virt = Virt(here)
    virt.define(uuid=UUID)
    virt.define("vm2")
    here.add("vm3")
    for name, why in (("vm2", "domain 'vm2' already exists"), ("vm3", "domain 'vm3' already exists"), ("vm1", "has that name already"),
                      ("a/b", "\"a/b\" is no name of a VM: 1 to 15 letters"), ("x" * 16, "1 to 15 letters"), (".x", "1 to 15 letters")):
        assert why in virt.virsh("domrename", "vm1", name, code=1), name
    assert "launch file of acrnctl's" in virt.virsh("domrename", "vm3", "vm4", code=1)
    raw = virt.raw()
    assert raw.call(358, domain("vm1", UUID) + NONE + NONE) == (8, "the new name is missing")
    assert raw.call(358, domain("vm1", UUID) + some_text("vm4") + struct.pack(">I", 1))[0] == ERRORS["ARGUMENT_UNSUPPORTED"]
    assert raw.call(358, domain("vm1", UUID[:-1] + "0") + some_text("vm4") + NONE)[0] == 42
    assert virt.raw(read_only=True).call(358, domain("vm1", UUID) + some_text("vm4") + NONE)[0] == ERRORS["OPERATION_DENIED"]
    virt.virsh("start", "vm1")
    assert "domain 'vm1' is running: only one that is off can be renamed" in virt.virsh("domrename", "vm1", "vm4", code=1)
    virt.virsh("destroy", "vm1")
    virt.virsh("create", virt.xml("vm5"))
    assert "only one that is off" in virt.virsh("domrename", "vm5", "vm4", code=1)
    assert "domain 'vm5' already exists" in virt.virsh("domrename", "vm1", "vm5", code=1)
    virt.virsh("destroy", "vm5")
    # One that is just being started is locked.
    with open(os.path.join(here.conf, "vm1.sh"), "rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert "domain 'vm1' is being started" in virt.virsh("domrename", "vm1", "vm4", code=1)
    assert sorted(names(virt)) == ["vm1", "vm2", "vm3"] and sorted(os.listdir(here.conf)) == ["vm1.sh", "vm2.sh", "vm3.conf", "vm3.sh"]


def test_hypervisors_names(here):
    """Its VMs keep theirs, and nobody else gets one; the scenario's limits are those of the new name."""
    machine(here, "0 rt 0 2 1 64 100", "1 service 1 2 2 2048 25")
    virt, _ = limited(here)
    virt.define()
    assert "is a pre-launched VM and can only be looked at" in virt.virsh("domrename", "rt", "vm2", code=1)
    assert "is the Service VM and can only be looked at" in virt.virsh("domrename", "service", "vm2", code=1)
    assert "domain 'rt' is a pre-launched VM" in virt.virsh("domrename", "vm1", "rt", code=1)
    assert sorted(names(virt)) == ["rt", "service", "vm1"] and os.listdir(here.conf) == ["vm1.sh"]


def test_moved_by_hand(here):
    """Who moves launch files is heard of, too: within the folder, out of it, and back."""
    virt = Virt(here)
    here.add("vm1")
    events = listening(virt, "--all")
    path = os.path.join(here.conf, "vm{}.sh")
    os.rename(path.format(1), path.format(2))
    events.expect("Undefined Renamed", "Defined Renamed")
    os.rename(path.format(2), path.format(2) + ".off")
    events.expect("Undefined Removed")
    os.rename(path.format(2) + ".off", path.format(2))
    events.expect("Undefined Removed", "Defined Added")
    os.rename(path.format(2), here.path("kept"))
    events.expect("Defined Added", "Undefined Removed")


def soon(seconds):
    return "start_at=" + time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(time.time() + seconds))


def test_timed_start(here):
    """acrnd heeds what is set for it by the new name; also if that is there long before the launch file."""
    virt = Virt(here)
    acrnd = here.daemon("acrnd", "-t", env={"FAKE_GUEST": "listen"})
    here.ready(acrnd)

    def started(name):
        here.expect("acrnd", f"{name}: its start is due")
        until(lambda: virt.virsh("domstate", name).strip() == "running")
        here.ctl("stop", "-f", name)
    virt.define()
    with open(os.path.join(here.conf, "vm3.conf"), "w", encoding="ascii") as file:
        file.write(soon(1))
    time.sleep(0.3)
    os.rename(here.script("vm3"), os.path.join(here.conf, "vm3.sh"))
    started("vm3")
    here.ctl("set", "vm1", soon(2))
    virt.virsh("domrename", "vm1", "vm2")
    started("vm2")


class Daemon:
    """One with a client of libvirt-python, who is quicker than virsh."""

    def __init__(self, here, socket, **env):
        saved = dict(here.env)
        here.env.update(env)
        self.virt = Virt(here, socket=socket)
        here.env.clear()
        here.env.update(saved)
        self.conn = libvirt.open(f"acrn+unix:///system?socket={self.virt.socket}")

    def define(self, name, **more):
        with open(self.virt.xml(name, **more), encoding="utf-8") as file:
            return self.conn.defineXML(file.read())

    def names(self, flags=0):
        return sorted(vm.name() for vm in self.conn.listAllDomains(flags))

    def kill(self):
        self.conn.close()
        self.virt.daemon.kill()
        self.virt.daemon.wait()


def killed(here, change):
    """A daemon that is killed before this change to the folder of definitions, while it renames. False: it got to its end."""
    daemon = Daemon(here, f"virt{change}", LD_PRELOAD=os.path.join(BUILD, "tools/fake_kill.so"), FAKE_KILL=str(change), FAKE_KILL_IN=here.conf)
    try:
        daemon.conn.lookupByUUIDString(UUID).rename("vm2")
    except libvirt.libvirtError:
        assert daemon.virt.daemon.wait(10) == -signal.SIGKILL
        return True
    daemon.kill()
    return False


def check_start(here, name):
    """It runs by the name that it has."""
    here.ctl("start", name)
    pid, = here.processes()
    with open(f"/proc/{pid}/cmdline", "rb") as file:
        line = file.read().split(b"\0")
    assert line[-2] == name.encode() and f"com1,pty:{here.run}/{name}.com1".encode() in line, line
    here.ctl("stop", "-f", name)


def check_rest(here, name, socket):
    """The next daemon has all of it, and what is left of the change is in nobody's way."""
    daemon = Daemon(here, socket)
    vm = daemon.conn.lookupByUUIDString(UUID)
    root = ET.fromstring(vm.XMLDesc())
    assert (vm.name(), root.findtext("name"), root.findtext("title"), vm.autostart()) == (name, name, "mine", 1)
    vm.rename("vm3")
    for other in "vm1", "vm2":
        daemon.define(other)
    assert daemon.names() == ["vm1", "vm2", "vm3"] and daemon.names(libvirt.VIR_CONNECT_LIST_DOMAINS_AUTOSTART) == ["vm3"]
    assert launch_file(here, "vm3").count("exec ") == 1
    for vm in daemon.conn.listAllDomains():
        vm.undefine()
    vm = daemon.define("vm1", uuid=UUID, more="<title>mine</title>", devices="<console type='pty'/>")
    vm.setAutostart(1)
    daemon.kill()


def test_killed_meanwhile(here):
    """Before each of its steps: there is one of the two, whole, which starts by its own name without a daemon, too."""
    here.env["FAKE_GUEST"] = "listen"
    first, seen = Daemon(here, "first"), []
    first.define("vm1", uuid=UUID, more="<title>mine</title>", devices="<console type='pty'/>").setAutostart(1)
    first.kill()
    while killed(here, len(seen)):
        there = [line.split()[0] for line in here.ctl("list").out.splitlines()]
        assert there in (["vm1"], ["vm2"]), (seen, there)
        check_start(here, there[0])
        check_rest(here, there[0], f"rest{len(seen)}")
        seen += there
    assert seen == sorted(seen) and set(seen) == {"vm1", "vm2"} and len(seen) >= 7, seen
