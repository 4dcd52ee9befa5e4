# SPDX-License-Identifier: BSD-3-Clause
"""virtacrnd: what is in volumes, written and read by stock virsh and by bare messages."""
import os
import socket
import struct
import subprocess

from place import need_root, until
from virt import STREAM, Virt, text

UPLOAD, DOWNLOAD = 208, 209
OK, ERROR, CONTINUE = range(3)
MESSAGE_MAX = 262120


def pool(here, name="images"):
    """A daemon with an empty pool, and the pool's folder."""
    virt = Virt(here)
    folder = here.path(name)
    os.makedirs(folder, exist_ok=True)
    virt.virsh("pool-define-as", name, "dir", "--target", folder)
    return virt, folder


def write(path, content):
    with open(path, "wb") as file:
        file.write(content)
    return path


def read(path):
    with open(path, "rb") as file:
        return file.read()


def opened(pid, path):
    """How often a process has a file open; descriptors come and go meanwhile."""
    count = 0
    for number in os.listdir(f"/proc/{pid}/fd"):
        try:
            count += os.readlink(f"/proc/{pid}/fd/{number}") == path
        except FileNotFoundError:
            pass
    return count


class Stream:
    """An upload or download by bare messages."""

    def __init__(self, virt, procedure, name, offset=0, length=0):
        self.raw, self.procedure = virt.raw(), procedure
        args = text("images") + text(name) + text("") + struct.pack(">QQI", offset, length, 0)
        assert self.raw.call(procedure, args) == (0, b"")
        self.serial = self.raw.serial

    def send(self, data=b"", status=CONTINUE):
        self.raw.serial = self.serial - 1
        self.raw.send(self.procedure, data, kind=STREAM, status=status)

    def take(self):
        """Status of the stream's next message, and its bytes or the error's words."""
        head, data = self.raw.message()
        assert head[2:5] == (self.procedure, STREAM, self.serial), head
        if head[5] != ERROR:
            return head[5], data
        size = struct.unpack(">I", data[12:16])[0]
        return ERROR, data[16:16 + size].decode()


def test_there_and_back(here):
    virt, folder = pool(here)
    virt.virsh("vol-create-as", "images", "a.img", "3M", "--allocation", "0")
    content = os.urandom((3 << 20) - 4097)
    virt.virsh("vol-upload", "a.img", write(here.path("in"), content), "--pool", "images")
    whole = content + bytes(4097)
    assert read(os.path.join(folder, "a.img")) == whole
    here.expect("virtacrnd", f"{folder}/a.img: {len(content)} bytes from byte 0 on written by client")
    virt.virsh("vol-download", "a.img", here.path("out"), "--pool", "images")
    assert read(here.path("out")) == whole
    # Parts; more may be asked for than there is.
    virt.virsh("vol-download", "a.img", here.path("out"), "--pool", "images", "--offset", "70001", "--length", "300001")
    assert read(here.path("out")) == whole[70001:370002]
    virt.virsh("vol-download", "a.img", here.path("out"), "--pool", "images", "--offset", str((3 << 20) - 5000), "--length", "999999")
    assert read(here.path("out")) == whole[-5000:]
    virt.virsh("vol-download", "a.img", here.path("out"), "--pool", "images", "--offset", str(3 << 20))
    assert read(here.path("out")) == b""
    virt.virsh("vol-upload", "a.img", write(here.path("in"), b"patch"), "--pool", "images", "--offset", "100", "--length", "5")
    assert read(os.path.join(folder, "a.img")) == whole[:100] + b"patch" + whole[105:]


def test_bounds(here):
    """What does not fit is refused before or when it comes, and the volume keeps its size."""
    virt, folder = pool(here)
    virt.virsh("vol-create-as", "images", "a.img", "1M")
    small, large = write(here.path("small"), b"x" * 10), write(here.path("large"), b"y" * ((1 << 20) + 1))
    for words, file, said in ((["--offset", "1048577"], small, "offset 1048577: it has 1048576 bytes"),
                              (["--offset", "18446744073709551615"], small, "it has 1048576 bytes"),
                              (["--offset", "1", "--length", "1048576"], small, "length 1048576: 1048575 bytes fit behind byte 1"),
                              (["--offset", "1", "--length", "18446744073709551615"], small, "1048575 bytes fit behind byte 1"),
                              (["--sparse"], small, "without --sparse"),
                              ([], large, "a.img: more than the 1048576 bytes that fit behind byte 0"),
                              (["--offset", "1048570"], small, "a.img: more than the 6 bytes that fit behind byte 1048570"),
                              (["--length", "9"], small, "a.img: more than the 9 bytes that fit behind byte 0")):
        answer = virt.virsh("vol-upload", "a.img", file, "--pool", "images", *words, code=1)
        assert said in answer, (words, answer)
    assert os.stat(os.path.join(folder, "a.img")).st_size == 1 << 20
    for words, said in ((["--offset", "1048577"], "offset 1048577: it has 1048576 bytes"), (["--sparse"], "without --sparse")):
        answer = virt.virsh("vol-download", "a.img", here.path("out"), "--pool", "images", *words, code=1)
        assert said in answer, (words, answer)
    here.expect("virtacrnd", "not all: ")


def test_rules(here):
    """What is no volume of the pool is neither written nor read, and who may only look does neither."""
    virt, folder = pool(here)
    outside = write(here.path("outside"), b"mine")
    os.symlink(outside, os.path.join(folder, "link"))
    os.mkfifo(os.path.join(folder, "fifo"))
    write(os.path.join(folder, ".hidden"), b"mine")
    write(os.path.join(folder, "a.img"), b"mine")
    raw, theirs = virt.raw(), write(here.path("in"), b"over")
    for name in "link", "fifo", ".hidden", "../outside", outside, "..", "none":
        for procedure in UPLOAD, DOWNLOAD:
            code, words = raw.call(procedure, text("images") + text(name) + text("") + struct.pack(">QQI", 0, 0, 0))
            assert code == 50 and "no storage vol" in words, (name, code, words)
    assert "no storage vol" in virt.virsh("vol-upload", "link", theirs, "--pool", "images", code=1)
    raw = virt.raw(read_only=True)
    for procedure in UPLOAD, DOWNLOAD:
        code, words = raw.call(procedure, text("images") + text("a.img") + text("") + struct.pack(">QQI", 0, 0, 0))
        assert code == 29 and "forbidden for read only access" in words
    assert [read(path) for path in (outside, os.path.join(folder, "a.img"), os.path.join(folder, ".hidden"))] == [b"mine"] * 3


def test_full_disk(here):
    need_root()
    folder = here.path("small")
    os.mkdir(folder)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "small", folder], check=True)
    try:
        virt, _ = pool(here, "small")
        virt.virsh("vol-create-as", "small", "a.img", "1M", "--allocation", "0")
        said = virt.virsh("vol-upload", "a.img", write(here.path("in"), b"z" * (1 << 20)), "--pool", "small", code=1)
        assert "No space left on device" in said and "a.img: at byte " in said, said
        here.expect("virtacrnd", "not all: ")
        virt.virsh("vol-delete", "a.img", "small")
        # There is room again, and the next one is whole.
        virt.virsh("vol-create-as", "small", "b.img", "64K", "--allocation", "0")
        virt.virsh("vol-upload", "b.img", write(here.path("in"), b"z" * 65536), "--pool", "small")
        assert read(os.path.join(folder, "b.img")) == b"z" * 65536
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def test_in_use(here):
    """One writes a volume, and nobody removes it meanwhile; nor is the disk of a VM written."""
    virt, folder = pool(here)
    virt.virsh("vol-create-as", "images", "a.img", "1M")
    new = write(here.path("in"), b"new")
    first = Stream(virt, UPLOAD, "a.img")
    first.send(b"old" * 1000)
    for words in ("vol-upload", "a.img", new, "--pool", "images"), ("vol-delete", "a.img", "images"):
        assert "is in use: a VM has it, or it is being written" in virt.virsh(*words, code=1)
    # Given up: confirmed, and free for the next.
    first.send(status=ERROR)
    assert first.take() == (OK, b"")
    here.expect("virtacrnd", "not all: given up")
    virt.virsh("vol-upload", "a.img", new, "--pool", "images")
    # Gone without a word: as if it had given up.
    first = Stream(virt, UPLOAD, "a.img")
    first.raw.sock.close()
    until(lambda: here.said("virtacrnd").count("not all: given up") == 2)
    virt.virsh("vol-upload", "a.img", new, "--pool", "images")
    disk = f"<disk type='file'><source file='{folder}/a.img'/><target dev='vda' bus='virtio'/></disk>"
    virt.define(devices=disk)
    virt.virsh("start", "vm1")
    for words in ("vol-upload", "a.img", new, "--pool", "images"), ("vol-delete", "a.img", "images"):
        assert "is in use: a VM has it" in virt.virsh(*words, code=1)
    virt.virsh("vol-download", "a.img", here.path("out"), "--pool", "images")
    assert len(read(here.path("out"))) == 1 << 20
    virt.virsh("destroy", "vm1")
    virt.virsh("vol-upload", "a.img", new, "--pool", "images")


def test_not_whole(here):
    """The end is confirmed when all is written, or an error comes in its place; late messages are not heeded."""
    virt, folder = pool(here)
    path = os.path.join(folder, "a.img")
    virt.virsh("vol-create-as", "images", "a.img", "1M")
    stream = Stream(virt, UPLOAD, "a.img")
    stream.send(b"1" * MESSAGE_MAX)
    stream.send(b"2" * MESSAGE_MAX)
    stream.send(status=OK)
    assert stream.take() == (OK, b"")
    assert read(path)[:2 * MESSAGE_MAX] == b"1" * MESSAGE_MAX + b"2" * MESSAGE_MAX
    stream = Stream(virt, UPLOAD, "a.img")
    stream.send(b"3" * 10)
    until(lambda: read(path)[:10] == b"3" * 10)
    os.unlink(path)
    stream.send(status=OK)
    status, words = stream.take()
    assert status == ERROR and "it was removed while it was written" in words, (status, words)
    virt.virsh("vol-create-as", "images", "a.img", "1M")
    stream = Stream(virt, UPLOAD, "a.img", offset=(1 << 20) - 4)
    stream.send(b"12345")
    stream.send(b"6")
    status, words = stream.take()
    assert status == ERROR and "more than the 4 bytes that fit" in words
    stream.send(status=ERROR)
    stream = Stream(virt, UPLOAD, "a.img")
    stream.send(b"x" * (MESSAGE_MAX + 1))
    status, words = stream.take()
    assert status == ERROR and f"{MESSAGE_MAX + 1} bytes of a volume in a message; {MESSAGE_MAX} are allowed" in words
    stream = Stream(virt, DOWNLOAD, "a.img")
    stream.send(b"x")
    while stream.take()[0] == CONTINUE:
        pass


def test_slow_reader(here):
    """Who does not read is waited for, costs little, and keeps nobody else; a file that is cut meanwhile is no whole volume."""
    virt, folder = pool(here)
    write(os.path.join(folder, "a.img"), bytes(16 << 20))
    slow = [Stream(virt, DOWNLOAD, "a.img") for _ in range(16)]
    assert "16 are being read or written; wait for one to end" in virt.virsh("vol-download", "a.img", here.path("out"), "--pool", "images", code=1)
    assert "a.img" in virt.virsh("vol-list", "images")
    with open(f"/proc/{virt.daemon.pid}/statm", encoding="ascii") as file:
        assert int(file.read().split()[1]) * 4096 < 64 << 20
    for stream in slow[2:]:
        stream.raw.sock.shutdown(socket.SHUT_RDWR)
    until(lambda: opened(virt.daemon.pid, os.path.join(folder, "a.img")) == 2)
    total = 0
    while True:
        status, data = slow[0].take()
        assert status == CONTINUE
        if not data:
            break
        total += len(data)
    assert total == 16 << 20
    slow[0].send(status=OK)
    assert slow[0].take() == (OK, b"")
    os.truncate(os.path.join(folder, "a.img"), 9 << 20)
    while True:
        status, data = slow[1].take()
        if status != CONTINUE:
            break
        assert data
    assert status == ERROR and f"it was cut to {9 << 20} bytes while it was read" in data, (status, data)
