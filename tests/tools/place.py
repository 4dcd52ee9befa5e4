# SPDX-License-Identifier: BSD-3-Clause
"""A place of its own for one case: folders, a kernel, VMs, and a look at what is left at the end."""
import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import time

BUILD = os.path.realpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../build"))
DM = os.path.join(BUILD, "tools/acrn-dm")


def until(what, seconds=10):
    """Waits until what() is true, and returns it."""
    end = time.monotonic() + seconds
    while True:
        value = what()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"did not happen in {seconds} s: {what}")
        time.sleep(0.01)


def bzimage():
    """A kernel that the device model takes."""
    image = bytearray(b"\0" * 1024 + b"\x90" * 7168)
    image[0x1F1] = 1
    struct.pack_into("<H", image, 0x1FE, 0xAA55)
    image[0x200:0x202] = b"\xEB\x66"
    image[0x202:0x206] = b"HdrS"
    struct.pack_into("<H", image, 0x206, 0x020F)
    image[0x211] = 1
    struct.pack_into("<I", image, 0x22C, 0x37FFFFFF)
    struct.pack_into("<I", image, 0x230, 0x200000)
    image[0x234] = 1
    struct.pack_into("<H", image, 0x236, 1)
    struct.pack_into("<I", image, 0x238, 2047)
    struct.pack_into("<Q", image, 0x258, 0x1000000)
    struct.pack_into("<I", image, 0x260, 0x400000)
    return bytes(image)


class Skip(Exception):
    """What a case needs is not here; its words say what."""


def need_root():
    if os.getuid():
        raise Skip("it needs root")


class Answer:
    """What a command said."""

    def __init__(self, done):
        self.code, self.out, self.err = done.returncode, done.stdout, done.stderr

    def json(self):
        return [json.loads(line) for line in self.out.splitlines()]


class Place:
    def __enter__(self):
        self.top = tempfile.mkdtemp(prefix="tools-")
        self.run = os.path.join(self.top, "run")
        self.conf = os.path.join(self.top, "conf")
        self.env = dict(os.environ, ACRN_RUN_DIR=self.run, ACRN_CONF_DIR=self.conf, LC_ALL="C", TZ="UTC")
        self.daemons = []
        with open(self.path("bzImage"), "wb") as kernel:
            kernel.write(bzimage())
        return self

    def __exit__(self, kind, value, trace):
        for daemon in self.daemons:
            if daemon.poll() is None:
                daemon.kill()
            daemon.wait()
        # Whoever has just said that it ends may take a moment.
        end = time.monotonic() + 3
        while kind is None and self.processes() and time.monotonic() < end:
            time.sleep(0.01)
        left = self.processes()
        for pid in left:
            os.kill(pid, signal.SIGKILL)
        sockets = [f for f in self.files() if f.endswith(".sock")]
        shutil.rmtree(self.top)
        if kind is None:
            assert not left, f"processes are left: {left}"
            assert not sockets, f"sockets are left: {sockets}"

    def path(self, name):
        return os.path.join(self.top, name)

    def files(self):
        return [os.path.join(folder, name) for folder, _, names in os.walk(self.top) for name in names]

    def processes(self):
        """Device models of this place, alive."""
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/cmdline", "rb") as file:
                    words = file.read().split(b"\0")
                with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
                    state = file.read().rsplit(")", 1)[1].split()[0]
            except OSError:
                continue
            if state != "Z" and words[0] == DM.encode() and any(self.top.encode() in word for word in words):
                found.append(int(pid))
        return found

    def script(self, name, guest="listen", options="", before=""):
        """Writes a launch file and returns its path."""
        path = self.path(name + ".sh")
        with open(path, "w", encoding="ascii") as file:
            file.write(f"#!/bin/sh\n{before}\nexport FAKE_GUEST='{guest}'\n"
                       f"exec {DM} -m 32M -k {self.top}/bzImage {options} \"$@\" {name}\n")
        os.chmod(path, 0o755)
        return path

    def ctl(self, *words, code=0, json_lines=False, **more):
        """Runs acrnctl, which must end with this code, or one of these."""
        line = [os.path.join(BUILD, "acrnctl"), words[0]] + (["--json"] if json_lines else []) + list(words[1:])
        done = subprocess.run(line, env=self.env, capture_output=True, text=True, timeout=60, check=False, **more)
        allowed = code if isinstance(code, tuple) else (code,)
        assert done.returncode in allowed, f"{words}: {done.returncode}\n{done.stdout}{done.stderr}"
        return Answer(done)

    def daemon(self, name, *words, out=None, env=None):
        """Starts a daemon; said() shows its output by its name, or by @out."""
        path = self.path(f"{len(self.daemons)}.{out or name}.out")
        with open(path, "wb") as file:
            daemon = subprocess.Popen([os.path.join(BUILD, name)] + list(words), env=dict(self.env, **(env or {})),
                                      stdout=file, stderr=subprocess.STDOUT)
        daemon.output = path
        self.daemons.append(daemon)
        return daemon

    @staticmethod
    def ready(daemon):
        """Waits until the daemon says that it is ready: before, a signal would only end it."""
        def said():
            with open(daemon.output, encoding="utf-8") as file:
                return "ready\n" in file.read()
        until(said)

    def said(self, name):
        """What all daemons of that name have said, in the order of their starts."""
        text = ""
        for daemon in self.daemons:
            if daemon.output.endswith(f".{name}.out"):
                with open(daemon.output, encoding="utf-8") as file:
                    text += file.read()
        return text

    def expect(self, name, words, seconds=10):
        """Waits until the daemon has said these words."""
        until(lambda: words in self.said(name) or None, seconds)

    def add(self, name, guest="listen", options="", before=""):
        self.ctl("add", self.script(name, guest, options, before))

    def state(self, name):
        answer = self.ctl("list", name, json_lines=True).json()
        return answer[0]["state"]

    def monitor(self, name):
        """A raw connection to a VM's command socket, behind its greeting."""
        sock = socket.socket(socket.AF_UNIX)
        sock.settimeout(10)
        sock.connect(os.path.join(self.run, name + ".monitor.sock"))
        file = sock.makefile("rw", encoding="utf-8")
        json.loads(file.readline())
        return file

    def query(self, name):
        """What its acrn-dm says of itself."""
        with self.monitor(name) as file:
            file.write('{"command":"query"}\n')
            file.flush()
            return json.loads(file.readline())["result"]
