# SPDX-License-Identifier: BSD-3-Clause
"""virtacrnd: virtual CPUs and figures of devices by stock virsh, and what is refused with its reason."""
import os
import re
import struct

from place import until
from virt import ERRORS, Virt, domain

from case_virt_limits import limited, vcpu

UUID = "c7a5fdbd-edaf-9455-926a-d65c16db1809"


def table(text):
    """Lines of "name: value" or "name value"."""
    return dict(re.split(r":?\s{1,}", line.strip(), maxsplit=1) for line in text.splitlines() if line.strip())


def test_vcpuinfo(here):
    virt, _ = limited(here)
    virt.define(more="<vcpu cpuset='1,4'>2</vcpu>")
    assert virt.virsh("vcpucount", "--config", "--maximum", "vm1").strip() == "2"
    assert re.findall(r"^ *(\d) +(\d)$", virt.virsh("vcpupin", "vm1"), re.M) == [("0", "1"), ("1", "4")]
    virt.virsh("start", "vm1")
    info = virt.virsh("vcpuinfo", "vm1")
    # The fake HSM gives each VM as many as it likes.
    nr = int(virt.virsh("vcpucount", "--live", "--maximum", "vm1"))
    assert info.count("State:          running") == nr
    assert re.findall(r"^CPU: +(\d+)", info, re.M) == ["1", "4"], info
    assert re.search("CPU Affinity: +-y--", info), info
    # Its CPUs are those of the start; a definition's can be changed, within the limits and the order.
    assert "domain 'vm1' runs: its CPUs were chosen at its start; --config is for the next one" in virt.virsh("vcpupin", "vm1", "1", "3", code=1)
    virt.virsh("vcpupin", "vm1", "1", "3", "--config")
    assert vcpu(virt) == ("2", "1,3")
    assert re.search("CPU: +1", virt.virsh("vcpuinfo", "vm1"))
    virt.virsh("destroy", "vm1")
    virt.virsh("vcpupin", "vm1", "1", "4")
    assert vcpu(virt) == ("2", "1,4")
    assert "cpuset names CPU 2: the scenario" in virt.virsh("vcpupin", "vm1", "1", "2", code=1)
    assert "CPU 1 for virtual CPU 1: each has one of its own, in ascending order" in virt.virsh("vcpupin", "vm1", "1", "1", code=1)
    assert "2 CPUs for virtual CPU 1: it runs on one" in virt.virsh("vcpupin", "vm1", "1", "3-4", code=1)
    assert vcpu(virt) == ("2", "1,4")
    assert "not running" in virt.raw().call(20, domain("vm1", virt.virsh("domuuid", "vm1").strip()) + struct.pack(">2I", 1, 1))[1]


def affinity(virt, *words):
    """What virsh says of it, as a list of CPUs."""
    found = virt.virsh("emulatorpin", "vm1", *words).strip()
    return [cpu for part in found.split(",") for cpu in range(int(part.split("-")[0]), int(part.split("-")[-1]) + 1)]


def test_emulatorpin(here):
    """All threads of acrn-dm go where they are told to, as long as it runs."""
    virt = Virt(here)
    virt.define(uuid=UUID)
    everywhere = sorted(os.sched_getaffinity(0))
    assert set(everywhere) <= set(affinity(virt)) and affinity(virt, "--config") == affinity(virt)
    assert "is not running" in virt.virsh("emulatorpin", "vm1", "--live", code=1)
    why = "a definition does not say where its acrn-dm runs; it can be pinned when it runs"
    assert why in virt.virsh("emulatorpin", "vm1", "0", "--current", code=1)
    virt.virsh("start", "vm1")
    pid, = here.processes()

    def threads():
        return [sorted(os.sched_getaffinity(int(tid))) for tid in os.listdir(f"/proc/{pid}/task")]
    assert affinity(virt) == everywhere and len(threads()) > 1
    for cpu in everywhere[-1], everywhere[0]:
        virt.virsh("emulatorpin", "vm1", str(cpu))
        assert affinity(virt, "--live") == [cpu] and all(one == [cpu] for one in threads()), threads()
    assert why in virt.virsh("emulatorpin", "vm1", str(everywhere[-1]), "--config", code=1)
    raw, vm = virt.raw(), domain("vm1", UUID)
    # CPUs there are not: alone they are refused, among others they are those that there are.
    assert "none of these CPUs is one of the Service VM's" in raw.call(279, vm + struct.pack(">I", 128) + bytes(127) + b"\x80" + bytes(4))[1]
    assert raw.call(279, vm + struct.pack(">2I", 0, 0))[0] == 8
    assert raw.call(279, vm + struct.pack(">I", 256) + b"\xff" * 256 + bytes(4)) == (0, b"")
    assert affinity(virt) == everywhere
    assert "a map of -1 bytes" in raw.call(280, vm + struct.pack(">iI", -1, 0))[1]
    assert raw.call(280, vm + struct.pack(">iI", 0, 0)) == (0, struct.pack(">2I", 0, 1))
    assert virt.raw(read_only=True).call(279, vm + struct.pack(">2I", 0, 0))[0] == ERRORS["OPERATION_DENIED"]
    virt.virsh("destroy", "vm1")


def test_vcpu_sizes(here):
    """Counts and sizes that a client makes up."""
    virt = Virt(here)
    virt.define(uuid=UUID, more="<vcpu cpuset='9'>1</vcpu>")
    virt.virsh("start", "vm1")
    raw, vm = virt.raw(), domain("vm1", UUID)
    for most, size in ((-1, 1), (1, -1), (16385, 1), (16384, 1 << 20), (1 << 30, 1 << 30)):
        assert "maps of" in raw.call(20, vm + struct.pack(">2i", most, size))[1]
        assert "maps of" in raw.call(230, vm + struct.pack(">2iI", most, size, 0))[1]
    assert raw.call(20, vm + struct.pack(">2I", 0, 0)) == (0, b"\0" * 8)
    # A map too short for the CPU names none.
    assert raw.call(230, vm + struct.pack(">3I", 1, 1, 0)) == (0, struct.pack(">I", 1) + b"\0" * 4 + struct.pack(">I", 1))
    assert raw.call(230, vm + struct.pack(">3I", 1, 2, 0)) == (0, struct.pack(">I", 2) + b"\0\2\0\0" + struct.pack(">I", 1))
    assert "live and config exclude" in raw.call(230, vm + struct.pack(">3I", 1, 1, 3))[1]
    assert raw.call(225, vm + struct.pack(">3I", 7, 0, 2))[0] == 8
    virt.virsh("destroy", "vm1")


def test_devices(here):
    virt = Virt(here, guest="chatter")
    for number, name in enumerate(("a.img", "b.img")):
        with open(here.path(name), "wb") as file:
            file.truncate(65536 << number)
    virt.define(devices=f"<disk type='file'><source file='{here.top}/a.img'/><target dev='vdc' bus='virtio'/></disk>"
                f"<disk type='file'><source file='{here.top}/b.img'/></disk>")
    assert table(virt.virsh("domblklist", "vm1"))["vdc"] == here.path("a.img")
    info = table(virt.virsh("domblkinfo", "vm1", "vdc"))
    assert info["Capacity"] == "65536" and info["Allocation"] == "0"
    assert "131072" in virt.virsh("domblkinfo", "vm1", here.path("b.img"))
    assert "has no disk 'vdz' in its XML" in virt.virsh("domblkinfo", "vm1", "vdz", code=1)
    assert "has no disk '/etc/passwd' in its XML" in virt.virsh("domblkinfo", "vm1", "/etc/passwd", code=1)
    assert "is not running" in virt.virsh("domblkstat", "vm1", "vdc", code=1)
    virt.virsh("start", "vm1")
    for name in "vdc", here.path("b.img"), "":
        assert re.search(r"rd_req +0$", virt.virsh("domblkstat", "vm1", *([name] if name else [])), re.M)
    assert "has no disk 'vda'" in virt.virsh("domblkstat", "vm1", "vda", code=1)
    memory = table(virt.virsh("dommemstat", "vm1"))
    assert memory["actual"] == "32768" and int(memory["rss"]) > 0
    assert "has no interface on 'tap7'" in virt.virsh("domifstat", "vm1", "tap7", code=1)
    assert "block.0.name=vdc" in virt.virsh("domstats", "--block", "vm1")
    # The whole of domstats, once more by one who may only look.
    until(lambda: "cpu.time" in virt.virsh("domstats", "vm1", read_only=True))
    virt.virsh("destroy", "vm1")


def test_refused(here):
    """What cannot be is said with its reason, and what would be right."""
    virt = Virt(here)
    virt.define()
    virt.virsh("start", "vm1")
    for words, why in (("set-user-password vm1 root x", "no agent in the guest"),
                       ("setmem vm1 64M", "change <memory> and start it again"), ("save vm1 /tmp/x", "the state of a VM cannot be saved"),
                       ("setvcpus vm1 2", "change the definition (virsh edit) and start it again"),
                       ("attach-device vm1 " + virt.xml(), "change the definition (virsh edit)"),
                       ("snapshot-list vm1", "copy the disk while the VM is off"), ("schedinfo vm1", "said in the scenario"),
                       ("domfsinfo vm1", "no agent in the guest"), ("send-key vm1 KEY_A", "virsh console is its terminal"),
                       ("inject-nmi vm1", "no command that sends an NMI"), ("domhostname vm1", "no agent in the guest"),
                       ("managedsave vm1", "the state of a VM cannot be saved"), ("screenshot vm1", "a VM has no screen")):
        said = virt.virsh(*words.split(), code=1)
        assert why in said and "not supported by the connection driver" in said, (words, said)
    virt.virsh("destroy", "vm1")
