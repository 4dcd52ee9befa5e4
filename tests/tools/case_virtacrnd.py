# SPDX-License-Identifier: BSD-3-Clause
"""virtacrnd: the connection, the machine, and VMs looked at by stock virsh; who may; messages that are none."""
import grp
import os
import signal
import socket
import struct
import subprocess
import time
import xml.etree.ElementTree as ET

from place import need_root, until
from virt import CALL, ERRORS, KEEPALIVE, MESSAGE, Virt, text


def test_machine(here):
    virt = Virt(here)
    assert virt.virsh("hostname").strip() == socket.gethostname()
    version = virt.virsh("version")
    assert "Using API: ACRN" in version and "Running hypervisor: ACRN 0.1.0" in version
    node = dict(line.split(":") for line in virt.virsh("nodeinfo").splitlines() if line)
    assert int(node["CPU(s)"]) == os.cpu_count() == int(virt.virsh("maxvcpus"))
    with open("/proc/meminfo", encoding="ascii") as file:
        assert int(node["Memory size"].split()[0]) == int(file.readline().split()[1])
    product = int(node["CPU socket(s)"]) * int(node["Core(s) per socket"]) * int(node["Thread(s) per core"])
    assert product == os.cpu_count()
    assert "<domain type='acrn'/>" in virt.virsh("capabilities")
    assert f"CPUs online:    {os.cpu_count()}" in virt.virsh("nodecpumap")
    assert "KiB" in virt.virsh("freecell")


def test_what_the_host_can(here):
    virt = Virt(here)
    root = ET.fromstring(virt.virsh("domcapabilities"))
    assert root.findtext("domain") == "acrn" and int(root.find("vcpu").get("max")) == os.cpu_count()
    here.add("vm1")
    virt.virsh("start", "vm1")
    said = virt.virsh("qemu-monitor-command", "vm1", "--hmp", "info status", code=1)
    assert "unknown program 0x20008087" in said, said
    # That was a call like any other: the same VM by name, number and UUID.
    for name in ("vm1", virt.virsh("domid", "vm1").strip(), virt.virsh("domuuid", "vm1").strip()):
        assert virt.virsh("domstate", name).strip() == "running"
    virt.virsh("destroy", "vm1")


def test_list(here):
    virt = Virt(here)
    assert virt.virsh("list", "--all").strip() == ""
    here.add("vm1")
    here.add("vm2")
    here.ctl("start", "vm2")
    here.ctl("set", "vm1", "autostart=yes")
    rows = [line.split(maxsplit=2) for line in virt.virsh("list", "--all").splitlines() if line]
    pid, = here.processes()
    assert sorted(rows) == sorted([[str(pid), "vm2", "running"], ["-", "vm1", "shut off"]]), rows
    for words, names in {"--inactive": "vm1", "": "vm2", "--all --autostart": "vm1", "--all --no-autostart": "vm2",
                         "--all --state-running": "vm2", "--all --state-paused": "", "--all --persistent": "vm1 vm2",
                         "--all --transient": "", "--all --with-snapshot": "", "--all --with-managed-save": "",
                         "--all --without-snapshot": "vm1 vm2"}.items():
        got = virt.virsh("list", "--name", *words.split()).split()
        assert sorted(got) == names.split(), (words, got)
    here.ctl("pause", "vm2")
    assert virt.virsh("domstate", "vm2").strip() == "paused"
    assert virt.virsh("list", "--all", "--name", "--state-paused").split() == ["vm2"]
    here.ctl("stop", "-f", "vm2")
    assert virt.virsh("domstate", "vm2").strip() == "shut off"


def test_dominfo(here):
    virt = Virt(here)
    here.add("vm1", guest="chatter")
    here.ctl("start", "vm1")
    info = dict(line.split(":", 1) for line in virt.virsh("dominfo", "vm1").splitlines() if line)
    info = {key: value.strip() for key, value in info.items()}
    pid, = here.processes()
    assert info["Id"] == str(pid) and info["Name"] == "vm1" and info["State"] == "running", info
    assert info["Max memory"] == "32768 KiB" and int(info["CPU(s)"]) >= 1, info
    assert info["Persistent"] == "yes" and info["Autostart"] == "disable", info

    def used():
        line, = [line for line in virt.virsh("dominfo", "vm1").splitlines() if line.startswith("CPU time")]
        return float(line.split()[2].rstrip("s"))
    first = used()
    until(lambda: used() > first)
    # By name, UUID and id it is the same VM.
    uuid = virt.virsh("domuuid", "vm1").strip()
    assert virt.virsh("domname", uuid).strip() == "vm1"
    assert virt.virsh("domname", str(pid)).strip() == "vm1"
    assert virt.virsh("domid", uuid).strip() == str(pid)
    assert "failed to get domain 'vm3'" in virt.virsh("dominfo", "vm3", code=1)
    here.ctl("stop", "-f", "vm1")
    assert virt.virsh("domuuid", "vm1").strip() == uuid


def test_vm_that_does_not_answer(here):
    """One VM's acrn-dm hangs: it is told so, and other calls and keepalives are answered meanwhile."""
    virt = Virt(here)
    here.add("vm1")
    here.ctl("start", "vm1")
    pid, = here.processes()
    os.kill(pid, signal.SIGSTOP)
    raw = virt.raw()
    raw.send(273, struct.pack(">2I", 1, 0))
    sent = time.monotonic()
    raw.send(1, kind=MESSAGE, program=KEEPALIVE)
    head, data = raw.message()
    assert (head, data) == ((KEEPALIVE, 1, 2, MESSAGE, 0, 0), b"") and time.monotonic() - sent < 0.5
    assert raw.message()[0][2] == 273
    assert virt.virsh("domstate", "vm1").strip() == "no state"
    os.kill(pid, signal.SIGCONT)
    until(lambda: virt.virsh("domstate", "vm1").strip() == "running")
    here.ctl("stop", "-f", "vm1")


def test_read_only(here):
    virt = Virt(here)
    here.add("vm1")
    assert virt.virsh("list", "--all", "--name", read_only=True).split() == ["vm1"]
    assert virt.virsh("nodeinfo", read_only=True)
    # Read-only by its socket, whatever its flags say.
    raw = virt.raw(read_only=True)
    assert raw.call(273, struct.pack(">2I", 0, 0)) == (0, struct.pack(">2I", 0, 1))


def test_uri(here):
    """Stock clients find the daemon by acrn:///system alone, where its sockets are in their usual place."""
    need_root()
    virt = Virt(here)
    here.add("vm1")
    folder = here.path("run-libvirt")
    os.mkdir(folder)
    for tail in "", "-ro":
        os.symlink(virt.socket + tail, os.path.join(folder, "virtacrnd-sock" + tail))
    # In a namespace of its own, /run is ours.
    line = f"mount -t tmpfs own /run && mkdir /run/libvirt && mount --bind {folder} /run/libvirt && exec virsh -q "
    for words in "-c acrn:///system list --all --name", "-r -c acrn:///system list --all --name":
        done = subprocess.run(["unshare", "-m", "sh", "-c", line + words], env=here.env, capture_output=True, text=True, timeout=30,
                              check=False, stdin=subprocess.DEVNULL)
        assert done.returncode == 0 and done.stdout.split() == ["vm1"], done.stdout + done.stderr


def as_user(uid, gid, *groups):
    return {"user": uid, "group": gid, "extra_groups": groups}


def test_who_may(here):
    need_root()
    group = grp.getgrnam("users")
    virt = Virt(here, "-g", group.gr_name)
    os.chmod(here.top, 0o711)
    here.env["HOME"] = "/nonexistent"
    assert os.stat(virt.socket).st_mode & 0o777 == 0o660 and os.stat(virt.socket).st_gid == group.gr_gid
    assert os.stat(virt.socket + "-ro").st_mode & 0o777 == 0o666
    assert virt.virsh("hostname", **as_user(65534, 65534, group.gr_gid))
    assert virt.virsh("hostname", read_only=True, **as_user(65534, 65534))
    assert "Permission denied" in virt.virsh("hostname", code=1, **as_user(65534, 65534))
    # The socket's mode is not all there is.
    os.chmod(virt.socket, 0o666)
    said = virt.virsh("hostname", code=1, **as_user(65534, 65534))
    assert "user 65534 may not manage VMs: only root and members of the daemon's group may" in said
    assert "user 65534 may not manage VMs" in here.said("virtacrnd")


def test_calls_that_are_refused(here):
    virt = Virt(here)
    raw = virt.raw(opened=False)
    assert raw.call(59)[0] == ERRORS["OPERATION_INVALID"]
    assert raw.call(66) == (0, b"\0\0\0\0")
    assert raw.call(60, struct.pack(">I", 10)) == (0, b"\0\0\0\1")
    assert raw.call(60, struct.pack(">I", 15)) == (0, b"\0\0\0\0")
    raw = virt.raw()
    for procedure in (0, 100000, 0xFFFFFFFF):
        code, words = raw.call(procedure)
        assert code == ERRORS["RPC"] and words.startswith("unknown procedure"), words
    assert raw.call(105)[0] == ERRORS["NO_SUPPORT"]
    assert raw.call(1, program=0x20008087) == (ERRORS["RPC"], "unknown program 0x20008087 version 1; 0x20008086 version 1 is served")
    code, words = raw.call(273, struct.pack(">2I", 1, 0x80000))
    assert code == ERRORS["ARGUMENT_UNSUPPORTED"] and "0x80000" in words
    # Arguments too short, too long, and a string longer than its message.
    for data in (b"", b"\0" * 12, b"\0" * 7):
        code, words = raw.call(273, data)
        assert code == ERRORS["RPC"] and "list_all_domains: its arguments" in words
    assert raw.call(23, struct.pack(">I", 4194304))[0] == ERRORS["RPC"]
    assert raw.call(23, text("../../etc"))[0] == 42
    code, words = raw.call(23, struct.pack(">I", 5) + b"vm1\0x\0\0\0")
    assert code == ERRORS["RPC"] and "a text with a zero byte" in words
    assert raw.call(59, status=1)[0] == ERRORS["RPC"]
    # And it goes on all the same.
    assert raw.call(59) == (0, text(socket.gethostname()))


def test_messages_that_are_none(here):
    virt = Virt(here)
    for size in (0, 27, 4 * 1024 * 1024 + 1, 0xFFFFFFFF):
        raw = virt.raw()
        raw.sock.sendall(struct.pack(">I", size))
        code, words = raw.reply()
        assert code == ERRORS["RPC"] and f"a message of {size} bytes; 28 to 4194304 are allowed" in words
        assert raw.ended()
    for kind in (1, 2, 4, 77):
        raw = virt.raw()
        raw.send(59, kind=kind)
        head, data = raw.message()
        assert head[5] == 1 and f"a message of type {kind}".encode() in data and raw.ended()
    raw = virt.raw()
    raw.send(3, kind=MESSAGE, program=KEEPALIVE)
    assert b"neither a ping nor a pong" in raw.message()[1] and raw.ended()
    assert "a message of type 77; clients send calls (0) and streams (3); connection closed" in here.said("virtacrnd")
    # Byte by byte is no error.
    raw = virt.raw()
    for byte in struct.pack(">7I", 28, 0x20008086, 1, 59, CALL, 1, 0):
        raw.sock.sendall(bytes([byte]))
    raw.serial = 1
    assert raw.reply() == (0, text(socket.gethostname()))


def test_many_calls_at_once(here):
    """More than are served at once: none is lost; and one who never reads is dropped, not waited for."""
    virt = Virt(here)
    raw = virt.raw()
    for _ in range(500):
        raw.send(59)
    serials = sorted(raw.message()[0][4] for _ in range(500))
    assert serials == list(range(2, 502))
    others = [virt.raw(read_only=True) for _ in range(100)]
    for other in others:
        other.send(59)
    assert all(other.reply()[0] == 0 for other in others)
    deaf, dropped = virt.raw(), False
    try:
        for _ in range(1000000):
            deaf.send(7)
    except ConnectionError:
        dropped = True
    assert dropped and virt.virsh("hostname")


def test_too_many_clients(here):
    virt = Virt(here)
    clients = [virt.raw(read_only=True) for _ in range(128)]
    late = virt.raw(read_only=True, opened=False)
    assert late.call(66) == (ERRORS["AUTH_FAILED"], "too many connections: 128 are served at once")
    assert late.ended()
    # The other socket has places of its own, and one that is free is given again.
    assert virt.virsh("hostname")
    clients.pop().sock.close()
    until(lambda: virt.raw(read_only=True, opened=False).call(66)[0] == 0)


def test_sockets(here):
    virt = Virt(here)
    second = here.daemon("virtacrnd", "-t", "-s", virt.socket, out="second")
    assert second.wait(10) == 1
    here.expect("second", "another daemon answers there")
    virt.daemon.kill()
    virt.daemon.wait()
    # What a killed one leaves is replaced; what ends in order leaves nothing.
    virt = Virt(here)
    assert virt.virsh("hostname")
    virt.daemon.send_signal(signal.SIGTERM)
    assert virt.daemon.wait(10) == 0
    assert not os.path.exists(virt.socket) and not os.path.exists(virt.socket + "-ro")
    with open(virt.socket, "w", encoding="ascii") as file:
        file.write("mine")
    third = here.daemon("virtacrnd", "-t", "-s", virt.socket, out="third")
    assert third.wait(10) == 1
    here.expect("third", "is no socket; move it away")
    with open(virt.socket, encoding="ascii") as file:
        assert file.read() == "mine"
