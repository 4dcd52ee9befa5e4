# SPDX-License-Identifier: BSD-3-Clause
"""virtacrnd: VMs that no acrn-dm runs, looked at by stock virsh and libvirt-python. The machine is tests/tools/fake_hypervisor.c."""
import struct
import subprocess
import xml.etree.ElementTree as ET

import libvirt

from place import until
from virt import ERRORS, Virt, domain, text

from case_acrnctl import machine
from case_virt_limits import limited

RT, SERVICE, VM1, STRANGER = "0 rt 0 2 1 64 100", "1 service 1 2 2 2048 25", "3 vm1 2 2 2 32 50", "4 stranger 2 2 1 32 0"
RT_ID, SERVICE_ID = 5000000, 5000001
RT_WHY = ("domain 'rt' is a pre-launched VM and can only be looked at: the scenario says what it is and starts it, "
          "the hypervisor's console manages it (vm_pause, vm_reset, vm_off, vm_console)")
SERVICE_WHY = ("domain 'service' is the Service VM and can only be looked at: the scenario says what it is and starts it, "
               "shutdown(8) in it ends it")
# What changes a domain, with the arguments behind it: all calls but those that make one of an XML.
CHANGES = {9: b"", 196: struct.pack(">I", 0), 33: b"", 258: struct.pack(">I", 0), 12: b"", 234: struct.pack(">I", 0), 34: b"", 28: b"",
           245: struct.pack(">I", 0), 35: b"", 231: struct.pack(">I", 0), 29: struct.pack(">I", 1), 29 | 1 << 16: struct.pack(">I", 0),
           26: struct.pack(">3I", 0, 1, 1 << 24), 225: struct.pack(">4I", 0, 1, 1 << 24, 2), 279: struct.pack(">3I", 1, 1 << 24, 0), 264: struct.pack(">5I", 1, 0, 0, 0, 0),
           358: struct.pack(">2I", 1, 3) + b"new\0" + struct.pack(">I", 0)}


def table(words):
    """Lines of "name: value"."""
    return {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in words.splitlines()) if value}


def listed(virt, *words):
    return [line.split(maxsplit=2) for line in virt.virsh("list", *words).splitlines() if line]


def test_list(here):
    """They are among the domains; user VMs are there by their acrn-dm, once."""
    machine(here, RT, SERVICE, VM1, STRANGER)
    virt = Virt(here)
    virt.define()
    assert sorted(listed(virt, "--all")) == [["-", "vm1", "shut off"], ["5000000", "rt", "running"], ["5000001", "service", "running"]]
    virt.virsh("start", "vm1")
    pid, = here.processes()
    assert sorted(listed(virt)) == sorted([[str(pid), "vm1", "running"], ["5000000", "rt", "running"], ["5000001", "service", "running"]])
    for words, names in {"--all --persistent": "rt service vm1", "--all --transient": "", "--all --autostart": "rt service",
                         "--all --no-autostart": "vm1", "--all --state-running": "rt service vm1", "--all --state-paused": "",
                         "--inactive": "", "--all --with-managed-save": "", "--all --with-snapshot": "",
                         "--all --without-checkpoint": "rt service vm1"}.items():
        assert sorted(virt.virsh("list", "--name", *words.split()).split()) == names.split(), words
    # In the older calls, too.
    raw = virt.raw(read_only=True)
    assert raw.call(51) == (0, struct.pack(">I", 3)) and raw.call(25) == (0, struct.pack(">I", 0))
    status, data = raw.call(37, struct.pack(">I", 100))
    assert status == 0 and sorted(struct.unpack(">4I", data)) == sorted([3, pid, RT_ID, SERVICE_ID])
    virt.virsh("destroy", "vm1")


def test_states(here):
    virt = Virt(here)
    assert listed(virt, "--all") == []
    machine(here, RT)
    virt = Virt(here, socket="other")
    uuid = virt.virsh("domuuid", "rt").strip()
    for state, reason, words, number in ((1, 0, "paused (starting up)", str(RT_ID)), (2, 0, "running (booted)", str(RT_ID)),
                                         (3, 0, "paused (user)", str(RT_ID)), (3, 4, "paused (crashed)", str(RT_ID)),
                                         (4, 1, "shut off (crashed)", "-"), (0, 3, "shut off (shutdown)", "-"),
                                         (0, 0, "shut off (unknown)", "-"), (9, 0, "no state", str(RT_ID))):
        machine(here, f"0 rt 0 {state} 1 64 100 {reason}")
        assert virt.virsh("domstate", "--reason", "rt").strip().startswith(words), (state, reason)
        assert virt.virsh("domid", "rt").strip() == number
        assert virt.virsh("domuuid", "rt").strip() == uuid
        assert bool(virt.virsh("list", "--name").strip()) == (number != "-")
        assert bool(virt.virsh("list", "--name", "--inactive").strip()) == (number == "-")
    # Off, what it has is still known.
    machine(here, "0 rt 0 0 3 64 100")
    info = table(virt.virsh("dominfo", "rt"))
    assert (info["State"], info["CPU(s)"], info["Max memory"]) == ("shut off", "3", "65536 KiB")
    assert "is not running" in virt.virsh("domblkstat", "rt", code=1)


def test_looks(here):
    """Name, UUID and id lead to the same VM, and its figures are the hypervisor's."""
    machine(here, RT, "1 service 1 2 2 2048 25")
    virt = Virt(here)
    uuid = virt.virsh("domuuid", "service").strip()
    assert uuid != virt.virsh("domuuid", "rt").strip()
    for word in "service", uuid, str(SERVICE_ID):
        info = table(virt.virsh("dominfo", word, read_only=True))
        assert (info["Id"], info["Name"], info["UUID"], info["State"]) == (str(SERVICE_ID), "service", uuid, "running")
        assert (info["CPU(s)"], info["Max memory"], info["Used memory"]) == ("2", "2097152 KiB", "2097152 KiB")
        assert (info["Persistent"], info["Autostart"], info["Managed save"]) == ("yes", "enable", "no")
        assert float(info["CPU time"].rstrip("s")) > 0
    assert "failed to get domain '5000002'" in virt.virsh("domname", "5000002", code=1)
    first = table(virt.virsh("vcpuinfo", "service").split("\n\n")[0])
    assert (first["VCPU"], first["CPU"], first["State"]) == ("0", "1", "blocked"), first
    assert [table(part)["CPU"] for part in virt.virsh("vcpuinfo", "service").strip().split("\n\n")] == ["1", "2"]
    assert table(virt.virsh("vcpuinfo", "rt"))["State"] == "running"
    assert virt.virsh("vcpucount", "--live", "--maximum", "service").strip() == "2"
    assert virt.virsh("vcpucount", "--config", "--maximum", "service").strip() == "2"
    assert "domain 'service' has no device model" in virt.virsh("emulatorpin", "service", code=1)
    assert virt.virsh("vcpupin", "service").split() == ["0", "1", "1", "2"]
    assert virt.virsh("dommemstat", "rt").split() == ["actual", "65536"]
    assert virt.virsh("domblklist", "rt").strip() == "" and virt.virsh("domiflist", "rt").strip() == ""


def test_statistics(here):
    machine(here, RT, SERVICE, VM1)
    virt = Virt(here)
    uri = f"acrn+unix:///system?socket={virt.socket}"
    connection = libvirt.open(uri)
    before = connection.lookupByName("rt").info()[4]
    stats = {vm.name(): figures for vm, figures in connection.getAllDomainStats()}
    assert sorted(stats) == ["rt", "service"]
    rt, service = stats["rt"], stats["service"]
    assert (rt["state.state"], rt["vcpu.current"], rt["balloon.current"], rt["net.count"], rt["block.count"]) == (1, 1, 65536, 0, 0)
    assert before < rt["cpu.time"] <= connection.lookupByID(RT_ID).info()[4]
    # It is all its virtual CPU's; the Service VM has two that run a quarter of the time.
    assert rt["vcpu.0.state"] == 1 and rt["vcpu.0.time"] == rt["cpu.time"] and rt["vcpu.0.exits.sum"] > 0 and rt["vcpu.0.wait"] > 0
    assert service["cpu.time"] == service["vcpu.0.time"] + service["vcpu.1.time"] and service["vcpu.1.state"] == 2
    assert 0.45 < service["cpu.time"] / rt["cpu.time"] < 0.55
    assert "cpu.user" not in rt and "balloon.rss" not in rt
    vm = connection.lookupByUUIDString(connection.lookupByName("rt").UUIDString())
    assert vm.isActive() and vm.isPersistent() and vm.autostart() and not vm.hasManagedSaveImage() and vm.OSType() == "hvm"
    assert vm.vcpus()[0][0][:2] == (0, libvirt.VIR_VCPU_RUNNING) and vm.vcpus()[0][0][3] == 0
    connection.close()


def test_xml(here):
    machine(here, RT, SERVICE)
    virt = Virt(here)
    shown = ET.fromstring(virt.virsh("dumpxml", "service", read_only=True))
    assert (shown.get("type"), shown.get("id"), shown.findtext("name")) == ("acrn", str(SERVICE_ID), "service")
    assert shown.findtext("uuid") == virt.virsh("domuuid", "service").strip()
    assert (shown.findtext("vcpu"), shown.find("vcpu").get("cpuset"), shown.findtext("memory")) == ("2", "1,2", "2097152")
    assert "Service VM" in shown.findtext("description") and shown.find("devices") is None
    shown = ET.fromstring(virt.virsh("dumpxml", "--inactive", "rt"))
    assert shown.get("id") is None and shown.findtext("description") == "A VM that the scenario launches before the Service VM, to be looked at only"


def refused(virt, name, why):
    """Each call that would change it, by its number: whichever it is, it is told the same."""
    vm, raw = domain(name, virt.virsh("domuuid", name).strip()), virt.raw()
    for procedure, more in CHANGES.items():
        assert raw.call(procedure & 0xffff, vm + more) == (ERRORS["OPERATION_INVALID"], why), procedure
    # A console, with its stream's flags; and by the UUID alone.
    assert raw.call(201, vm + struct.pack(">2I", 0, 0)) == (ERRORS["OPERATION_INVALID"], why)
    assert raw.call(12, domain("", virt.virsh("domuuid", name).strip())) == (ERRORS["OPERATION_INVALID"], why)


def test_changes_are_refused(here):
    machine(here, RT, SERVICE)
    virt = Virt(here)
    refused(virt, "rt", RT_WHY)
    refused(virt, "service", SERVICE_WHY)
    for words in ("start rt", "shutdown rt", "destroy rt", "suspend rt", "resume rt", "reset rt", "reboot rt", "undefine rt", "autostart rt", "autostart rt --disable",
                  "vcpupin rt 0 1", f"define {virt.xml('rt')}", f"create {virt.xml('rt')}"):
        said = virt.virsh(*words.split(), code=1)
        # virsh itself knows that one that runs need not be started.
        assert RT_WHY in said or words == "start rt" and "already active" in said, (words, said)
    machine(here, "0 rt 0 0 1 64 0")
    assert RT_WHY in virt.virsh("start", "rt", code=1)
    uuid = virt.virsh("domuuid", "rt").strip()
    assert "domain 'rt' is already defined with uuid" in virt.virsh("define", virt.xml("vm2", uuid=uuid), code=1)
    assert virt.raw(read_only=True).call(12, domain("rt", uuid))[0] == ERRORS["OPERATION_DENIED"]
    assert virt.virsh("list", "--all", "--name").split() == ["rt"] and not here.processes()


def test_definition_is_refused(here):
    """Also what virsh edit would send, which is no definition; and by the scenario's file, which says the same later."""
    machine(here, RT, SERVICE)
    virt, _ = limited(here)
    for name in "rt", "service":
        with open(here.path("shown.xml"), "w", encoding="utf-8") as file:
            file.write(virt.virsh("dumpxml", name))
        for command in "define", "create":
            for path in here.path("shown.xml"), virt.xml(name):
                assert f"domain '{name}' is " in virt.virsh(command, path, code=1), (command, path)
    # What is wrong with others is told as ever.
    assert "<memory>" in virt.virsh("define", virt.xml("vm1", memory="1"), code=1)
    assert "<name>" in virt.virsh("define", virt.xml("r t"), code=1)


def test_definition_of_their_name(here):
    """One that is older than the scenario can still be undefined: it hides the other until then."""
    virt = Virt(here)
    virt.define("rt")
    uuid = virt.virsh("domuuid", "rt").strip()
    machine(here, RT)
    virt = Virt(here, socket="other")
    assert listed(virt, "--all") == [["-", "rt", "shut off"]] and virt.virsh("domuuid", "rt").strip() == uuid
    virt.virsh("undefine", "rt")
    assert listed(virt, "--all") == [["5000000", "rt", "running"]] and virt.virsh("domuuid", "rt").strip() != uuid


def test_come_and_go(here):
    """A machine whose VMs change while many look: each sees one of its states."""
    machine(here, RT, SERVICE)
    virt = Virt(here)
    uri = f"acrn+unix:///system?socket={virt.socket}"
    line = ["virsh", "-q", "-c", uri, "list --all --name; domstats; dominfo service; dumpxml service; vcpuinfo service"]
    clients = [subprocess.Popen(line, env=here.env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL) for _ in range(20)]
    for client in clients:
        said = client.communicate(timeout=60)[0].decode()
        assert client.returncode == 0 and said.split()[:2] == ["rt", "service"] and said.count("</domain>") == 1, said
    machine(here, SERVICE)
    assert "failed to get domain 'rt'" in virt.virsh("dominfo", "rt", code=1)
    assert virt.raw().call(24, bytes(16))[0] == 42 and virt.raw().call(23, text("rt"))[0] == 42


def test_nobody_tells(here):
    """An older module, or none: the domains are those of acrn-dm."""
    here.add("vm1")
    for kind in "old", "mainline":
        machine(here, kind)
        virt = Virt(here, socket=kind)
        assert virt.virsh("list", "--all", "--name").split() == ["vm1"]
        assert "failed to get domain 'rt'" in virt.virsh("dominfo", "rt", code=1)
        virt.virsh("start", "vm1")
        until(lambda there=virt: float(table(there.virsh("dominfo", "vm1"))["CPU time"].rstrip("s")) > 0)
        virt.virsh("destroy", "vm1")
        virt.define("rt")
        virt.virsh("undefine", "rt")
