# SPDX-License-Identifier: BSD-3-Clause
"""virtacrnd with stock virsh, and with bare messages."""
import os
import socket
import struct
import subprocess

import place
from place import until

REMOTE, KEEPALIVE = 0x20008086, 0x6b656570
CALL, REPLY, MESSAGE, STREAM = range(4)
ERRORS = {"NO_SUPPORT": 3, "OPERATION_DENIED": 29, "RPC": 39, "AUTH_FAILED": 45, "OPERATION_INVALID": 55,
          "ARGUMENT_UNSUPPORTED": 74}


class Virt:
    """A virtacrnd of a case."""

    def __init__(self, here, *options, guest="listen", socket="virt"):
        self.here = here
        self.socket = here.path(socket)
        here.env["HOME"] = here.top
        self.daemon = here.daemon("virtacrnd", "-t", "-s", self.socket, "-d", place.DM, "-L", here.path("libvirt"), *options, env={"FAKE_GUEST": guest})
        here.ready(self.daemon)

    def virsh(self, *words, code=0, read_only=False, **more):
        """What stock virsh says, which must end with this code."""
        uri = f"acrn+unix:///system?socket={self.socket}{'-ro' if read_only else ''}"
        line = ["virsh", "-q", *(["-r"] if read_only else []), "-c", uri, *words]
        done = subprocess.run(line, env=self.here.env, capture_output=True, text=True, timeout=60, check=False,
                              stdin=subprocess.DEVNULL, **more)
        assert done.returncode == code, f"{words}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout if code == 0 else done.stderr

    def shell(self, *lines):
        """An interactive virsh that has been given these lines; it ends with the case."""
        uri = f"acrn+unix:///system?socket={self.socket}"
        shell = subprocess.Popen(["virsh", "-c", uri], env=self.here.env, stdin=subprocess.PIPE, text=True,
                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        shell.stdin.write("".join(line + "\n" for line in lines))
        shell.stdin.flush()
        self.here.daemons.append(shell)
        shell.output = ""
        return shell

    def xml(self, name="vm1", more="", devices="", memory="32", uuid=None):
        """Writes a domain's XML and returns its path."""
        path = self.here.path(name + ".xml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(f"<domain type='acrn' xmlns:acrn='http://libvirt.org/schemas/domain/acrn/1.0'>\n<name>{name}</name>\n"
                       + (f"<uuid>{uuid}</uuid>\n" if uuid else "") +
                       f"<memory unit='MiB'>{memory}</memory>\n<os><type>hvm</type><kernel>{self.here.top}/bzImage</kernel></os>\n"
                       f"{more}<devices>{devices}</devices>\n</domain>\n")
        return path

    def define(self, name="vm1", **more):
        return self.virsh("define", self.xml(name, **more))

    def shut_down(self, name):
        """Presses its power button, as soon as the guest listens, and waits for its end."""
        uuid = self.virsh("domuuid", name).strip()
        until(lambda: self.raw().call(33, domain(name, uuid))[0] == 0)
        until(lambda: self.virsh("domstate", name).strip() == "shut off")

    def raw(self, read_only=False, opened=True):
        return Raw(self.socket + ("-ro" if read_only else ""), opened)


def text(string):
    """A string as XDR."""
    data = string.encode()
    return struct.pack(">I", len(data)) + data + b"\0" * (-len(data) % 4)


def some_text(string):
    return b"\0\0\0\1" + text(string)


def domain(name, uuid, number=-1):
    return text(name) + bytes.fromhex(uuid.replace("-", "")) + struct.pack(">i", number)


class Raw:
    """A connection that sends what it likes."""

    def __init__(self, path, opened):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(10)
        self.sock.connect(path)
        self.serial = 0
        if opened:
            assert self.call(1, some_text("acrn:///system") + b"\0" * 4) == (0, b"")

    def send(self, procedure, data=b"", kind=CALL, status=0, program=REMOTE):
        self.serial += 1
        self.sock.sendall(struct.pack(">7I", 28 + len(data), program, 1, procedure, kind, self.serial, status) + data)

    def bytes(self, number):
        data = b""
        while len(data) < number:
            more = self.sock.recv(number - len(data))
            if not more:
                raise EOFError(data)
            data += more
        return data

    def message(self):
        """The next message: its head behind the length, and its data."""
        size = struct.unpack(">I", self.bytes(4))[0]
        data = self.bytes(size - 4)
        return struct.unpack(">6I", data[:24]), data[24:]

    def call(self, procedure, data=b"", **more):
        """The reply's status and data; for an error its code and words."""
        self.send(procedure, data, **more)
        return self.reply()

    def reply(self):
        head, data = self.message()
        assert head[3] == REPLY and head[4] in (0, self.serial), head
        if head[5] == 0:
            return 0, data
        code, _, there, size = struct.unpack(">4I", data[:16])
        assert there == 1
        return code, data[16:16 + size].decode()

    def ended(self):
        try:
            return self.sock.recv(1) == b""
        except ConnectionResetError:
            return True
