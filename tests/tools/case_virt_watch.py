# SPDX-License-Identifier: BSD-3-Clause
"""virtacrnd: figures, consoles and events."""
import os
import select
import signal
import subprocess
import time

from place import until
from virt import REMOTE, STREAM, Virt, domain, some_text

UUID = "c7a5fdbd-edaf-9455-926a-d65c16db1809"


def stats(virt, *words):
    """domstats as {VM: {name: value}}."""
    found, name = {}, None
    for line in virt.virsh("domstats", *words).splitlines():
        if line.startswith("Domain:"):
            name = line.split("'")[1]
            found[name] = {}
        elif "=" in line:
            key, value = line.strip().split("=", 1)
            found[name][key] = value
    return found


def test_figures(here):
    virt = Virt(here)
    disk = here.path("disk.img")
    with open(disk, "wb") as file:
        file.write(b"\0" * 65536)
    here.add("vm1", guest="chatter", options=f"-s 5,virtio-blk,{disk}")
    virt.define("vm2", memory="64")
    here.ctl("start", "vm1")
    all_stats = stats(virt)
    one, two = all_stats["vm1"], all_stats["vm2"]
    assert one["state.state"] == "1" and two["state.state"] == "5"
    assert one["balloon.current"] == "32768" and two["balloon.maximum"] == "65536"
    assert int(one["vcpu.current"]) >= 1 and int(one["balloon.rss"]) > 0
    assert one["block.count"] == "1" and one["block.0.name"] == "vda" and one["block.0.path"] == disk
    assert one["block.0.rd.reqs"] == "0" and one["block.0.wr.bytes"] == "0" and one["net.count"] == "0"
    assert "cpu.time" not in two and "block.count" not in two
    # The virtual CPUs' time where acrn-dm tells it, else its own.
    vcpus = [int(one[f"vcpu.{number}.time"]) for number in range(int(one["vcpu.current"])) if f"vcpu.{number}.time" in one]
    assert int(one["cpu.time"]) == (sum(vcpus) or int(one["cpu.user"]) + int(one["cpu.system"]))
    until(lambda: int(stats(virt, "vm1")["vm1"]["cpu.time"]) > int(one["cpu.time"]))
    # What is asked for, and no more.
    assert set(stats(virt, "--state", "vm1")["vm1"]) == {"state.state", "state.reason"}
    assert list(stats(virt, "--list-active")) == ["vm1"] and list(stats(virt, "--list-inactive")) == ["vm2"]
    assert "statistics 0x40 are not there" in virt.virsh("domstats", "--enforce", "--perf", "vm1", code=1)
    here.ctl("stop", "-f", "vm1")


def console(virt, *words):
    """virsh console on a terminal: the process, and the terminal's other end."""
    ours, theirs = os.openpty()
    uri = f"acrn+unix:///system?socket={virt.socket}"
    process = subprocess.Popen(["virsh", "-c", uri, "console", "vm1", *words], env=virt.here.env, stdin=theirs, stdout=theirs,
                               stderr=theirs, start_new_session=True)
    os.close(theirs)
    return process, ours


def read_until(fd, words):
    """What the terminal shows, until these words have come; at the end of it what there was."""
    seen = b""
    while words not in seen:
        assert select.select([fd], [], [], 10)[0], seen
        try:
            seen += os.read(fd, 4096)
        except OSError:
            break
    return seen


def test_console(here):
    virt = Virt(here, guest="chatter")
    virt.define(uuid=UUID, devices="<console type='pty'/>")
    assert "not running" in virt.raw().call(201, domain("vm1", UUID) + b"\0" * 8)[1]
    virt.virsh("start", "vm1")
    process, terminal = console(virt)
    assert b"tick" in read_until(terminal, b"tick")
    second, other = console(virt)
    assert b"another client has its console" in read_until(other, b"another client has its console")
    assert second.wait(10) == 1
    os.close(other)
    os.write(terminal, b"\x1d")
    read_until(terminal, b"no such words")
    assert process.wait(10) == 0
    os.close(terminal)
    # It is free again, and ends with the VM.
    process, terminal = console(virt, "serial0")
    read_until(terminal, b"tick")
    virt.virsh("destroy", "vm1")
    read_until(terminal, b"no such words")
    assert process.wait(10) == 0
    os.close(terminal)


def test_streams(here):
    """What virsh does not do: abort, late bytes, a client that does not read, one that is gone, wrong devices."""
    virt = Virt(here, guest="chatter")
    virt.define(uuid=UUID, devices="<serial type='pty'/>")
    virt.virsh("start", "vm1")
    ask = domain("vm1", UUID) + b"\0" * 8
    raw = virt.raw()
    assert "serial0 to serial3 are there" in raw.call(201, domain("vm1", UUID) + some_text("x") + b"\0" * 4)[1]
    assert "has no serial port com2" in raw.call(201, domain("vm1", UUID) + some_text("serial1") + b"\0" * 4)[1]
    for status in (0, 1):
        assert raw.call(201, ask) == (0, b"")
        serial = raw.serial
        head, data = raw.message()
        assert head == (REMOTE, 1, 201, STREAM, serial, 2) and data
        raw.serial -= 1
        raw.send(201, b"typed", kind=STREAM, status=2)
        raw.serial -= 1
        raw.send(201, kind=STREAM, status=status)
        while head[5] == 2:
            head, data = raw.message()
        assert (head, data) == ((REMOTE, 1, 201, STREAM, serial, 0), b"")
        raw.send(201, b"late", kind=STREAM, status=2)
    # One that does not read: the port waits, calls of others go on; one that is gone frees it.
    assert raw.call(201, ask)[0] == 0
    time.sleep(0.3)
    assert virt.virsh("domstate", "vm1").strip() == "running"
    raw.sock.close()
    raw = virt.raw()
    until(lambda: raw.call(201, ask)[0] == 0)
    # Killed or not, the VM's end is the stream's.
    os.kill(here.processes()[0], signal.SIGKILL)
    data = b"x"
    while data:
        head, data = raw.message()
    assert head[3:] == (STREAM, raw.serial, 2)
    until(lambda: virt.virsh("domstate", "vm1").strip() == "shut off")
    for name in os.listdir(here.run):
        if not name.endswith(".log"):
            os.unlink(os.path.join(here.run, name))
