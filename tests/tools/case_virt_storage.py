# SPDX-License-Identifier: BSD-3-Clause
"""virtacrnd: storage pools and volumes by stock virsh."""
import os
import subprocess
import xml.etree.ElementTree as ET

from place import need_root
from virt import Virt, text

POOL = "<pool type='dir'><name>{name}</name>{more}<target><path>{path}</path></target></pool>"


def write(here, content):
    with open(here.path("s.xml"), "w", encoding="utf-8") as file:
        file.write(content)
    return here.path("s.xml")


def test_pool(here):
    virt = Virt(here)
    assert virt.virsh("pool-list", "--all").strip() == ""
    folder = here.path("images")
    virt.virsh("pool-define-as", "images", "dir", "--target", folder)
    assert "there is no folder" in virt.virsh("pool-start", "images", code=1)
    virt.virsh("pool-build", "images")
    assert os.path.isdir(folder)
    assert virt.raw().call(78, text("images") + b"\0" * 20) == (0, b"")
    assert virt.virsh("pool-list", "--name", "--all").split() == ["images"]
    assert virt.virsh("pool-list", "--inactive").strip() == ""
    assert virt.virsh("pool-list", "--type", "logical").strip() == ""
    info = virt.virsh("pool-info", "images")
    assert "State:          running" in info and "Persistent:     yes" in info and "Capacity:" in info
    uuid = virt.virsh("pool-uuid", "images").strip()
    assert virt.virsh("pool-name", uuid).strip() == "images"
    root = ET.fromstring(virt.virsh("pool-dumpxml", "images"))
    assert root.findtext("target/path") == folder and root.findtext("uuid") == uuid
    # The next daemon has it, too; what is wrong is refused; forgotten, the files stay.
    virt.daemon.kill()
    virt.daemon.wait()
    virt = Virt(here)
    assert virt.virsh("pool-uuid", "images").strip() == uuid
    for content, words in ((POOL.format(name="images", more="", path="/a"), "'images' is there already, with another uuid"),
                           (POOL.format(name="other", more=f"<uuid>{uuid}</uuid>", path="/a"), "is there already, with this uuid"),
                           (POOL.format(name="other", more="", path=folder + "/"), f"'images' has the folder {folder} already"),
                           (POOL.format(name="a/b", more="", path="/a"), "<name>: 1 to 63 letters"),
                           (POOL.format(name="b", more="", path="a"), "<target><path>: a path from /"),
                           (POOL.format(name="b", more="", path="/" + "x" * 600), "of 511 bytes at most"),
                           (POOL.format(name="b", more="<uuid>x</uuid>", path="/a"), "<uuid>: 32 hexadecimal digits"),
                           (POOL.format(name="b", more="", path="/a").replace("'dir'", "'logical'"), "type 'dir' is what this daemon has"),
                           ("<!DOCTYPE pool [<!ENTITY x 'y'>]>" + POOL.format(name="b", more="", path="/a"), "without a document type")):
        said = virt.virsh("pool-define", write(here, content), code=1)
        assert words in said, (words, said)
    assert "which is always there" in virt.virsh("pool-destroy", "images", code=1)
    with open(os.path.join(folder, "a.img"), "wb") as file:
        file.truncate(5)
    virt.virsh("pool-undefine", "images")
    assert os.path.exists(os.path.join(folder, "a.img")) and virt.virsh("pool-list", "--all").strip() == ""
    assert "no storage pool" in virt.virsh("vol-list", "images", code=1)


def test_volumes(here):
    virt = Virt(here)
    folder = here.path("images")
    virt.virsh("pool-define-as", "images", "dir", "--target", folder)
    virt.virsh("pool-build", "images")
    virt.virsh("vol-create-as", "images", "a.img", "1M")
    virt.virsh("vol-create-as", "images", "b.img", "64K", "--allocation", "0", "--format", "raw")
    stat = os.stat(os.path.join(folder, "a.img"))
    assert stat.st_size == 1 << 20 and stat.st_blocks * 512 >= 1 << 20 and stat.st_mode & 0o777 == 0o600
    assert os.stat(os.path.join(folder, "b.img")).st_blocks == 0
    rows = [line.split() for line in virt.virsh("vol-list", "images").splitlines() if line]
    assert rows == [["a.img", os.path.join(folder, "a.img")], ["b.img", os.path.join(folder, "b.img")]], rows
    assert "Capacity:       1.00 MiB" in virt.virsh("vol-info", "a.img", "images")
    assert virt.virsh("vol-path", "a.img", "images").strip() == os.path.join(folder, "a.img")
    assert virt.virsh("vol-pool", os.path.join(folder, "a.img")).strip() == "images"
    root = ET.fromstring(virt.virsh("vol-dumpxml", "b.img", "images"))
    assert root.findtext("capacity") == "65536" and root.find("target/format").get("type") == "raw"
    assert "exist" in virt.virsh("vol-create-as", "images", "a.img", "1M", code=1).lower()
    assert "type 'raw'" in virt.virsh("vol-create-as", "images", "c.img", "1M", "--format", "qcow2", code=1)
    with open(os.path.join(folder, "a.img"), "r+b") as file:
        file.seek(70000)
        file.write(b"what is in it")
    virt.virsh("vol-clone", "a.img", "copy.img", "images")
    with open(os.path.join(folder, "a.img"), "rb") as one, open(os.path.join(folder, "copy.img"), "rb") as two:
        assert one.read() == two.read()
    virt.virsh("vol-delete", "copy.img", "images")
    # Nothing outside the folder is reached.
    os.symlink("/etc/passwd", os.path.join(folder, "link"))
    for name in "../x", ".hidden", "a,b":
        assert "<name>: a file's name" in virt.virsh("vol-create", "images", write(
            here, f"<volume><name>{name}</name><capacity>1</capacity></volume>"), code=1)
    assert "no storage vol" in virt.virsh("vol-delete", "link", "images", code=1)
    assert "no storage vol" in virt.virsh("vol-path", os.path.join(folder, "../s.xml"), code=1)
    virt.virsh("vol-delete", "a.img", "images")
    virt.virsh("vol-delete", os.path.join(folder, "b.img"))
    assert os.listdir(folder) == ["link"]


def test_full(here):
    """A volume that does not fit is not there at all."""
    need_root()
    virt = Virt(here)
    folder = here.path("small")
    os.mkdir(folder)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "small", folder], check=True)
    try:
        virt.virsh("pool-define-as", "small", "dir", "--target", folder)
        assert "No space left on device" in virt.virsh("vol-create-as", "small", "a.img", "1M", code=1)
        assert os.listdir(folder) == []
    finally:
        subprocess.run(["umount", folder], check=True)


def test_read_only(here):
    virt = Virt(here)
    virt.virsh("pool-define-as", "images", "dir", "--target", here.top)
    raw = virt.raw(read_only=True)
    for procedure in (77, 78, 79, 82, 83, 90, 93, 94, 125):
        code, words = raw.call(procedure)
        assert code == 29 and "forbidden for read only access" in words
    assert virt.virsh("pool-list", "--name", read_only=True).split() == ["images"]
