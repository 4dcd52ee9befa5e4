# SPDX-License-Identifier: BSD-3-Clause
"""acrnd: starts, timed starts, coordinated shutdown, and what is left when it is killed."""
import datetime
import os
import random
import signal
import socket
import time

from place import until


def define(here, name, guest="listen", **settings):
    here.add(name, guest)
    here.ctl("set", name, *(f"{key}={value}" for key, value in settings.items()))


def end(here, daemon, code=0, seconds=20):
    here.ready(daemon)
    daemon.send_signal(signal.SIGTERM)
    assert daemon.wait(seconds) == code, here.said("acrnd")


def when(seconds):
    return (datetime.datetime.utcnow() + datetime.timedelta(seconds=seconds)).strftime("%Y-%m-%d %H:%M:%S")


def test_autostart_and_shutdown_in_order(here):
    define(here, "late", autostart="yes", order=60)
    define(here, "early", autostart="yes", order=10)
    define(here, "manual")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        notify.bind(here.path("notify"))
        notify.settimeout(10)
        here.env["NOTIFY_SOCKET"] = here.path("notify")
        daemon = here.daemon("acrnd", "-t")
        assert b"READY=1" in notify.recv(4096)
        here.expect("acrnd", "late: started")
        assert here.said("acrnd").index("early: started") < here.said("acrnd").index("late: started")
        assert here.state("manual") == "stopped"
        end(here, daemon)
        said = b""
        while b"STOPPING=1" not in said:
            said = notify.recv(4096)
    said = here.said("acrnd")
    assert said.index("late: is off (poweroff)") < said.index("early: is off (poweroff)")


def test_stuck_guest_is_reported_and_forced(here):
    define(here, "vm1", guest="hang", stop_timeout=1)
    define(here, "vm2", guest="deaf", stop_timeout=1)
    here.ctl("start", "vm1", "vm2")
    end(here, here.daemon("acrnd", "-t"))
    for name in ("vm1", "vm2"):
        assert f"{name}: did not shut down in 1 seconds: ended by force" in here.said("acrnd")
        assert f"{name}: is off (destroyed)" in here.said("acrnd")
    assert "vm2: its guest does not listen" in here.said("acrnd")


def test_told_twice(here):
    define(here, "vm1", guest="hang", stop_timeout=3600)
    here.ctl("start", "vm1")
    daemon = here.daemon("acrnd", "-t")
    here.ready(daemon)
    daemon.send_signal(signal.SIGTERM)
    here.expect("acrnd", "shutting down 1 VMs")
    end(here, daemon, seconds=5)
    assert "vm1: is off (destroyed)" in here.said("acrnd")


def test_paused_vm_is_shut_down(here):
    define(here, "vm1")
    here.ctl("start", "vm1")
    here.ctl("pause", "vm1")
    end(here, here.daemon("acrnd", "-t"), seconds=5)
    assert "vm1: is off (poweroff)" in here.said("acrnd")


def test_unbegun_vm_is_ended(here):
    """It started paused, and need not boot in order to go down."""
    here.add("vm1", options="--paused")
    here.ctl("set", "vm1", "autostart=yes")
    daemon = here.daemon("acrnd", "-t")
    here.expect("acrnd", "vm1: started")
    assert here.state("vm1") == "paused"
    end(here, daemon, seconds=5)
    assert "vm1: is off (destroyed)" in here.said("acrnd")


def test_stuck_dm_is_killed(here):
    define(here, "vm1", stop_timeout=5)
    here.ctl("start", "vm1")
    pid, = here.processes()
    os.kill(pid, signal.SIGSTOP)
    end(here, here.daemon("acrnd", "-t"))
    assert f"process {pid}, does not answer: killed" in here.said("acrnd")
    os.unlink(os.path.join(here.run, "vm1.monitor.sock"))


def test_vms_go_on_without_it(here):
    define(here, "vm1", autostart="yes")
    for sign in (signal.SIGINT, signal.SIGKILL):
        daemon = here.daemon("acrnd", "-t")
        until(lambda: here.state("vm1") == "running")
        here.ready(daemon)
        daemon.send_signal(sign)
        daemon.wait(10)
        assert here.state("vm1") == "running"
    pids = here.processes()
    daemon = here.daemon("acrnd", "-t")
    here.expect("acrnd", "vm1: is running already")
    assert here.processes() == pids
    end(here, daemon)


def test_one_acrnd_only(here):
    daemon = here.daemon("acrnd", "-t")
    until(lambda: os.path.exists(os.path.join(here.run, "acrnd.lock")))
    time.sleep(0.1)
    second = here.daemon("acrnd", "-t")
    assert second.wait(10) == 1
    assert "another acrnd is running" in here.said("acrnd")
    end(here, daemon)


def test_timed_start(here):
    define(here, "vm1")
    daemon = here.daemon("acrnd", "-t")
    here.ctl("set", "vm1", "start_at=" + when(2))
    time.sleep(0.5)
    assert here.state("vm1") == "stopped"
    until(lambda: here.state("vm1") == "running")
    assert here.ctl("set", "vm1").out.endswith("start_at= group=\n")
    here.ctl("stop", "-f", "vm1")         # whether or not its guest listens already
    time.sleep(0.3)
    assert here.state("vm1") == "stopped"       # once
    end(here, daemon)


def test_missed_start_is_made_up_for(here):
    define(here, "vm1", start_at=when(-3600))
    daemon = here.daemon("acrnd", "-t")
    until(lambda: here.state("vm1") == "running")
    end(here, daemon)


def test_clock_wakes_the_machine(here):
    here.env["ACRN_RTC_ALARM"] = here.path("alarm")
    with open(here.path("alarm"), "w", encoding="ascii"):
        pass
    define(here, "vm1", start_at="2033-05-18 03:33:20")
    define(here, "vm2", start_at="2034-01-01 00:00:00")
    end(here, here.daemon("acrnd", "-t"))
    with open(here.path("alarm"), encoding="ascii") as file:
        assert file.read() == "2000000000\n"


def test_failed_start_does_not_hold_the_others(here):
    here.add("bad", before="echo no disk >&2; exit 7")
    here.ctl("set", "bad", "autostart=yes", "order=1")
    define(here, "good", autostart="yes", order=2)
    define(here, "wrong", autostart="yes", order=3)
    with open(os.path.join(here.conf, "wrong.conf"), "a", encoding="ascii") as file:
        file.write("colour=red\n")
    daemon = here.daemon("acrnd", "-t")
    here.expect("acrnd", "good: started")
    assert "bad: did not start: its launch file ended with 7: no disk" in here.said("acrnd")
    assert "wrong.conf:4: " in here.said("acrnd")
    end(here, daemon)


def test_delay_and_no_start(here):
    define(here, "vm1", autostart="yes")
    daemon = here.daemon("acrnd", "-t", "--no-start")
    time.sleep(0.3)
    assert here.state("vm1") == "stopped"
    end(here, daemon)
    begin = time.monotonic()
    daemon = here.daemon("acrnd", "-t", "-d", "1")
    until(lambda: here.state("vm1") == "running")
    assert time.monotonic() - begin >= 1
    end(here, daemon)


def test_wrong_options(here):
    for words in (["-d", "x"], ["-z"], ["word"]):
        assert here.daemon("acrnd", *words).wait(10) == 2
    assert here.daemon("acrnd", "--help").wait(10) == 0


def test_crash_is_told(here):
    define(here, "vm1", guest="crash=500", autostart="yes")
    daemon = here.daemon("acrnd", "-t")
    here.expect("acrnd", "vm1: its launch file ended with 3: acrn-dm: error: guest: triple fault")
    end(here, daemon)


def test_killed_at_random(here):
    """acrnd or a device model is killed again and again (KILLS times): what should run runs, and nothing else."""
    dice = random.Random(1)
    names = ["vm0", "vm1", "vm2"]
    for name in names:
        define(here, name, autostart="yes")
    daemon = here.daemon("acrnd", "-t")
    for _ in range(int(os.environ.get("KILLS", "20"))):
        time.sleep(dice.random() / 10)
        pids = here.processes()
        if pids and dice.random() < 0.5:
            os.kill(dice.choice(pids), signal.SIGKILL)
        daemon.kill()
        daemon.wait()
        daemon = here.daemon("acrnd", "-t")
    until(lambda: [here.state(name) for name in names] == ["running"] * 3)
    assert len(here.processes()) == 3
    end(here, daemon)
