# SPDX-License-Identifier: BSD-3-Clause
"""virtacrnd: networks and the like, with a stock libvirtd, without one, and with something else in its place."""
import os
import shutil
import socket
import subprocess
import threading
import xml.etree.ElementTree as ET

from place import Skip, need_root, until
from virt import Virt, text

NETWORK = "<network><name>isolated</name><bridge name='virbr77'/></network>"
LIBVIRTD = shutil.which("libvirtd", path="/usr/sbin:/usr/bin")
# The daemon of a namespace of its own, which finds none of the machine's files.
OWN_FOLDERS = """
set -e
for folder in /run /etc/libvirt /var/lib/libvirt /var/cache/libvirt /var/log/libvirt; do
	mkdir -p $folder
	mount -t tmpfs own $folder
done
cp /etc/passwd /etc/group /run/
grep -q ^libvirt-qemu: /run/passwd || echo libvirt-qemu:x:64055:64055::/:/bin/false >>/run/passwd
grep -q ^libvirt-qemu: /run/group || echo libvirt-qemu:x:64055: >>/run/group
mount --bind /run/passwd /etc/passwd
mount --bind /run/group /etc/group
exec "$0" "$@"
"""


def libvirtd(here):
    """Starts one whose sockets are in this case's folder."""
    need_root()
    if not LIBVIRTD:
        raise Skip("there is no libvirtd (Debian package libvirt-daemon)")
    folder = here.path("libvirt")
    os.mkdir(folder)
    with open(here.path("libvirtd.conf"), "w", encoding="ascii") as file:
        file.write(f'unix_sock_dir = "{folder}"\nauth_unix_ro = "none"\nauth_unix_rw = "none"\n')
    with open(here.path("libvirtd.out"), "wb") as out:
        daemon = subprocess.Popen(["unshare", "-m", "sh", "-c", OWN_FOLDERS, LIBVIRTD, "-f", here.path("libvirtd.conf")], stdout=out,
                                  stderr=subprocess.STDOUT)
    here.daemons.append(daemon)
    daemon.output = here.path("libvirtd.out")


def test_with_libvirtd(here):
    libvirtd(here)
    virt = Virt(here)
    with open(here.path("net.xml"), "w", encoding="ascii") as file:
        file.write(NETWORK)
    until(lambda: os.path.exists(here.path("libvirt/libvirt-sock-ro")), 20)
    virt.virsh("net-define", here.path("net.xml"))
    assert virt.virsh("net-list", "--all", "--name").split() == ["isolated"]
    assert ET.fromstring(virt.virsh("net-dumpxml", "isolated")).find("bridge").get("name") == "virbr77"
    assert "no network with matching name 'other'" in virt.virsh("net-info", "other", code=1)
    # One who only looks is one there, too.
    assert virt.virsh("net-list", "--all", "--name", read_only=True).split() == ["isolated"]
    code, words = virt.raw(read_only=True).call(41, text(NETWORK))
    assert code == 29 and "read only" in words, words
    assert virt.virsh("secret-list") is not None
    virt.virsh("net-undefine", "isolated")
    assert virt.virsh("net-list", "--all", "--name").split() == []
    # Domains and storage are ours all the same.
    virt.define()
    assert virt.virsh("list", "--all", "--name").split() == ["vm1"]
    for name in os.listdir(here.path("libvirt")):
        os.unlink(os.path.join(here.path("libvirt"), name))


def test_without(here):
    virt = Virt(here)
    for words in ("net-list --all", "iface-list --all", "nodedev-list", "secret-list", "nwfilter-list"):
        assert virt.virsh(*words.split(), read_only=True).strip() == "", words
    assert "there is no network: no libvirtd answers" in virt.virsh("net-info", "default", code=1)
    said = virt.virsh("net-create", virt.xml(), code=1)
    assert "it is libvirtd's (network), and none answers" in said
    assert "no device is known" in virt.virsh("nodedev-dumpxml", "pci_0000_00_00_0", code=1)


def test_with_something_else(here):
    """What does not behave like one costs the call, and nothing more."""
    os.mkdir(here.path("libvirt"))
    path = here.path("libvirt/virtnetworkd-sock")
    for says in (b"", b"\0\0\0\4", b"\xff" * 64, b"\0\0\0\x1c" + b"\0" * 24):
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(path)
            listener.listen()

            def answer(words=says, there=listener):
                connection = there.accept()[0]
                connection.sendall(words)
                connection.close()
            thread = threading.Thread(target=answer)
            thread.start()
            virt = Virt(here)
            assert virt.virsh("net-list", "--all").strip() == ""
            thread.join()
        os.unlink(path)
        virt.daemon.terminate()
        virt.daemon.wait()
