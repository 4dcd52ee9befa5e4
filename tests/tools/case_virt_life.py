# SPDX-License-Identifier: BSD-3-Clause
"""virtacrnd: the life of a domain by stock virsh, what is wrong with an XML, and what is on disk."""
import os
import re
import signal
import subprocess
import time
import xml.etree.ElementTree as ET

from place import DM, until
from virt import ERRORS, Virt, domain

UUID = "c7a5fdbd-edaf-9455-926a-d65c16db1809"


def test_life(here):
    virt = Virt(here)
    virt.define(uuid=UUID)
    assert virt.virsh("domuuid", "vm1").strip() == UUID
    assert virt.virsh("domstate", "vm1").strip() == "shut off"
    info = virt.virsh("dominfo", "vm1")
    assert "32768 KiB" in info and re.search(r"Persistent: +yes", info)
    virt.virsh("start", "vm1")
    pid, = here.processes()
    assert virt.virsh("domid", UUID).strip() == str(pid)
    assert "already active" in virt.virsh("start", "vm1", code=1)
    # The client knows that by itself; the daemon does, too.
    assert virt.raw().call(9, domain("vm1", UUID)) == (55, "domain 'vm1' is already running")
    for word, state in (("suspend", "paused"), ("resume", "running"), ("reset", "running")):
        virt.virsh(word, "vm1")
        until(lambda state=state: virt.virsh("domstate", "vm1").strip() == state)
    assert "domain 'vm1': the VM is running; this needs it paused" in virt.virsh("resume", "vm1", code=1)
    # A guest that has just been reset takes a moment to listen.
    until(lambda: virt.raw().call(33, domain("vm1", UUID))[0] == 0)
    until(lambda: virt.virsh("domstate", "vm1").strip() == "shut off")
    virt.virsh("start", "vm1")
    until(lambda: virt.raw().call(258, domain("vm1", UUID) + b"\0\0\0\1")[0] == 0)
    until(lambda: virt.virsh("domstate", "vm1").strip() == "shut off")
    virt.virsh("start", "vm1")
    virt.virsh("destroy", "vm1")
    assert virt.virsh("domstate", "vm1").strip() == "shut off" and not here.processes()
    assert "not running" in virt.virsh("destroy", "vm1", code=1)
    virt.virsh("undefine", "vm1")
    assert virt.virsh("list", "--all", "--name").split() == []
    assert [name for name in os.listdir(here.conf)] == []
    assert "vm1: started by client" in here.said("virtacrnd")


def test_shutdown_by_virsh(here):
    virt = Virt(here)
    virt.define()
    virt.virsh("start", "vm1")
    # Long enough for the guest to listen.
    until(lambda: "running" in virt.virsh("domstate", "vm1"))
    time.sleep(0.2)
    virt.virsh("shutdown", "--mode", "acpi", "vm1")
    until(lambda: virt.virsh("domstate", "vm1").strip() == "shut off")


def test_reboot(here):
    """The guest shuts down, and the same domain boots again; then a shutdown is one."""
    virt = Virt(here)
    virt.define(uuid=UUID)
    virt.virsh("start", "vm1")
    pid, = here.processes()
    for number, flags in enumerate((b"\0\0\0\0", b"\0\0\0\1")):
        # As soon as it listens.
        until(lambda flags=flags: virt.raw().call(27, domain("vm1", UUID) + flags)[0] == 0)
        until(lambda number=number: here.query("vm1")["resets"] == number + 1)
    time.sleep(0.2)
    virt.virsh("reboot", "--mode", "acpi", "vm1")
    until(lambda: here.query("vm1")["resets"] == 3)
    assert here.processes() == [pid] and virt.virsh("domid", "vm1").strip() == str(pid)
    # Ways that need something in the guest.
    code, words = virt.raw().call(27, domain("vm1", UUID) + b"\0\0\0\2")
    assert code == ERRORS["ARGUMENT_UNSUPPORTED"] and "by its power button (--mode acpi)" in words
    assert "by its power button" in virt.virsh("reboot", "--mode", "agent", "vm1", code=1)
    virt.shut_down("vm1")
    assert "is not running" in virt.virsh("reboot", "vm1", code=1)


def test_reboot_as_the_end(here):
    """By on_reboot."""
    virt = Virt(here)
    virt.define(uuid=UUID, more="<on_reboot>destroy</on_reboot>")
    virt.virsh("start", "vm1")
    until(lambda: virt.raw().call(27, domain("vm1", UUID) + b"\0\0\0\0")[0] == 0)
    until(lambda: virt.virsh("domstate", "vm1").strip() == "shut off")


def test_start_paused(here):
    """Made, and not begun: a guest that would soon go off stays. Then every way on."""
    virt = Virt(here, guest="poweroff=200")
    virt.define(uuid=UUID)
    virt.virsh("start", "--paused", "vm1")
    time.sleep(0.5)
    assert virt.virsh("domstate", "--reason", "vm1").strip() == "paused (user)"
    assert "already active" in virt.virsh("start", "--paused", "vm1", code=1)
    assert "this needs it running" in virt.virsh("suspend", "vm1", code=1)
    assert "this needs it running" in virt.virsh("reboot", "vm1", code=1)
    # Over a reset, too.
    virt.virsh("reset", "vm1")
    until(lambda: here.query("vm1")["resets"] == 1 and here.query("vm1")["state"] == "paused")
    virt.virsh("resume", "vm1")
    until(lambda: virt.virsh("domstate", "vm1").strip() == "shut off")
    for words in (("destroy",), ("destroy", "--graceful"), ("shutdown",)):
        virt.virsh("start", "--paused", "vm1")
        virt.virsh(*words, "vm1")
        until(lambda: virt.virsh("domstate", "vm1").strip() == "shut off")
    # The next start is a usual one.
    virt.virsh("start", "vm1")
    until(lambda: virt.virsh("domstate", "vm1").strip() == "shut off")
    # A launch file of acrnctl's knows nothing of it.
    here.add("vm2")
    virt.virsh("start", "--paused", "vm2")
    assert here.state("vm2") == "paused"
    here.ctl("stop", "vm2")


def state(virt, name="vm1"):
    return virt.virsh("domstate", name).strip()


def test_autodestroy(here):
    """It ends with its connection, whatever way that ends, and with no other."""
    virt = Virt(here)
    virt.define(uuid=UUID)
    virt.virsh("start", "--autodestroy", "vm1")
    until(lambda: state(virt) == "shut off")
    assert "ends with its connection" in here.said("virtacrnd")
    for how in (lambda shell: shell.kill(), lambda shell: shell.stdin.close(), lambda shell: shell.send_signal(signal.SIGTERM)):
        shell = virt.shell("start --autodestroy vm1")
        until(lambda: state(virt) == "running")
        virt.virsh("suspend", "vm1")
        virt.virsh("resume", "vm1")
        virt.virsh("reset", "vm1")
        until(lambda: here.query("vm1")["resets"] == 1 and state(virt) == "running")
        how(shell)
        until(lambda: state(virt) == "shut off")
    until(lambda: not here.processes())


def test_autodestroy_of_one_that_ended(here):
    """The connection outlives it; who starts it the next time has it for himself."""
    virt = Virt(here)
    virt.define(uuid=UUID)
    shell = virt.shell("start --autodestroy vm1")
    until(lambda: state(virt) == "running")
    virt.virsh("destroy", "vm1")
    virt.virsh("start", "vm1")
    pid, = here.processes()
    shell.kill()
    shell.wait()
    time.sleep(0.3)
    assert state(virt) == "running" and here.processes() == [pid]
    virt.virsh("destroy", "vm1")


OLDER_DM = """#!/usr/bin/python3
import json, os, signal, socket, sys, threading
def end(*_):
    os.unlink(path)
    os._exit(0)
def serve(file):
    file.write('{"greeting":"acrn-dm","protocol":1,"version":"0","vm":"old","pid":%d,"state":"running"}\\n' % os.getpid())
    file.flush()
    for line in file:
        ok = json.loads(line)["command"] in ("query", "subscribe", "statistics")
        answer = {"ok": True, "result": {"state": "running"}} if ok else {"ok": False, "error": {"code": "unknown_command", "message": "no such command"}}
        file.write(json.dumps(answer) + "\\n")
        file.flush()
path = os.environ["ACRN_CMD_MONITOR"]
signal.signal(signal.SIGTERM, end)
server = socket.socket(socket.AF_UNIX)
server.bind(path)
server.listen(16)
while True:
    sock, _ = server.accept()
    threading.Thread(target=serve, args=(sock.makefile("rw"),), daemon=True).start()
"""


def test_autodestroy_that_cannot_be(here):
    """A device model that does not know of it is ended at once rather than left without anybody who would."""
    with open(here.path("old.sh"), "w", encoding="ascii") as file:
        file.write(OLDER_DM)
    os.chmod(here.path("old.sh"), 0o755)
    here.ctl("add", here.path("old.sh"))
    virt = Virt(here)
    assert "it cannot end with you: no such command" in virt.virsh("start", "--autodestroy", "old", code=1)
    until(lambda: state(virt, "old") == "shut off")
    assert not os.path.exists(os.path.join(here.run, "old.monitor.sock"))


def test_autodestroy_while_it_starts(here):
    """The client does not wait for the answer."""
    virt = Virt(here)
    virt.define(uuid=UUID)
    for _ in range(5):
        raw = virt.raw()
        raw.send(196, domain("vm1", UUID) + b"\0\0\0\2")
        raw.sock.close()
        here.expect("virtacrnd", "vm1: started by client")
        until(lambda: state(virt) == "shut off")
    until(lambda: not here.processes())


def test_autodestroy_without_the_daemon(here):
    """The connection ends with the daemon, killed or not; other domains go on."""
    for sign in (signal.SIGKILL, signal.SIGTERM):
        virt = Virt(here)
        virt.define("vm1", uuid=UUID)
        if sign == signal.SIGKILL:
            virt.define("vm2")
            virt.virsh("start", "vm2")
        shell = virt.shell("start --paused --autodestroy vm1")
        until(lambda virt=virt: state(virt) == "paused")
        virt.daemon.send_signal(sign)
        virt.daemon.wait(10)
        until(lambda: here.state("vm1") == "stopped")
        shell.kill()
        assert here.state("vm2") == "running"
    here.ctl("stop", "vm2")


def test_autodestroy_killed_in_the_midst(here):
    """Wherever the daemon was with the start: no acrn-dm is left that nobody would end."""
    for wait in (0, 0.005, 0.01, 0.02, 0.03, 0.05, 0.08, 0.12):
        virt = Virt(here)
        virt.define("vm1", uuid=UUID)
        raw = virt.raw()
        raw.send(196, domain("vm1", UUID) + b"\0\0\0\2")
        time.sleep(wait)
        virt.daemon.kill()
        virt.daemon.wait(10)
        time.sleep(0.1)
        until(lambda: not here.processes())


def test_children_are_reaped(here):
    virt = Virt(here, guest="poweroff=50")
    virt.define()
    virt.virsh("start", "vm1")
    until(lambda: virt.virsh("domstate", "vm1").strip() == "shut off")

    def children():
        with open(f"/proc/{virt.daemon.pid}/task/{virt.daemon.pid}/children", encoding="ascii") as file:
            return file.read().split()
    until(lambda: not children())


def test_guest_that_does_not_listen(here):
    virt = Virt(here, guest="deaf")
    virt.define()
    virt.virsh("start", "vm1")
    assert "its guest does not listen to the power button (yet); virsh destroy ends it" in virt.virsh("shutdown", "vm1", code=1)
    assert "virsh reset resets it at once" in virt.virsh("reboot", "vm1", code=1)
    assert "shutdown" not in virt.virsh("domstate", "vm1")
    virt.virsh("destroy", "--graceful", "vm1")
    assert not here.processes()


def test_acrn_dm_that_does_not_answer(here):
    virt = Virt(here)
    virt.define()
    virt.virsh("start", "vm1")
    pid, = here.processes()
    os.kill(pid, signal.SIGSTOP)
    virt.virsh("destroy", "vm1")
    assert not here.processes() and f"process {pid}, does not answer: killed" in here.said("virtacrnd")
    # Its socket is left, which is no VM.
    assert virt.virsh("domstate", "vm1").strip() == "shut off"
    os.unlink(os.path.join(here.run, "vm1.monitor.sock"))


def test_daemon_is_killed(here):
    """The VMs go on, and the next daemon manages them."""
    virt = Virt(here)
    virt.define()
    virt.virsh("start", "vm1")
    pid, = here.processes()
    virt.daemon.kill()
    virt.daemon.wait()
    virt = Virt(here)
    assert virt.virsh("domid", "vm1").strip() == str(pid)
    assert f"id=\"{pid}\"" in virt.virsh("dumpxml", "vm1")
    virt.virsh("destroy", "vm1")


def test_live_and_persistent(here):
    virt = Virt(here)
    virt.define(uuid=UUID)
    virt.virsh("start", "vm1")
    virt.define(uuid=UUID, memory="64")
    assert ET.fromstring(virt.virsh("dumpxml", "vm1")).findtext("memory") == "32"
    assert ET.fromstring(virt.virsh("dumpxml", "--inactive", "vm1")).findtext("memory") == "64"
    assert "32768 KiB" in virt.virsh("dominfo", "vm1")
    # Without its definition it goes on, and is no more when it ends.
    virt.virsh("undefine", "vm1")
    assert re.search(r"Persistent: +no", virt.virsh("dominfo", "vm1"))
    assert virt.virsh("list", "--all", "--transient", "--name").split() == ["vm1"]
    virt.virsh("destroy", "vm1")
    assert virt.virsh("list", "--all", "--name").split() == []


def test_what_is_added_and_kept(here):
    virt = Virt(here)
    devices = ("<disk type='file'><source file='/d&apos;isk'/><readonly/></disk><disk type='block'><source dev='/dev/x'/></disk>"
               "<interface type='ethernet'><target dev='tap0'/></interface><console type='pty'/><rng model='virtio'><address type='pci' slot='0x1f'/></rng>")
    virt.define(devices=devices, more="<title>The first</title><vcpu cpuset='1,3'>2</vcpu><on_reboot>destroy</on_reboot>"
                "<acrn:commandline><acrn:arg value='--debugexit'/></acrn:commandline>")
    text = virt.virsh("dumpxml", "vm1")
    root = ET.fromstring(text)
    assert len(root.findtext("uuid")) == 36 and root.findtext("title") == "The first"
    mac = root.find("devices/interface/mac").get("address")
    assert re.fullmatch("52:54:00(:[0-9a-f]{2}){3}", mac)
    assert [disk.find("target").get("dev") for disk in root.findall("devices/disk")] == ["vda", "vdb"]
    with open(os.path.join(here.conf, "vm1.sh"), encoding="utf-8") as file:
        lines = file.read().split("\n")
    assert lines[0] == "#!/bin/sh" and lines[1] == "# virtacrnd " + root.findtext("uuid")
    # What the shell makes of it.
    script = lines[2].replace("exec ", "printf '%s\\n' ", 1)
    words = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True).stdout.split("\n")[:-1]
    assert words == [DM, "-m", "32M", "-k", here.top + "/bzImage", "--pcpus", "1,3", "--exit_on_reset", "--debugexit",
                     "-s", "3,virtio-blk,/d'isk,ro", "-s", "4,virtio-blk,/dev/x", "-s", f"5,virtio-net,tap=tap0,mac={mac}",
                     "-l", f"com1,pty:{here.run}/vm1.com1", "-s", "31,virtio-rnd", "vm1"], words
    assert all(line.startswith("#") for line in lines[3:] if line)
    # Given back, it is the same definition.
    with open(here.path("again.xml"), "w", encoding="utf-8") as file:
        file.write(text)
    virt.virsh("define", "--validate", here.path("again.xml"))
    assert virt.virsh("dumpxml", "vm1") == text


def test_autostart(here):
    virt = Virt(here)
    virt.define()
    virt.virsh("autostart", "vm1")
    assert re.search(r"Autostart: +enable", virt.virsh("dominfo", "vm1"))
    daemon = here.daemon("acrnd", "-t", env={"FAKE_GUEST": "listen"})
    here.expect("acrnd", "vm1: started")
    here.ready(daemon)
    daemon.send_signal(signal.SIGTERM)
    assert daemon.wait(20) == 0
    virt.virsh("autostart", "--disable", "vm1")
    assert virt.virsh("list", "--all", "--autostart", "--name").split() == []


def test_wrong_xml(here):
    virt = Virt(here)
    good = virt.xml()
    with open(good, encoding="utf-8") as file:
        text = file.read()
    for old, new, words in (
            ("</domain>", "", "the XML is not well-formed: line 7"),
            ("type='acrn'", "type='kvm'", "line 1, <domain>: type 'kvm': this daemon runs type 'acrn'"),
            ("<name>vm1</name>", "", "<name> is missing"),
            ("<name>vm1</name>", "<name>a/b</name>", "line 2, <name>: \"a/b\" is no name of a VM: 1 to 15 letters"),
            ("<name>vm1</name>", "<name>" + "x" * 16 + "</name>", "1 to 15 letters"),
            ("<name>vm1</name>", "<name>vm1</name><name>vm2</name>", "<name>: it is there twice"),
            ("<name>vm1</name>", "<name>vm1</name><uuid>12</uuid>", "<uuid>: \"12\" is no UUID"),
            ("32<", "33<", "line 3, <memory>: 33792 KiB: a multiple of 2 MiB from 16 MiB to 252 GiB is allowed"),
            ("32<", "14<", "16 MiB to 252 GiB"),
            ("32<", "258050<", "16 MiB to 252 GiB"),
            ("32<", "-1<", "a number with unit KiB"),
            ("unit='MiB'", "unit='TiB'", "a number with unit KiB (usual), MiB or GiB is expected"),
            ("<os>", "<currentMemory unit='MiB'>16</currentMemory><os>", "there is no balloon"),
            ("<os>", "<vcpu cpuset='1'>2</vcpu><os>", "2 virtual CPUs, but cpuset '1' names 1: one each is needed"),
            ("<os>", "<vcpu cpuset='1'>17</vcpu><os>", "\"17\": 1 to 16 are allowed"),
            ("<os>", "<vcpu cpuset='64'>1</vcpu><os>", "cpuset names CPU 64; 0 to 63"),
            ("<os>", "<vcpu cpuset='x'>1</vcpu><os>", "a list such as 0,2-3"),
            ("<os>", "<numatune/><os>", "<numatune>: acrn-dm has nothing for it; take it out of <domain>"),
            ("<os>", "<clock offset='localtime'/><os>", "<clock>: offset 'localtime': a VM's clock is utc"),
            ("hvm", "xen", "<type>: \"xen\": hvm is what there is"),
            ("<kernel>", "<loader>/x</loader><kernel>", "<loader>: acrn-dm has nothing for it; take it out of <os>"),
            ("<devices>", "<devices><sound model='x'/>", "<sound>: acrn-dm has nothing for it; take it out of <devices>"),
            ("<devices>", "<devices><emulator>/bin/sh</emulator>", "<emulator>: \"/bin/sh\": the device model here is " + DM),
            ("<devices>", "<devices><disk type='file'/>", "<disk>: <source> is missing"),
            ("<devices>", "<devices><disk type='file'><source file='/a,b'/></disk>", "a path from / without a comma"),
            ("<devices>", "<devices><disk type='network'><source/></disk>", "type 'network': file or block is possible"),
            ("<devices>", "<devices><disk type='file'><source file='/a'/><target bus='ide'/></disk>", "bus 'ide': virtio is possible"),
            ("<devices>", "<devices><interface type='network'/>", "type 'network': ethernet is possible"),
            ("<devices>", "<devices><interface type='ethernet'/>", "the name of a tap interface"),
            ("<devices>", "<devices><interface type='ethernet'><target dev='t'/><mac address='01:2'/></interface>", "six hexadecimal bytes"),
            ("<devices>", "<devices>" + "<rng/>" * 30, "all PCI slots (3 to 31) are taken"),
            ("<devices>", "<devices><rng><address slot='0x2'/></rng>", "<address>: slot '0x2': 3 to 31 are there"),
            ("<devices>", "<devices><rng><address slot='4'/></rng><rng><address slot='0x04'/></rng>", "<rng>: slot 4 is taken"),
            ("<devices>", "<devices><serial type='pty'><target port='4'/></serial>", "port '4': 0 to 3"),
            ("<domain ", "<!DOCTYPE domain [<!ENTITY x 'y'>]>\n<domain ", "a document type is not allowed")):
        assert old in text
        with open(here.path("bad.xml"), "w", encoding="utf-8") as file:
            file.write(text.replace(old, new, 1))
        said = virt.virsh("define", here.path("bad.xml"), code=1)
        assert words in said, (words, said)
    assert virt.virsh("list", "--all", "--name").split() == []
    assert not os.path.exists(here.conf) or not os.listdir(here.conf)


def test_names_that_are_taken(here):
    virt = Virt(here)
    virt.define(uuid=UUID)
    assert f"domain 'vm1' already exists with uuid {UUID}" in virt.virsh("define", virt.xml(), code=1)
    assert f"domain 'vm1' is already defined with uuid {UUID}" in virt.virsh("define", virt.xml("vm2", uuid=UUID), code=1)
    here.add("vm3")
    assert "a launch file of acrnctl's" in virt.virsh("define", virt.xml("vm3"), code=1)
    assert "\"acrnctl del vm3\" removes it" in virt.virsh("undefine", "vm3", code=1)
    # Those it starts and shows all the same.
    virt.virsh("start", "vm3")
    assert "<memory unit='KiB'>32768</memory>" in virt.virsh("dumpxml", "vm3")
    virt.virsh("destroy", "vm3")


def test_start_that_fails(here):
    virt = Virt(here)
    virt.define()
    os.unlink(here.path("bzImage"))
    said = virt.virsh("start", "vm1", code=1)
    assert "its launch file ended with 1" in said and "bzImage" in said
    assert virt.virsh("domstate", "vm1").strip() == "shut off"


def test_disk_is_full(here):
    """What cannot be written leaves what was there."""
    virt = Virt(here)
    virt.define(uuid=UUID)
    before = virt.virsh("dumpxml", "vm1")
    os.mkdir(os.path.join(here.conf, "vm1.sh.new"))
    assert "vm1.sh: Is a directory" in virt.virsh("define", virt.xml(uuid=UUID, memory="64"), code=1)
    assert virt.virsh("dumpxml", "vm1") == before
    os.rmdir(os.path.join(here.conf, "vm1.sh.new"))


def test_read_only_changes_nothing(here):
    virt = Virt(here)
    virt.define()
    raw = virt.raw(read_only=True)
    for procedure in (11, 350, 35, 231, 29, 9, 196, 33, 258, 27, 12, 234, 34, 28, 245):
        code, words = raw.call(procedure)
        assert code == 29 and "forbidden for read only access" in words
    assert ET.fromstring(virt.virsh("dumpxml", "vm1", read_only=True)).findtext("name") == "vm1"
    assert virt.virsh("domstate", "vm1").strip() == "shut off"
