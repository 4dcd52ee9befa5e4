# SPDX-License-Identifier: BSD-3-Clause
"""acrnctl against device models that run."""
import grp
import json
import os
import re
import signal
import socket
import subprocess
import time

from place import BUILD, until

OK, FAILED, USAGE, NO_VM, STATE, TIMEOUT, DENIED = 0, 1, 2, 3, 4, 5, 6


def test_life(here):
    here.add("vm1")
    assert "stopped" in here.ctl("list").out
    assert here.ctl("start", "vm1").out == "vm1 started\n"
    assert "vm1" in here.ctl("list").out and "running" in here.ctl("list").out
    here.ctl("pause", "vm1")
    assert here.state("vm1") == "paused"
    here.ctl("resume", "vm1")
    here.ctl("reset", "vm1")
    until(lambda: here.state("vm1") == "running")
    assert here.ctl("stop", "vm1").out == "vm1 stopped (poweroff)\n"
    assert here.state("vm1") == "stopped"
    assert here.ctl("del", "vm1").out == "vm1 deleted\n"
    assert here.ctl("list").out == ""
    assert os.listdir(here.conf) == []


def test_json(here):
    here.add("vm1")
    assert here.ctl("start", "vm1", json_lines=True).json() == [{"vm": "vm1", "ok": True, "state": "running"}]
    vm, = here.ctl("list", json_lines=True).json()
    assert (vm["vm"], vm["state"], vm["defined"]) == ("vm1", "running", True) and vm["pid"] in here.processes()
    answer, = here.ctl("start", "vm1", code=STATE, json_lines=True).json()
    assert answer["error"]["code"] == "wrong_state" and not answer["ok"]
    answer, = here.ctl("stop", "-f", "vm1", json_lines=True).json()
    assert answer == {"vm": "vm1", "ok": True, "state": "stopped", "reason": "destroyed"}


def test_stop_many_at_once(here):
    for n in range(4):
        here.add(f"vm{n}")
    names = [f"vm{n}" for n in range(4)]
    here.ctl("start", *names)
    assert len(here.processes()) == 4
    assert here.ctl("stop", *names).out.count("stopped (poweroff)") == 4


def test_reboot(here):
    """The guest shuts down and boots again, in the same acrn-dm."""
    here.add("vm1")
    here.ctl("start", "vm1")
    pid, = here.processes()
    # FAILED: it does not listen yet.
    until(lambda: here.ctl("reboot", "vm1", code=(OK, FAILED)).out == "vm1 asked to reboot\n")
    until(lambda: here.query("vm1")["resets"] == 1)
    assert here.processes() == [pid]
    here.ctl("pause", "vm1")
    assert "this needs it running" in here.ctl("reboot", "vm1", code=STATE).err
    here.ctl("resume", "vm1")
    assert here.ctl("stop", "-f", "vm1").out == "vm1 stopped (destroyed)\n"


def test_reboot_ignored(here):
    """A guest that hears it and goes on is told of after its time, and nothing is forced."""
    here.add("vm1", guest="hang")
    here.ctl("start", "vm1")
    pid, = here.processes()
    with here.monitor("vm1") as events:
        events.write('{"command":"subscribe"}\n')
        events.flush()
        assert json.loads(events.readline())["ok"]
        until(lambda: here.ctl("reboot", "-t", "1", "vm1", code=(OK, FAILED)).out == "vm1 asked to reboot\n")
        assert here.query("vm1")["reboot"] == "wished"
        event = json.loads(events.readline())
    assert (event["event"], event["limit_s"]) == ("reboot_overdue", 1)
    assert here.query("vm1")["reboot"] == "overdue" and here.state("vm1") == "running" and here.processes() == [pid]
    with open(os.path.join(here.run, "vm1.log"), encoding="utf-8") as log:
        assert "the guest was asked to reboot 1 s ago and still runs; nothing is forced" in log.read()
    # Its settings say how long, where the command does not.
    here.ctl("set", "vm1", "stop_timeout=0")
    here.ctl("reboot", "vm1")
    until(lambda: here.query("vm1")["reboot"] == "overdue")
    # What is wanted later counts.
    assert here.ctl("stop", "-t", "1", "vm1", code=TIMEOUT).err.count("did not stop in time") == 1
    assert here.query("vm1")["reboot"] == "none"
    here.ctl("stop", "-f", "vm1")


def start_watched(here, name, whom, path):
    """acrnctl start NAME, as the process that systemd watches (whom = $$), or beside it."""
    env = dict(here.env, NOTIFY_SOCKET=path, WATCHDOG_USEC="100000")
    line = ["sh", "-c", f'WATCHDOG_PID={whom} exec "$@"', "sh", os.path.join(BUILD, "acrnctl"), "start", name]
    subprocess.run(line, env=env, check=True, timeout=60, stdout=subprocess.DEVNULL)


def drain(notify):
    """Takes the signs of life that are there, until half a second brings none; so long is waited for the next, too."""
    notify.settimeout(0.5)
    try:
        while notify.recv(64):
            pass
    except TimeoutError:
        pass


def test_watchdog(here):
    """systemd's watchdog of acrn-vm@.service: the device model left behind gives signs of life, unless it stands still."""
    path = here.path("notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        notify.bind(path)
        notify.settimeout(10)
        here.add("vm1")
        start_watched(here, "vm1", "$$", path)
        pid, = here.processes()
        assert [notify.recv(64) for _ in range(3)] == [b"WATCHDOG=1"] * 3
        os.kill(pid, signal.SIGSTOP)
        drain(notify)
        os.kill(pid, signal.SIGCONT)
        notify.settimeout(10)
        assert notify.recv(64) == b"WATCHDOG=1"
        here.ctl("stop", "-f", "vm1")
        # Asked of another process: not theirs to give.
        drain(notify)
        start_watched(here, "vm1", "1", path)
        try:
            assert notify.recv(64) is None
        except TimeoutError:
            pass
        here.ctl("stop", "-f", "vm1")


def test_start_paused(here):
    """By its launch file: it is made, and waits for resume."""
    here.add("vm1", options="--paused")
    assert here.ctl("start", "vm1").out == "vm1 started, paused\n"
    assert here.state("vm1") == "paused"
    assert here.ctl("stop", "vm1").out == "vm1 stopped (destroyed)\n"
    assert here.ctl("start", "vm1", json_lines=True).json() == [{"vm": "vm1", "ok": True, "state": "paused"}]
    here.ctl("resume", "vm1")
    assert here.ctl("stop", "-f", "vm1").out == "vm1 stopped (destroyed)\n"


def test_stop_deaf_guest(here):
    here.add("vm1", guest="deaf")
    here.ctl("start", "vm1")
    assert "\"acrnctl reset vm1\" does it at once" in here.ctl("reboot", "vm1", code=FAILED).err
    assert "does not listen" in here.ctl("stop", "vm1", code=FAILED).err
    assert here.state("vm1") == "running"
    here.ctl("stop", "-f", "vm1")


def test_stop_hung_guest(here):
    here.add("vm1", guest="hang")
    here.ctl("start", "vm1")
    # FAILED: it does not listen yet.
    until(lambda: "in time" in here.ctl("stop", "-t", "1", "vm1", code=(TIMEOUT, FAILED)).err)
    here.ctl("stop", "--force", "vm1")


def test_launch_errors_are_shown(here):
    here.add("vm1", options="-s 3,nonsense")
    err = here.ctl("start", "vm1", code=FAILED).err
    assert "ended with 1" in err and "unknown PCI device 'nonsense'" in err
    here.add("vm2", before="echo no bridge br0 >&2; exit 9")
    assert "ended with 9: no bridge br0" in here.ctl("start", "vm2", code=FAILED).err


def test_start_times_out(here):
    here.add("vm1", before="sleep 30 & pid=$!; trap 'kill $pid' TERM; echo $$ >" + here.path("pid") + "; wait $pid; exit 1")
    assert "in time" in here.ctl("start", "-t", "1", "vm1", code=TIMEOUT).err
    with open(here.path("pid"), encoding="ascii") as file:
        os.kill(int(file.read()), signal.SIGTERM)


def test_unsafe_launch_file(here):
    here.add("vm1")
    os.chmod(os.path.join(here.conf, "vm1.sh"), 0o777)
    assert "writable by its owner only" in here.ctl("start", "vm1", code=FAILED).err
    os.chmod(os.path.join(here.conf, "vm1.sh"), 0o644)
    assert "chmod 755" in here.ctl("start", "vm1", code=FAILED).err


def test_wrong_words(here):
    assert "there is no command" in here.ctl("jump", code=USAGE).err
    assert "needs" in here.ctl("start", code=USAGE).err
    assert "no option -t" in here.ctl("list", "-t", "1", code=USAGE).err
    assert "number from 1" in here.ctl("stop", "-t", "x", "vm1", code=USAGE).err
    for command in ("start", "stop", "reset", "pause", "resume", "del", "console", "events", "list"):
        assert "vm9" in here.ctl(command, "vm9", code=NO_VM).err
    here.ctl("blkrescan", "vm9", "3,/dev/null", code=NO_VM)
    assert "no name of a VM" in here.ctl("stop", "../x", code=NO_VM).err
    assert "usage: acrnctl stop" in here.ctl("stop", "help").out
    assert "blkrescan" in here.ctl("help").out


def test_definitions(here):
    script = here.script("vm1")
    assert here.ctl("add", "-n", "web", script, "-s", "4,virtio-rnd").out == "web added\n"
    assert "already" in here.ctl("add", "-n", "web", script, code=STATE).err
    assert here.ctl("set", "web", json_lines=True).json()[0]["args"] == ["-s", "4,virtio-rnd"]
    here.ctl("set", "web", "autostart=yes", "order=7", "start_at=2031-01-02 03:04:05")
    assert "autostart=yes order=7 stop_timeout=60 start_at=2031-01-02 03:04:05" in here.ctl("set", "web").out
    assert "order takes 0 to 99" in here.ctl("set", "web", "order=100", code=USAGE).err
    assert "KEY=VALUE" in here.ctl("set", "web", "colour=red", code=USAGE).err
    assert "order=7" in here.ctl("set", "web").out
    with open(os.path.join(here.conf, "web.conf"), "a", encoding="ascii") as file:
        file.write("order=x\n")
    assert "web.conf:7: order takes 0 to 99" in here.ctl("start", "web", code=FAILED).err
    here.ctl("add", here.path("bzImage"), code=FAILED)
    assert "is no name" in here.ctl("add", "-n", "a b", script, code=USAGE).err
    assert "No such file" in here.ctl("add", "/nonexistent", code=FAILED).err


def test_args_reach_the_vm(here):
    here.ctl("add", here.script("vm1"), "-s", "4,virtio-rnd")
    here.ctl("start", "vm1")
    with here.monitor("vm1") as vm:
        vm.write('{"command":"query"}\n')
        vm.flush()
        devices = json.loads(vm.readline())["result"]["devices"]
    assert [d["device"] for d in devices if d["slot"] == 4] == ["virtio-rnd"]
    here.ctl("stop", "vm1")


def test_group(here):
    """The socket belongs to the group of the settings; one that is not there is an error of the start."""
    if os.geteuid() != 0:
        return      # others may not give files away
    here.add("vm1")
    here.ctl("set", "vm1", "group=daemon")
    here.ctl("start", "vm1")
    info = os.stat(os.path.join(here.run, "vm1.monitor.sock"))
    assert info.st_mode & 0o777 == 0o660 and info.st_gid == grp.getgrnam("daemon").gr_gid
    here.ctl("stop", "vm1")
    here.ctl("set", "vm1", "group=nosuchgroup")
    assert "there is no group 'nosuchgroup'" in here.ctl("start", "vm1", code=FAILED).err


def test_untracked(here):
    """A VM that somebody starts by hand is shown and can be stopped."""
    os.makedirs(here.run)
    line = [here.script("byhand"), "--cmd_monitor", os.path.join(here.run, "byhand.monitor.sock")]
    with subprocess.Popen(line, stderr=subprocess.DEVNULL) as vm:
        until(lambda: "running" in here.ctl("list").out)
        assert "untracked" in here.ctl("list").out
        assert "has no definition" in here.ctl("del", "byhand", code=STATE).err
        here.ctl("stop", "byhand")
        assert vm.wait(10) == 0


def test_killed_dm(here):
    here.add("vm1")
    here.ctl("start", "vm1")
    pid, = here.processes()
    os.kill(pid, signal.SIGKILL)
    until(lambda: not here.processes())
    assert here.state("vm1") == "stopped"
    here.ctl("start", "vm1")        # over the socket that was left
    here.ctl("stop", "vm1")


def test_stuck_dm(here):
    here.add("vm1")
    here.ctl("start", "vm1")
    pid, = here.processes()
    os.kill(pid, signal.SIGSTOP)
    assert here.state("vm1") == "stuck"
    assert "does not answer" in here.ctl("pause", "vm1", code=TIMEOUT).err
    os.kill(pid, signal.SIGCONT)
    here.ctl("stop", "vm1")


def test_one_dm_gets_the_socket(here):
    """Device models that start at once over a socket that was left: one has it, the others end."""
    os.makedirs(here.run)
    path = os.path.join(here.run, "vm1.monitor.sock")
    script = here.script("vm1")
    for _ in range(10):
        with socket.socket(socket.AF_UNIX) as stale:
            stale.bind(path)
        dms = [subprocess.Popen([script, "--cmd_monitor", path], stderr=subprocess.DEVNULL) for _ in range(4)]
        until(lambda: sum(dm.poll() is None for dm in dms) == 1)    # pylint: disable=cell-var-from-loop
        until(lambda: here.state("vm1") == "running")
        here.ctl("stop", "-f", "vm1")
        assert sorted(dm.wait(10) for dm in dms) == [0, 1, 1, 1]


def test_foreign_socket(here):
    """Something else listens where a command socket should be."""
    os.makedirs(here.run)
    path = os.path.join(here.run, "vm1.monitor.sock")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)
        server.listen(8)
        with subprocess.Popen([os.path.join(BUILD, "acrnctl"), "reset", "vm1"], env=here.env, stderr=subprocess.PIPE) as ctl:
            client, _ = server.accept()
            client.sendall(b'{"greeting":"acrn-dm","protocol":2}\n')
            assert b"another version" in ctl.communicate(timeout=10)[1]
            assert ctl.returncode == FAILED
            client.close()
    os.unlink(path)


def test_blkrescan(here):
    with open(here.path("disk.img"), "wb") as disk:
        disk.truncate(1 << 20)
    here.add("vm1", options="-s 3,virtio-blk,nodisk")
    here.ctl("start", "vm1")
    here.ctl("blkrescan", "vm1", "3," + here.path("disk.img"))
    assert "has a disk already" in here.ctl("blkrescan", "vm1", "3:0," + here.path("disk.img"), code=FAILED).err
    assert "no disk in slot 4:0" in here.ctl("blkrescan", "vm1", "4," + here.path("disk.img"), code=FAILED).err
    assert "SLOT[:FUNC],FILE" in here.ctl("blkrescan", "vm1", "x", code=USAGE).err
    assert "No such file" in here.ctl("blkrescan", "vm1", "3,/nonexistent", code=FAILED).err
    assert here.ctl("top", "-n", "1", json_lines=True).json()[0]["block_read_bytes"] == 0
    here.ctl("stop", "vm1")


def test_console(here):
    here.add("vm1", guest="chatter", options=f"-l com1,socket:{here.top}/com1")
    here.ctl("start", "vm1")
    with subprocess.Popen([os.path.join(BUILD, "acrnctl"), "console", "vm1"], env=here.env, stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as console:
        assert b"tick" in console.stdout.readline() + console.stdout.readline()
        console.stdin.write(b"\x1d")
        console.stdin.flush()
        assert console.wait(10) == 0
    assert "no serial port com2" in here.ctl("console", "-p", "com2", "vm1", code=FAILED).err
    here.ctl("stop", "-f", "vm1")
    here.add("vm2", options="-l com1,stdio")
    here.ctl("start", "vm2")
    assert "nobody can connect" in here.ctl("console", "vm2", code=FAILED).err
    here.ctl("stop", "vm2")


def test_top(here):
    here.add("vm1", guest="chatter", options=f"-l com1,file:{here.top}/out")
    here.ctl("start", "vm1")
    rounds = here.ctl("top", "-n", "2", "-d", "1", json_lines=True).json()
    assert len(rounds) == 2 and rounds[1]["io_requests"] > rounds[0]["io_requests"]
    assert rounds[1]["io_requests_per_s"] > 10 and rounds[1]["uptime_ns"] - rounds[0]["uptime_ns"] > 9e8
    assert "vm1" in here.ctl("top", "-n", "1").out
    here.ctl("stop", "-f", "vm1")


def test_events(here):
    here.add("vm1", guest="reset=300 poweroff=600")
    here.ctl("start", "vm1")
    lines = here.ctl("events", "vm1").out.splitlines()
    assert lines == ["vm1 reset by=guest", "vm1 started resets=1", "vm1 shutdown",
                     "vm1 stopped reason=poweroff exit_code=0"], lines


def test_crash_is_told(here):
    here.add("vm1", guest="crash=300")
    here.ctl("start", "vm1")
    lines = here.ctl("events", "vm1", json_lines=True).json()
    assert [(e["event"], e.get("kind"), e.get("exit_code")) for e in lines] == [
        ("crash", "triple_fault", None), ("stopped", None, 3)]


def test_started_by_many_at_once(here):
    """One of them starts it, the others are told."""
    here.add("vm1")
    starts = [subprocess.Popen([os.path.join(BUILD, "acrnctl"), "start", "vm1"], env=here.env, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE) for _ in range(8)]
    codes = sorted(start.wait(20) for start in starts)
    said = b"".join(b"".join(start.communicate()) for start in starts)
    assert codes == [OK] + [STATE] * 7, said
    assert said.count(b"vm1 started") == 1 and len(here.processes()) == 1
    here.ctl("stop", "vm1")


def test_starts_and_stops_many_times(here):
    here.add("vm1")
    begin = time.monotonic()
    for _ in range(10):
        here.ctl("start", "vm1")
        here.ctl("stop", "-f", "vm1")
    assert time.monotonic() - begin < 20


def test_completion(here):
    """Every command is offered, and names of VMs."""
    def complete(*words):
        script = (f"PATH={BUILD}:$PATH; . tools/acrnctl/completion.bash; COMP_WORDS=({' '.join(words)} ''); "
                  f"COMP_CWORD={len(words)}; _acrnctl; echo \"${{COMPREPLY[@]}}\"")
        return subprocess.run(["bash", "-c", script], env=here.env, capture_output=True, text=True, check=True,
                              cwd=os.path.join(BUILD, "..")).stdout.split()

    usage = here.ctl("help").out.splitlines()
    commands = [line.split()[0] for line in usage if line.startswith("  ")]
    assert len(commands) == 14 and set(commands) <= set(complete("acrnctl"))
    here.add("vm1")
    assert complete("acrnctl", "start") == ["vm1"]
    assert "order=" in complete("acrnctl", "set", "vm1")


def test_man_page_lists_the_commands(here):
    with open(os.path.join(BUILD, "../doc/man/acrnctl.1"), encoding="ascii") as file:
        page = file.read()
    for line in here.ctl("help").out.splitlines():
        if line.startswith("  "):
            word = line.split()[0]
            assert f".BR {word} " in page or f'" {word} "' in page or f"{word} \"" in page, word


def machine(here, *vms):
    """What /dev/acrn_hsm says there is (tests/tools/fake_hypervisor.c)."""
    with open(here.path("machine.new"), "w", encoding="ascii") as file:
        file.writelines(vm + "\n" for vm in vms)
    # Whoever looks meanwhile sees the one or the other.
    os.replace(here.path("machine.new"), here.path("machine"))
    here.env.update(LD_PRELOAD=os.path.join(BUILD, "tools/fake_hypervisor.so"), FAKE_VMS=here.path("machine"))


def test_other_vms(here):
    """Pre-launched VMs and the Service VM are listed, and that is all that can be done with them."""
    machine(here, "0 rt 0 2 1 64 100", "1 service 1 2 2 2048 25", "3 vm1 2 2 2 32 50", "4 silent 2 3 1 32 0")
    here.add("vm1")
    here.ctl("start", "vm1")
    out = here.ctl("list").out
    assert [line.split()[0] for line in out.splitlines()] == ["vm1", "rt", "service", "silent"]
    assert re.search(r"^rt +running +1 vCPU, 64 MiB, ran \d+\.\d s \(pre-launched, only to be looked at\)$", out, re.M)
    assert re.search(r"^silent +paused .*\(post-launched", out, re.M) and re.search(r"^vm1 +running +2 vCPUs, 32 MiB, ran", out, re.M)
    one, rival = here.ctl("list", "rt", "vm1", json_lines=True).json()
    assert (one["kind"], one["read_only"], one["memory_bytes"]) == ("pre-launched", True, 64 << 20) and "defined" not in one
    assert "kind" not in rival and rival["defined"] and rival["run_ns"] > 0 and rival["exits"] > 0
    assert "it can only be looked at" in here.ctl("stop", "rt", code=DENIED).err
    assert "no command socket" in here.ctl("pause", "silent", code=DENIED).err
    assert "no such VM" in here.ctl("list", "nobody", code=NO_VM).err
    here.ctl("stop", "vm1")
    assert re.search(r"^vm1 +stopped$", here.ctl("list").out, re.M)


def test_top_shows_processor_time(here):
    machine(here, "0 rt 0 2 1 64 100", "1 service 1 2 2 2048 25")
    here.add("vm1")
    here.ctl("start", "vm1")
    vms = {vm["vm"]: vm for vm in here.ctl("top", "-n", "2", "-d", "1", json_lines=True).json()[3:]}
    assert list(vms) == ["vm1", "rt", "service"]
    # Nanoseconds a second; the fakes are exact, but each VM is asked a little later than its clock.
    assert 0.9e9 < vms["rt"]["run_ns_per_s"] < 1.1e9 and "cpu_ns" not in vms["rt"]
    assert 0.45e9 < vms["service"]["run_ns_per_s"] < 0.55e9
    assert 0.9e9 < vms["vm1"]["run_ns_per_s"] < 1.1e9 and 0.18e9 < vms["vm1"]["wait_ns_per_s"] < 0.22e9
    assert vms["vm1"]["exits_per_s"] > 0 and "io_requests" in vms["vm1"]
    head, line = here.ctl("top", "-n", "1", "rt").out.splitlines()
    assert head.split()[:4] == ["VM", "STATE", "MEM-MiB", "CPU%"]
    assert line.split()[:4] == ["rt", "running", "64", "100.0"] and line.split()[6:] == ["-"] * 6
    here.ctl("stop", "vm1")


def test_older_module(here):
    """Without the calls there are the VMs with sockets, and nothing else."""
    here.add("vm1")
    for kind in ("old", "mainline"):
        machine(here, kind)
        assert here.ctl("list").out.startswith("vm1") and here.ctl("list").out.count("\n") == 1
        assert here.ctl("top", "-n", "1").out.count("\n") == 1
        assert "no such VM" in here.ctl("stop", "rt", code=NO_VM).err
