# SPDX-License-Identifier: BSD-3-Clause
"""virtacrnd: serial ports of every kind, and the domains that hvconfig makes of a scenario."""
import os
import shlex
import socket
import xml.etree.ElementTree as ET

from place import BUILD, DM, until
from virt import Virt, domain

from case_virt_watch import console, read_until

MADE = os.path.join(BUILD, "../tests/golden/made")


def arguments(path):
    """acrn-dm's arguments in a launch file, joined in pairs of an option and what belongs to it."""
    with open(path, encoding="utf-8") as file:
        text = file.read().replace("\\\n", " ")
    line, = [line for line in text.split("\n") if line.startswith("exec ")]
    words = shlex.split(line)[2:]
    return [" ".join(words[i:i + 2]) if words[i].startswith("-") else words[i] for i, word in enumerate(words)
            if not i or not words[i - 1].startswith("-")]


def test_made_by_hvconfig(here):
    """What hvconfig emits for libvirt is taken, and means the same as its launch files."""
    virt = Virt(here)
    for name in "all", "small":
        with open(os.path.join(MADE, name + ".xml.made"), encoding="utf-8") as file:
            text = file.read()
        with open(here.path(name + ".xml"), "w", encoding="utf-8") as file:
            file.write(text.replace("/usr/bin/acrn-dm", DM))
        virt.virsh("define", here.path(name + ".xml"))
        given, meant = (arguments(path) for path in (os.path.join(here.conf, name + ".sh"), os.path.join(MADE, f"launch_{name}.sh.made")))
        # The bridges acrn-dm adds by itself; the CPUs' numbers, which the launch file has by the board.
        by_itself = ("-s 0:0,hostbridge", "-s 1:0,lpc", "--pcpus", "--cpu_affinity")
        given = [word.replace(f"pty:{here.run}/{name}.com2", "pty") for word in given if not word.startswith(by_itself)]
        meant = [word.replace("1G", "1024M") for word in meant if not word.startswith(by_itself)]
        assert sorted(given) == sorted(meant), (given, meant)


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def test_kinds(here):
    """virsh console reaches a port wherever acrn-dm connects it; a file is only written."""
    virt = Virt(here, guest="chatter")
    for kind, source in (("tcp", f"<source mode='bind' host='127.0.0.1' service='{free_port()}'/>"),
                         ("unix", f"<source mode='bind' path='{here.top}/serial'/>"), ("pty", "")):
        uuid = f"c7a5fdbd-edaf-9455-926a-{len(kind):012d}"
        virt.define(uuid=uuid, devices=f"<serial type='{kind}'>{source}</serial><console type='{kind}'>{source}</console>")
        virt.virsh("start", "vm1")
        process, terminal = console(virt)
        assert b"tick" in read_until(terminal, b"tick"), kind
        virt.virsh("destroy", "vm1")
        assert process.wait(10) == 0
        os.close(terminal)
        virt.virsh("undefine", "vm1")
    virt.define(devices=f"<serial type='file'><source path='{here.top}/log'/></serial>")
    virt.virsh("start", "vm1")

    def written():
        with open(here.path("log"), "rb") as file:
            return b"tick" in file.read()
    until(lambda: os.path.exists(here.path("log")) and written())
    uuid = virt.virsh("domuuid", "vm1").strip()
    assert "nobody can connect there" in virt.raw().call(201, domain("vm1", uuid) + b"\0" * 8)[1]
    virt.virsh("destroy", "vm1")


def test_ttyconsole(here):
    """Of a run the XML says where its terminals are; a definition made of that does not."""
    virt = Virt(here)
    virt.define(devices="<serial type='pty'/><serial type='pty'/><console type='pty'/>")
    assert "tty" not in virt.virsh("dumpxml", "vm1")
    virt.virsh("start", "vm1")
    assert virt.virsh("ttyconsole", "vm1").strip() == f"{here.run}/vm1.com1"
    text = virt.virsh("dumpxml", "vm1")
    root = ET.fromstring(text)
    assert [(node.find("target").get("port"), node.find("source").get("path")) for node in root.findall("devices/serial")] == [
        ("0", f"{here.run}/vm1.com1"), ("1", f"{here.run}/vm1.com2")]
    assert os.path.exists(f"{here.run}/vm1.com2")
    with open(here.path("again.xml"), "w", encoding="utf-8") as file:
        file.write(text)
    virt.virsh("define", here.path("again.xml"))
    again = virt.virsh("dumpxml", "--inactive", "vm1")
    assert here.run not in again and ET.fromstring(again).get("id") is None
    virt.virsh("destroy", "vm1")


def test_wrong(here):
    virt = Virt(here)
    for device, words in (
            ("<serial type='udp'/>", "<serial>: type 'udp': pty, unix, tcp, file or dev is possible"),
            ("<serial type='tcp'/>", "<serial>: <source> is missing"),
            ("<serial type='tcp'><source host='0.0.0.0' service='1'/></serial>", "<source>: host '0.0.0.0': a serial port is reached at 127.0.0.1 only"),
            ("<serial type='tcp'><source service='65536'/></serial>", "<source>: service '65536': a port from 1 to 65535"),
            ("<serial type='tcp'><source mode='x' service='1'/></serial>", "mode 'x': bind or connect is possible"),
            ("<serial type='unix'><source path='/a,b'/></serial>", "<source>: path '/a,b': a path from / without , : and ="),
            ("<serial type='file'><source path='log'/></serial>", "<source>: path 'log': a path from /"),
            ("<console type='pty'><target type='sclp'/></console>", "<target>: type 'sclp': serial or virtio is possible")):
        said = virt.virsh("define", virt.xml(devices=device), code=1)
        assert words in said, (words, said)
