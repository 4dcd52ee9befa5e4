# SPDX-License-Identifier: BSD-3-Clause
"""virtacrnd: events, as stock virsh and python's libvirt hear them."""
import os
import signal
import struct
import subprocess

from place import until
from virt import MESSAGE, REMOTE, Virt, domain, text

UUID = "c7a5fdbd-edaf-9455-926a-d65c16db1809"
PROBE = "c7a5fdbd-edaf-9455-926a-d65c16db180a"


class Events:
    """virsh event, and what it has said."""

    def __init__(self, virt, *words):
        uri = f"acrn+unix:///system?socket={virt.socket}-ro"
        self.path = virt.here.path(f"{len(virt.here.daemons)}.events")
        with open(self.path, "wb") as out:
            self.process = subprocess.Popen(["stdbuf", "-oL", "virsh", "-q", "-r", "-c", uri, "event", "--loop", "--timeout", "50", *words],
                                            env=virt.here.env, stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        virt.here.daemons.append(self.process)
        self.process.output = self.path

    def lines(self):
        with open(self.path, encoding="utf-8") as file:
            return [line.strip() for line in file if line.strip()]

    def expect(self, *words):
        """Waits until these were the last, in this order."""
        def there():
            lines = [line.split(":", 1)[1].strip() if "lifecycle" in line else line.split("'")[1] for line in self.lines()]
            return lines[-len(words):] == list(words)
        try:
            until(there)
        except AssertionError as wrong:
            raise AssertionError(f"{words} are not the end of {self.lines()}") from wrong


def listening(virt, *words):
    """virsh that has registered: the first definition it hears of says so."""
    events = Events(virt, *words)
    for number in range(500):
        virt.define("probe", uuid=PROBE, memory=str(32 + number % 2 * 32))
        if events.lines():
            break
    virt.virsh("undefine", "probe")
    until(lambda: "Undefined" in events.lines()[-1])
    return events


def test_life(here):
    virt = Virt(here)
    events = listening(virt, "--all")
    virt.define()
    events.expect("Defined Added")
    virt.define(uuid=virt.virsh("domuuid", "vm1").strip(), memory="64")
    events.expect("Defined Updated")
    virt.virsh("start", "vm1")
    events.expect("Started Booted")
    virt.virsh("suspend", "vm1")
    virt.virsh("resume", "vm1")
    events.expect("Suspended Paused", "Resumed Unpaused")
    virt.virsh("reset", "vm1")
    events.expect("reboot")
    virt.shut_down("vm1")
    events.expect("Shutdown Finished", "Stopped Shutdown")
    virt.virsh("start", "vm1")
    virt.virsh("destroy", "vm1")
    events.expect("Started Booted", "Stopped Destroyed")
    virt.virsh("undefine", "vm1")
    events.expect("Undefined Removed")
    assert events.process.poll() is None
    # All of it about this one.
    assert all("'vm1'" in line or "'probe'" in line for line in events.lines())


def test_ends(here):
    """How a VM ended is told apart."""
    virt = Virt(here, guest="crash=2000")
    virt.define()
    virt.define("vm2", more="<on_reboot>destroy</on_reboot>")
    events = listening(virt, "--all")
    virt.virsh("start", "vm1")
    events.expect("Started Booted", "Crashed Panicked", "Stopped Crashed")
    virt.virsh("start", "vm2")
    virt.virsh("reset", "vm2")
    events.expect("Started Booted", "reboot", "Stopped Shutdown")
    virt.virsh("start", "vm1")
    os.kill(here.processes()[0], signal.SIGKILL)
    events.expect("Started Booted", "Stopped Failed")
    os.unlink(os.path.join(here.run, "vm1.monitor.sock"))


def test_reboot_by_the_guest(here):
    virt = Virt(here, guest="reset=200")
    events = listening(virt, "--all")
    virt.define()
    virt.virsh("start", "vm1")
    events.expect("Started Booted", "reboot")
    virt.virsh("destroy", "vm1")


def test_reboot_asked_for(here):
    virt = Virt(here)
    events = listening(virt, "--all")
    virt.define()
    virt.virsh("start", "vm1")
    until(lambda: virt.raw().call(27, domain("vm1", virt.virsh("domuuid", "vm1").strip()) + b"\0\0\0\0")[0] == 0)
    events.expect("Started Booted", "reboot")
    virt.shut_down("vm1")
    events.expect("reboot", "Shutdown Finished", "Stopped Shutdown")


def test_reboot_ignored(here):
    """virsh reboot does not wait; after its time the journal has it, nothing is forced, and virsh shutdown takes it back."""
    virt = Virt(here, guest="hang")
    events = listening(virt, "--all")
    virt.define()
    here.ctl("set", "vm1", "stop_timeout=1")
    virt.virsh("start", "vm1")
    vm = domain("vm1", virt.virsh("domuuid", "vm1").strip())
    until(lambda: virt.raw().call(27, vm + b"\0\0\0\0")[0] == 0)
    here.expect("virtacrnd", "was asked to reboot 1 s ago and still runs")
    assert virt.virsh("domstate", "vm1").strip() == "running" and here.query("vm1")["reboot"] == "overdue"
    virt.virsh("shutdown", "vm1")
    assert here.query("vm1")["reboot"] == "none"
    virt.virsh("reboot", "vm1")
    assert here.query("vm1")["reboot"] == "wished"
    virt.virsh("destroy", "vm1")
    events.expect("Started Booted", "Stopped Destroyed")


def test_start_paused(here):
    virt = Virt(here)
    events = listening(virt, "--all")
    virt.define()
    virt.virsh("start", "--paused", "vm1")
    events.expect("Started Booted", "Suspended Paused")
    virt.virsh("resume", "vm1")
    events.expect("Started Booted", "Suspended Paused", "Resumed Unpaused")
    virt.shut_down("vm1")
    virt.virsh("start", "--paused", "vm1")
    virt.virsh("destroy", "vm1")
    events.expect("Started Booted", "Suspended Paused", "Stopped Destroyed")
    virt.virsh("start", "--autodestroy", "vm1")
    events.expect("Started Booted", "Stopped Destroyed")
    # Of one that waits since before the daemon had time for it.
    here.add("vm2", options="--paused")
    events.expect("Defined Added")
    virt.daemon.send_signal(signal.SIGSTOP)
    here.ctl("start", "vm2")
    virt.daemon.send_signal(signal.SIGCONT)
    events.expect("Defined Added", "Started Booted", "Suspended Paused")
    here.ctl("stop", "vm2")


def test_others_do_it(here):
    """VMs of acrnctl, by a launch file of its own; and those that ran before the daemon."""
    here.add("vm1")
    here.ctl("start", "vm1")
    virt = Virt(here)
    events = listening(virt, "--all")
    here.ctl("pause", "vm1")
    events.expect("Suspended Paused")
    here.ctl("stop", "-f", "vm1")
    events.expect("Stopped Destroyed")
    here.add("vm2")
    events.expect("Defined Added")
    here.ctl("start", "vm2")
    events.expect("Started Booted")
    # Both at once, for a daemon that has had no time for either.
    virt.daemon.send_signal(signal.SIGSTOP)
    here.ctl("stop", "-f", "vm2")
    here.ctl("del", "vm2")
    virt.daemon.send_signal(signal.SIGCONT)
    events.expect("Started Booted", "Stopped Destroyed", "Undefined Removed")
    starts = [line for line in events.lines() if "Started" in line]
    assert len(starts) == 1, starts


def test_one_that_hangs(here):
    """Whoever does not answer keeps no event of others back."""
    virt = Virt(here)
    virt.define()
    virt.virsh("start", "vm1")
    pid, = here.processes()
    os.kill(pid, signal.SIGSTOP)
    events = listening(virt, "--all")
    virt.define("vm2")
    events.expect("Defined Added")
    os.kill(pid, signal.SIGCONT)
    virt.virsh("destroy", "vm1")
    events.expect("Stopped Destroyed")


def test_registrations(here):
    """By bare messages: one domain only, several of one kind, taken back, wrong ones."""
    virt = Virt(here)
    virt.define(uuid=UUID)
    virt.define("vm2")
    raw = virt.raw(read_only=True)
    every = struct.pack(">2I", 0, 0)
    one = struct.pack(">2I", 0, 1) + domain("vm1", UUID)
    assert [raw.call(316, every)[1], raw.call(316, one)[1]] == [struct.pack(">I", number) for number in (0, 1)]
    for kind in range(1, 27):
        assert raw.call(316, struct.pack(">2I", kind, 0))[0] == 0
    assert "events of kind 64; 0 to 63 are known" in raw.call(316, struct.pack(">2I", 64, 0))[1]
    assert raw.call(316, struct.pack(">2I", 0, 1) + domain("vm1", UUID.replace("c7", "c8")))[0] == 42
    assert "no registration has number 77" in raw.call(317, struct.pack(">I", 77))[1]
    virt.virsh("start", "vm1")
    pid, = here.processes()
    got = [raw.message() for _ in range(2)]
    assert all(head == (REMOTE, 1, 318, MESSAGE, 0, 0) for head, _ in got)
    assert sorted(data for _, data in got) == [struct.pack(">I", number) + domain("vm1", UUID, pid) + struct.pack(">2I", 2, 0)
                                               for number in (0, 1)]
    assert raw.call(317, struct.pack(">I", 0)) == (0, b"")
    assert raw.call(317, struct.pack(">I", 0))[0] == 8
    virt.virsh("undefine", "vm2")
    virt.virsh("destroy", "vm1")
    head, data = raw.message()
    assert data == struct.pack(">I", 1) + domain("vm1", UUID) + struct.pack(">2I", 5, 1)
    for _ in range(1024 - 27):
        assert raw.call(316, every)[0] == 0
    assert raw.call(316, every) == (9, "too many registrations: 1024 are kept for a connection")
    assert raw.call(59) == (0, text(os.uname().nodename))


SCRIPT = """
import libvirt, sys, threading
libvirt.virEventRegisterDefaultImpl()
def turn():
    while True:
        libvirt.virEventRunDefaultImpl()
threading.Thread(target=turn, daemon=True).start()
conn = libvirt.open(sys.argv[1])
seen, more = [], threading.Condition()
def hear(conn, dom, event, detail, _):
    with more:
        seen.append((dom.name(), event, detail))
        more.notify()
def heard(nr):
    with more:
        assert more.wait_for(lambda: len(seen) >= nr, 10), seen
conn.domainEventRegisterAny(None, libvirt.VIR_DOMAIN_EVENT_ID_LIFECYCLE, hear, None)
conn.setKeepAlive(2, 3)
with open(sys.argv[2]) as file:
    dom = conn.defineXML(file.read())
dom.create()
heard(2)
dom.suspend()
dom.resume()
heard(4)
assert dom.isActive() and dom.info()[0] == libvirt.VIR_DOMAIN_RUNNING
dom.destroy()
heard(5)
dom.undefine()
heard(6)
print(seen)
assert seen == [("vm1", 0, 0), ("vm1", 2, 0), ("vm1", 3, 0), ("vm1", 4, 0), ("vm1", 5, 1), ("vm1", 1, 0)]
assert conn.listAllDomains() == []
"""


def test_python(here):
    """A script of libvirt-python: callbacks and calls on one connection."""
    virt = Virt(here)
    uri = f"acrn+unix:///system?socket={virt.socket}"
    done = subprocess.run(["/usr/bin/python3", "-c", SCRIPT, uri, virt.xml()], env=here.env, capture_output=True, text=True,
                          timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
