# SPDX-License-Identifier: BSD-3-Clause
"""life_mngr: both sides of the serial line for real, with pseudo-terminals for lines; and lines that say odd things."""
import os
import pty
import select
import signal
import subprocess
import threading
import time
import tty

from place import BUILD, until


class Wire:
    """Two terminals whose other ends are joined: what is written to one comes out of the other."""

    def __init__(self):
        ends = [pty.openpty() for _ in range(2)]
        self.masters = [end[0] for end in ends]
        self.slaves = [end[1] for end in ends]      # held open, so that nobody's leaving is a hang-up
        for slave in self.slaves:
            tty.setraw(slave)
        self.names = [os.ttyname(slave) for slave in self.slaves]
        self.stop = False
        self.thread = threading.Thread(target=self.carry)
        self.thread.start()

    def carry(self):
        while not self.stop:
            for ready in select.select(self.masters, [], [], 0.05)[0]:
                os.write(self.masters[1 - self.masters.index(ready)], os.read(ready, 4096))

    def close(self):
        self.stop = True
        self.thread.join()
        for fd in self.masters + self.slaves:
            os.close(fd)


class Raw:
    """One terminal, and us at its other end."""

    def __init__(self):
        self.master, self.slave = pty.openpty()
        tty.setraw(self.slave)
        self.name = os.ttyname(self.slave)
        self.heard = b""

    def say(self, words):
        os.write(self.master, words)

    def expect(self, words, seconds=8):
        end = time.monotonic() + seconds
        while words not in self.heard:
            assert time.monotonic() < end, f"{words} did not come: {self.heard}"
            if select.select([self.master], [], [], 0.1)[0]:
                self.heard += os.read(self.master, 4096)
        self.heard = self.heard[self.heard.index(words) + len(words):]

    def close(self):
        os.close(self.master)
        os.close(self.slave)


def run(here, who, service, lines, **keys):
    """Starts a life_mngr called @who, which only writes down that it would power off or reboot."""
    text = [f"VM_TYPE={'service_vm' if service else 'user_vm'}", f"VM_NAME={who}", "DEV_NAME=tty:" + ",".join(lines),
            f"POWEROFF_COMMAND=echo off >>{here.top}/{who}.did", f"REBOOT_COMMAND=echo reboot >>{here.top}/{who}.did"]
    text += [f"{key}={value}" for key, value in keys.items()]
    with open(here.path(who + ".conf"), "w", encoding="ascii") as file:
        file.write("# a comment\n" + "\n".join(text) + "\n")
    daemon = here.daemon("life_mngr", "-t", "-c", here.path(who + ".conf"), out=who,
                         env={"LIFE_MNGR_SOCKET": here.path(who + ".sock")})
    here.ready(daemon)
    return daemon


def ask(here, who, what, code=0):
    done = subprocess.run([os.path.join(BUILD, "life_mngr"), "-r", what], capture_output=True, text=True, timeout=30, check=False,
                          env=dict(here.env, LIFE_MNGR_SOCKET=here.path(who + ".sock")))
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout.strip() or done.stderr.strip()


def did(here, who):
    try:
        with open(here.path(who + ".did"), encoding="ascii") as file:
            return file.read().split()
    except FileNotFoundError:
        return []


def leave(daemon, sign=signal.SIGINT):
    daemon.send_signal(sign)
    assert daemon.wait(10) == 0


def test_system_shutdown_from_the_service_vm(here):
    wires = [Wire(), Wire()]
    users = [run(here, f"vm{n}", False, [wires[n].names[1]]) for n in range(2)]
    service = run(here, "svm", True, [wire.names[0] for wire in wires])
    for n in range(2):
        here.expect("svm", f"vm{n}: is at {wires[n].names[0]}")
    assert ask(here, "svm", "shutdown") == "ack_req_sys_shutdown"
    until(lambda: did(here, "svm") == ["off"])
    assert did(here, "vm0") == ["off"] and did(here, "vm1") == ["off"]
    for daemon in users + [service]:
        leave(daemon, signal.SIGTERM)
    for wire in wires:
        wire.close()


def test_system_shutdown_from_a_user_vm(here):
    wires = [Wire(), Wire()]
    users = [run(here, f"vm{n}", False, [wires[n].names[1]]) for n in range(2)]
    service = run(here, "svm", True, [wire.names[0] for wire in wires], ALLOW_TRIGGER_S5=wires[0].names[0],
                  ALLOW_TRIGGER_SYSREBOOT=wires[1].names[0])
    for n in range(2):
        here.expect("svm", f"vm{n}: is at")
    assert ask(here, "vm1", "shutdown", code=1) == "system shutdown request is rejected"
    here.expect("svm", "vm1: The user VM is not allowed to trigger system shutdown")
    assert ask(here, "vm0", "reboot", code=1) == "system reboot request is rejected"
    time.sleep(0.3)
    assert not did(here, "svm") and not did(here, "vm0")
    assert ask(here, "vm1", "reboot") == "ack_req_sys_reboot"
    until(lambda: did(here, "svm") == ["reboot"])
    assert did(here, "vm0") == ["off"] and did(here, "vm1") == ["off"]
    for daemon in users + [service]:
        leave(daemon)
    for wire in wires:
        wire.close()


def test_one_user_vm(here):
    wire = Wire()
    user, service = run(here, "vm1", False, [wire.names[1]]), run(here, "svm", True, [wire.names[0]])
    here.expect("svm", "vm1: is at")
    assert ask(here, "svm", "reboot:vm1") == "ack_req_user_vm_reboot"
    until(lambda: did(here, "vm1") == ["reboot"])
    assert ask(here, "svm", "shutdown:vm2", code=1) == "user_vm_disconnect"
    assert not did(here, "svm")
    leave(user)
    user = run(here, "vm1", False, [wire.names[1]])
    assert ask(here, "svm", "shutdown:vm1") == "ack_req_user_vm_shutdown"
    until(lambda: did(here, "vm1") == ["reboot", "off"])
    leave(user)
    leave(service)
    wire.close()


def test_names_are_said_again(here):
    """A life_mngr that was started again in the Service VM gets to know everybody."""
    wire = Wire()
    user = run(here, "vm1", False, [wire.names[1]])
    for times in (1, 2):
        service = run(here, "svm", True, [wire.names[0]])
        until(lambda: here.said("svm").count("vm1: is at") == times, 12)    # pylint: disable=cell-var-from-loop
        leave(service)
    leave(user)
    wire.close()


def test_stuck_vm_is_reported_and_forced(here):
    """It says that it will shut down, and does not; its acrn-dm ends it."""
    line = Raw()
    here.add("vm1", guest="hang")
    here.ctl("start", "vm1")
    service = run(here, "svm", True, [line.name], SHUTDOWN_TIMEOUT=1)
    line.say(b"sync:vm1\0")
    line.expect(b"ack_sync\0")
    ask(here, "svm", "shutdown")
    line.expect(b"poweroff_cmd\0")
    line.say(b"ack_poweroff\0")
    until(lambda: did(here, "svm") == ["off"])
    assert "vm1: did not shut down in 1 seconds: ended by force" in here.said("svm")
    assert here.state("vm1") == "stopped"
    leave(service)
    line.close()


def test_vm_that_goes_is_waited_for(here):
    line = Raw()
    here.add("vm1", guest="poweroff=1500")
    here.ctl("start", "vm1")
    service = run(here, "svm", True, [line.name])
    line.say(b"sync:vm1\0")
    line.expect(b"ack_sync\0")
    ask(here, "svm", "shutdown")
    line.expect(b"poweroff_cmd\0")
    line.say(b"ack_poweroff\0")
    time.sleep(0.3)
    assert not did(here, "svm")
    until(lambda: did(here, "svm") == ["off"])
    assert "vm1: is off" in here.said("svm") and "force" not in here.said("svm")
    leave(service)
    line.close()


def test_silent_vm_is_reported(here):
    """One without acrn-dm, as a pre-launched VM is: it is asked five times, and nobody can end it."""
    line = Raw()
    service = run(here, "svm", True, [line.name], SHUTDOWN_TIMEOUT=6)
    line.say(b"sync:pre\n")
    line.expect(b"ack_sync\0")
    ask(here, "svm", "shutdown")
    for _ in range(5):
        line.expect(b"poweroff_cmd\0")
    until(lambda: did(here, "svm") == ["off"], 12)
    assert "pre: does not answer poweroff_cmd" in here.said("svm")
    assert "no acrn-dm that could end it" in here.said("svm")
    leave(service)
    line.close()


def test_sigterm_shuts_vms_down(here):
    """The Service VM goes down by itself: VMs are told, the system's command is not run."""
    wire = Wire()
    user, service = run(here, "vm1", False, [wire.names[1]]), run(here, "svm", True, [wire.names[0]])
    here.expect("svm", "vm1: is at")
    leave(service, signal.SIGTERM)
    until(lambda: did(here, "vm1") == ["off"])
    assert not did(here, "svm")
    leave(user)
    wire.close()


def test_odd_lines(here):
    line = Raw()
    service = run(here, "svm", True, [line.name])
    line.say(b"x" * 5000 + b"\0" + bytes(range(1, 9)) + b"\xff\0\r\n\0" + b"sync:../etc\0sync:\0sync\0jump\0")
    line.say(b"sync:v")
    time.sleep(0.1)
    line.say(b"m1\0")
    line.expect(b"ack_sync\0")
    assert here.said("svm").count("was dropped") == 2
    assert '"../etc" is no name of a VM' in here.said("svm") and '"jump" means nothing here' in here.said("svm")
    line.say(b"req_sys_shutdown\0req_sys_reboot\0")
    line.expect(b"system reboot request is rejected\0")
    assert ask(here, "svm", "shutdown:" + "x" * 80, code=1) == "user_vm_disconnect"
    leave(service)
    line.close()


def test_a_name_belongs_to_one_line(here):
    lines = [Raw(), Raw()]
    service = run(here, "svm", True, [line.name for line in lines])
    lines[0].say(b"sync:vm1\0")
    lines[0].expect(b"ack_sync\0")
    lines[1].say(b"sync:vm1\0sync:vm2\0")
    lines[1].expect(b"ack_sync\0")
    here.expect("svm", f"{lines[1].name} claims that name too: refused")
    ask(here, "svm", "shutdown:vm1")
    lines[0].expect(b"user_vm_shutdown\0")
    leave(service)
    for line in lines:
        line.close()


def test_user_side_obeys_once(here):
    line = Raw()
    user = run(here, "vm1", False, [line.name])
    line.expect(b"sync:vm1\0")
    line.expect(b"sync:vm1\0")      # until it is answered
    line.say(b"ack_sync\0poweroff_cmd\0poweroff_cmd\0")
    line.expect(b"ack_poweroff\0")
    line.expect(b"ack_poweroff\0")
    until(lambda: did(here, "vm1"))
    time.sleep(0.2)
    assert did(here, "vm1") == ["off"]
    leave(user)
    line.close()


def test_nobody_at_the_other_end(here):
    line = Raw()
    user = run(here, "vm1", False, [line.name])
    assert ask(here, "vm1", "shutdown", code=1) == "ack_timeout"
    assert "does not answer req_sys_shutdown" in here.said("vm1")
    leave(user)
    line.close()


def test_line_that_comes_later(here):
    line = Raw()
    user = run(here, "vm1", False, [here.path("ttyS1")])
    here.expect("vm1", "No such file or directory; it is tried again every second")
    os.symlink(line.name, here.path("ttyS1"))
    line.expect(b"sync:vm1\0")
    assert here.said("vm1").count("tried again") == 1
    leave(user)
    line.close()


def test_wrong_configuration(here):
    wrong = {
        "VM_TYPE=vm": ":1: VM_TYPE takes service_vm or user_vm, not \"vm\"",
        "\nDEV_NAME=/dev/ttyS1": ":2: DEV_NAME takes tty: and",
        "DEV_NAME=tty:/dev/ttyS1,": "DEV_NAME takes",
        "SHUTDOWN_TIMEOUT=0": "takes seconds",
        "COLOUR=red": "is not KEY=VALUE with a known key",
        "VM_TYPE": "is not KEY=VALUE",
        "VM_NAME=x": "VM_TYPE is missing",
        "VM_TYPE=user_vm": "VM_NAME is missing",
        "VM_TYPE=user_vm\nVM_NAME= a": "DEV_NAME is missing",
        "VM_TYPE=user_vm\nVM_NAME=a\nDEV_NAME=tty:/a,/b": "a user VM has one line",
        "ALLOW_TRIGGER_S5=ttyS1": "takes one of the devices",
        "POWEROFF_COMMAND=": "takes a command",
    }
    for text, words in wrong.items():
        with open(here.path("conf"), "w", encoding="ascii") as file:
            file.write(text + "\n")
        done = subprocess.run([os.path.join(BUILD, "life_mngr"), "-c", here.path("conf")], capture_output=True, text=True,
                              timeout=10, check=False)
        assert done.returncode == 2 and words in done.stderr, f"{text}: {done.stderr}"
    for words in (["-r", "jump"], ["-r", "shutdown:"], ["word"], ["-z"]):
        done = subprocess.run([os.path.join(BUILD, "life_mngr")] + words, capture_output=True, timeout=10, check=False)
        assert done.returncode == 2
    assert "is life_mngr running" in ask(here, "nobody", "shutdown", code=1)
