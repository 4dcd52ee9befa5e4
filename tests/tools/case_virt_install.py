# SPDX-License-Identifier: BSD-3-Clause
"""virtacrnd with stock virt-install, virt-xml and virt-clone."""
import os
import re
import subprocess
import time
import xml.etree.ElementTree as ET

from place import until
from virt import Virt


def tool(virt, *words, code=0):
    """What a tool of virtinst says, which must end with this code."""
    uri = f"acrn+unix:///system?socket={virt.socket}"
    done = subprocess.run([words[0], "--connect", uri, *words[1:]], env=virt.here.env, capture_output=True, text=True, timeout=90,
                          check=False, stdin=subprocess.DEVNULL)
    assert done.returncode == code, f"{words}: {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout + done.stderr


def install(virt, name, *more, code=0):
    top = virt.here.top
    return tool(virt, "virt-install", "--name", name, "--memory", "64", "--import", "--graphics", "none", "--noautoconsole", "--osinfo",
                "linux2022", "--boot", f"kernel={top}/bzImage,kernel_args=console=ttyS0 root=/dev/vda", *more, code=code)


def test_install(here):
    """Direct kernel boot from a new disk; then the definition is changed, and cloned with its disk."""
    virt = Virt(here)
    folder = here.path("images")
    os.mkdir(folder)
    install(virt, "vm1", "--vcpus", "1", "--disk", f"path={folder}/vm1.img,size=0.01,bus=virtio", "--network",
            "type=ethernet,target.dev=tap0,model=virtio,mac=52:54:00:12:34:56", "--rng", "/dev/urandom")
    assert virt.virsh("domstate", "vm1").strip() == "running"
    assert re.search(r"Persistent: +yes", virt.virsh("dominfo", "vm1"))
    assert os.path.getsize(f"{folder}/vm1.img") == int(0.01 * (1 << 30))
    root = ET.fromstring(virt.virsh("dumpxml", "vm1"))
    assert root.find("devices/disk/source").get("file") == f"{folder}/vm1.img"
    assert root.findtext("os/cmdline") == "console=ttyS0 root=/dev/vda"
    pid, = here.processes()
    with open(f"/proc/{pid}/cmdline", encoding="utf-8") as file:
        words = file.read().split("\0")
    assert f"3,virtio-blk,{folder}/vm1.img" in words and "4,virtio-net,tap=tap0,mac=52:54:00:12:34:56" in words, words
    assert "52:54:00:12:34:56" in virt.virsh("domiflist", "vm1")
    assert re.search(r"^tap0 tx_packets \d+$", virt.virsh("domifstat", "vm1", "tap0"), re.M)
    assert virt.virsh("pool-list", "--name").split() == ["images"]
    assert "is already in use by other guests" in install(virt, "vm2", "--disk", f"path={folder}/vm1.img,bus=virtio", "--network", "none", code=1)
    tool(virt, "virt-xml", "vm1", "--edit", "--memory", "128")
    tool(virt, "virt-xml", "vm1", "--remove-device", "--network", "1")
    tool(virt, "virt-xml", "vm1", "--add-device", "--disk", f"path={folder}/second.img,size=0.001,bus=virtio")
    root = ET.fromstring(virt.virsh("dumpxml", "--inactive", "vm1"))
    assert root.findtext("memory") == "131072" and root.find("devices/interface") is None and len(root.findall("devices/disk")) == 2
    assert ET.fromstring(virt.virsh("dumpxml", "vm1")).findtext("memory") == "65536"
    virt.virsh("destroy", "vm1")
    with open(f"{folder}/vm1.img", "r+b") as file:
        file.write(b"of the first")
    tool(virt, "virt-clone", "--original", "vm1", "--name", "vm3", "--auto-clone")
    disks = [disk.get("file") for disk in ET.fromstring(virt.virsh("dumpxml", "vm3")).findall("devices/disk/source")]
    assert len(disks) == 2 and f"{folder}/vm1.img" not in disks
    with open(disks[0], "rb") as file:
        assert file.read(12) == b"of the first"
    virt.virsh("start", "vm3")
    virt.virsh("destroy", "vm3")


def test_refused(here):
    """What the daemon refuses is shown by the tool, and nothing is left."""
    virt = Virt(here)
    said = install(virt, "vm1", "--disk", "none", "--network", "type=bridge,source=br0,model=virtio,mac=52:54:00:12:34:56", code=1)
    assert "<interface>: type 'bridge': ethernet is possible" in said, said
    assert "<sound>: acrn-dm has nothing for it" in install(virt, "vm1", "--disk", "none", "--network", "none", "--sound", "ich6", code=1)
    assert virt.virsh("list", "--all", "--name").split() == [] and not here.processes()


def test_reboot_ends_the_first_run(here):
    """--transient and an installation's on_reboot: the first run ends, the definition goes on."""
    virt = Virt(here)
    install(virt, "vm1", "--disk", "none", "--network", "none", "--transient")
    assert re.search(r"Persistent: +no", virt.virsh("dominfo", "vm1"))
    virt.virsh("destroy", "vm1")
    install(virt, "vm2", "--disk", "none", "--network", "none", "--events", "on_reboot=destroy")
    until(lambda: virt.virsh("domstate", "vm2").strip() == "running")
    time.sleep(0.1)
    virt.virsh("reset", "vm2")
    until(lambda: virt.virsh("domstate", "vm2").strip() == "shut off")
