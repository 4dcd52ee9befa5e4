# SPDX-License-Identifier: BSD-3-Clause
"""virtacrnd: domains without a definition, and definitions that change while their domain runs."""
import os
import re
import subprocess
import xml.etree.ElementTree as ET

from place import DM, need_root, until
from virt import Virt, domain, text

UUID = "c7a5fdbd-edaf-9455-926a-d65c16db1809"


def names(virt, *words):
    return sorted(virt.virsh("list", "--name", *words).split())


def left(here):
    """What is left of a domain beside its log."""
    return [name for name in os.listdir(here.run) if not name.endswith(".log") and not name.endswith(".live.xml")]


def test_transient(here):
    """It is there as long as it runs, over the daemon's end too."""
    virt = Virt(here)
    virt.virsh("create", virt.xml(uuid=UUID, memory="64"))
    pid, = here.processes()
    assert names(virt, "--all", "--transient") == ["vm1"] and names(virt, "--all", "--persistent") == []
    assert virt.virsh("domuuid", "vm1").strip() == UUID
    info = virt.virsh("dominfo", "vm1")
    assert re.search(r"Persistent: +no", info) and "65536 KiB" in info
    virt.daemon.kill()
    virt.daemon.wait()
    virt = Virt(here)
    assert virt.virsh("domid", UUID).strip() == str(pid)
    root = ET.fromstring(virt.virsh("dumpxml", "vm1"))
    assert root.get("id") == str(pid) and root.findtext("uuid") == UUID and root.findtext("memory") == "64"
    inactive = ET.fromstring(virt.virsh("dumpxml", "--inactive", "vm1"))
    assert inactive.get("id") is None and inactive.findtext("uuid") == UUID
    assert "has no definition" in virt.virsh("undefine", "vm1", code=1)
    assert "has no definition" in virt.virsh("autostart", "vm1", code=1)
    assert "is already running" in virt.virsh("create", virt.xml(uuid=UUID), code=1)
    assert f"already exists with uuid {UUID}" in virt.virsh("create", virt.xml(), code=1)
    virt.virsh("destroy", "vm1")
    assert names(virt, "--all") == []
    until(lambda: not left(here))
    # At once again, by the same name and another UUID.
    for _ in range(5):
        virt.virsh("create", virt.xml())
        virt.virsh("destroy", "vm1")
    assert names(virt, "--all") == []
    until(lambda: not left(here))


def test_transient_on_systemd(here):
    """systemd mounts /run so that nothing there can be executed."""
    need_root()
    os.makedirs(here.run, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "noexec,mode=755", "none", here.run], check=True)
    try:
        virt = Virt(here)
        virt.virsh("create", virt.xml(uuid=UUID))
        assert virt.virsh("domstate", "vm1").strip() == "running"
        virt.virsh("destroy", "vm1")
        virt.daemon.terminate()
        virt.daemon.wait()
    finally:
        subprocess.run(["umount", "-l", here.run], check=True)


def test_transient_that_ends_meanwhile(here):
    """Nothing is left when it ends, or is killed, without a daemon."""
    virt = Virt(here)
    virt.virsh("create", virt.xml("vm1"))
    virt.virsh("create", virt.xml("vm2"))
    virt.daemon.kill()
    virt.daemon.wait()
    pids = here.processes()
    for pid in pids:
        os.kill(pid, 9)
    until(lambda: not here.processes())
    virt = Virt(here)
    assert names(virt, "--all") == []
    until(lambda: sorted(left(here)) == ["vm1.monitor.sock", "vm2.monitor.sock"])
    for name in left(here):
        os.unlink(os.path.join(here.run, name))


def test_transient_that_fails(here):
    virt = Virt(here)
    path = virt.xml()
    os.unlink(here.path("bzImage"))
    assert "its launch file ended with 1" in virt.virsh("create", path, code=1)
    assert names(virt, "--all") == [] and left(here) == []
    assert "its launch file ended with 1" in virt.virsh("create", "--paused", path, code=1)
    code, words = virt.raw().call(10, text("<domain/>") + b"\0\0\0\4")
    assert code == 74 and "unsupported flags 0x4" in words


def test_create_paused(here):
    virt = Virt(here)
    virt.virsh("create", "--paused", virt.xml(uuid=UUID))
    assert names(virt, "--all", "--transient", "--state-paused") == ["vm1"]
    virt.virsh("resume", "vm1")
    # Pressed too early, it is heard when the guest listens.
    virt.raw().call(33, domain("vm1", UUID))
    until(lambda: names(virt, "--all") == [])
    virt.virsh("create", "--paused", virt.xml(uuid=UUID))
    virt.virsh("destroy", "vm1")
    until(lambda: not left(here))


def test_create_autodestroy(here):
    virt = Virt(here)
    virt.virsh("create", "--autodestroy", virt.xml(uuid=UUID))
    until(lambda: names(virt, "--all") == [])
    shell = virt.shell("create --autodestroy --paused " + virt.xml(uuid=UUID))
    until(lambda: names(virt, "--all", "--transient", "--state-paused") == ["vm1"])
    virt.virsh("resume", "vm1")
    shell.kill()
    until(lambda: names(virt, "--all") == [] and not left(here))


def test_then_defined(here):
    """As virt-install does it: first the run, then the definition of the next ones."""
    virt = Virt(here)
    virt.virsh("create", virt.xml(uuid=UUID, more="<on_reboot>destroy</on_reboot>"))
    virt.define(uuid=UUID, memory="64")
    assert names(virt, "--persistent") == ["vm1"]
    assert ET.fromstring(virt.virsh("dumpxml", "vm1")).findtext("memory") == "32"
    assert ET.fromstring(virt.virsh("dumpxml", "--inactive", "vm1")).findtext("memory") == "64"
    # The run's on_reboot is that of its XML.
    virt.virsh("reset", "vm1")
    until(lambda: virt.virsh("domstate", "vm1").strip() == "shut off")
    virt.virsh("start", "vm1")
    assert "65536 KiB" in virt.virsh("dominfo", "vm1")
    virt.virsh("reset", "vm1")
    until(lambda: virt.virsh("domstate", "vm1").strip() == "running")
    virt.virsh("destroy", "vm1")
    # A defined one can be run by another XML; its definition stays.
    virt.virsh("create", virt.xml(uuid=UUID, memory="128"))
    assert "131072 KiB" in virt.virsh("dominfo", "vm1") and names(virt, "--persistent") == ["vm1"]
    assert ET.fromstring(virt.virsh("dumpxml", "--inactive", "vm1")).findtext("memory") == "64"
    # And without its definition the run is still the same domain.
    virt.virsh("undefine", "vm1")
    assert virt.virsh("domuuid", "vm1").strip() == UUID and names(virt, "--transient") == ["vm1"]
    virt.virsh("destroy", "vm1")
    assert names(virt, "--all") == []


def test_edit_while_it_runs(here):
    virt = Virt(here)
    virt.define(uuid=UUID)
    virt.virsh("start", "vm1")
    editor = here.path("editor")
    with open(editor, "w", encoding="ascii") as file:
        file.write("#!/bin/sh\nexec sed -i 's/>32</>64</' \"$1\"\n")
    os.chmod(editor, 0o755)
    here.env["EDITOR"] = editor
    virt.virsh("edit", "vm1")
    assert "32768 KiB" in virt.virsh("dominfo", "vm1")
    assert ET.fromstring(virt.virsh("dumpxml", "vm1")).findtext("memory") == "32"
    assert ET.fromstring(virt.virsh("dumpxml", "--inactive", "vm1")).findtext("memory") == "64"
    virt.virsh("destroy", "vm1")
    virt.virsh("start", "vm1")
    assert "65536 KiB" in virt.virsh("dominfo", "vm1")
    virt.virsh("destroy", "vm1")


def test_started_by_others(here):
    """A run that acrnctl began shows what it was started with, too, over a new definition."""
    virt = Virt(here)
    virt.define(uuid=UUID)
    here.ctl("start", "vm1")
    pid, = here.processes()
    until(lambda: ET.fromstring(virt.virsh("dumpxml", "vm1")).get("id") == str(pid))
    virt.define(uuid=UUID, memory="64")
    assert ET.fromstring(virt.virsh("dumpxml", "vm1")).findtext("memory") == "32"
    assert ET.fromstring(virt.virsh("dumpxml", "--inactive", "vm1")).findtext("memory") == "64"
    virt.virsh("undefine", "vm1")
    assert virt.virsh("domuuid", "vm1").strip() == UUID
    here.ctl("stop", "-f", "vm1")


def test_native(here):
    """What acrn-dm would be called with."""
    virt = Virt(here)
    said = virt.virsh("domxml-to-native", "acrn-dm", "--xml", virt.xml(more="<on_reboot>destroy</on_reboot>")).strip()
    assert said == f"'{DM}' '-m' '32M' '-k' '{here.top}/bzImage' '--exit_on_reset' 'vm1'", said
    # Of one that is there; whether it runs changes nothing.
    virt.define(devices="<console type='pty'/>")
    first = virt.virsh("domxml-to-native", "acrn-dm", "--domain", "vm1")
    assert f"'-l' 'com1,pty:{here.run}/vm1.com1' 'vm1'" in first, first
    virt.virsh("start", "vm1")
    assert virt.virsh("domxml-to-native", "acrn-dm", "--domain", "vm1") == first
    virt.virsh("destroy", "vm1")
    virt.virsh("undefine", "vm1")
    assert "acrn-dm is what there is" in virt.virsh("domxml-to-native", "qemu-argv", "--xml", virt.xml(), code=1)
    assert names(virt, "--all") == []


def test_many_of_one_name(here):
    """Of creations at once one wins; the others hear why not."""
    virt = Virt(here)
    with open(virt.xml(uuid=UUID), encoding="utf-8") as file:
        ask = text(file.read()) + b"\0" * 4
    clients = [virt.raw() for _ in range(12)]
    for client in clients:
        client.send(10, ask)
    codes = sorted(client.reply()[0] for client in clients)
    assert codes == [0] + [55] * 11, codes
    assert len(here.processes()) == 1
    virt.virsh("destroy", "vm1")


def test_read_only(here):
    virt = Virt(here)
    assert subprocess.run(["virsh", "-q", "-r", "-c", f"acrn+unix:///system?socket={virt.socket}-ro", "create", virt.xml()],
                          env=here.env, capture_output=True, check=False).returncode == 1
    assert virt.raw(read_only=True).call(10)[0] == 29
    assert here.processes() == []
