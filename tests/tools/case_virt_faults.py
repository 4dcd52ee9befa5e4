# SPDX-License-Identifier: BSD-3-Clause
"""virtacrnd: a hundred clients at once, kills at random points, a full disk. Stock clients: virsh, and python's libvirt in this process.

SEED=n repeats a run of kills, KILLS=n makes another number of them than 200.
"""
import os
import random
import signal
import subprocess
import threading
import time
import xml.etree.ElementTree as ET

import libvirt

from place import DM, need_root, until
from virt import Virt

UUID = "c7a5fdbd-edaf-9455-926a-d65c16db18{:02x}"
AUTOSTART = "vma"
libvirt.registerErrorHandler(lambda context, error: None, None)


def test_hundred_clients(here):
    """Each looks at everything, while domains start and end: all are answered."""
    virt = Virt(here)
    for number in range(3):
        virt.define(f"vm{number}")
    virt.virsh("start", "vm0")
    uri = f"acrn+unix:///system?socket={virt.socket}"
    clients = [subprocess.Popen(["virsh", "-q", "-c", uri, "list --all; dominfo vm0; dumpxml vm0; domstats vm0; nodeinfo; vcpuinfo vm0"],
                                env=here.env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL) for _ in range(100)]
    for _ in range(5):
        virt.virsh("start", "vm1")
        virt.virsh("destroy", "vm1")
    for client in clients:
        said = client.communicate(timeout=60)[0].decode()
        assert client.returncode == 0 and "vm0" in said and "</domain>" in said, said
    virt.virsh("destroy", "vm0")


class Storm:
    """What is done to VMs, what is killed meanwhile, and what must be there afterwards."""

    def __init__(self, here, seed):
        self.here, self.random = here, random.Random(seed)
        self.virt = Virt(here)
        self.acrnd = None
        self.running = set()                    # that must run
        self.defined = {}                       # name: MiB of memory
        self.start_acrnd()

    def start_acrnd(self):
        self.acrnd = self.here.daemon("acrnd", "-t", env={"FAKE_GUEST": "listen"})
        self.here.ready(self.acrnd)

    def uri(self):
        return f"acrn+unix:///system?socket={self.virt.socket}"

    def xml(self, name, memory):
        with open(self.virt.xml(name, uuid=UUID.format(ord(name[-1])), memory=str(memory)), encoding="utf-8") as file:
            return file.read()

    # What a client does; True if it was told that it is done.
    def start(self, conn, name):
        conn.lookupByName(name).create()
        self.running.add(name)

    def destroy(self, conn, name):
        conn.lookupByName(name).destroy()
        self.running.discard(name)

    def define(self, conn, name):
        memory = self.random.randrange(32, 128, 2)
        domain = conn.defineXML(self.xml(name, memory))
        if name == AUTOSTART:
            domain.setAutostart(1)
        self.defined[name] = memory

    def undefine(self, conn, name):
        conn.lookupByName(name).undefine()
        self.defined.pop(name, None)

    def create(self, conn, name):
        conn.createXML(self.xml(name, 32))
        self.running.add(name)

    def attempt(self, what, name):
        """Whether it was done; a client whose daemon dies hears of that as an error."""
        try:
            conn = libvirt.open(self.uri())
            try:
                what(conn, name)
                return True
            finally:
                conn.close()
        except libvirt.libvirtError:
            return False

    def choose(self):
        name = self.random.choice(["vma", "vmb", "vmc", "vmd"])
        if name in self.running:
            return self.random.choice([self.destroy, self.destroy, self.define]), name
        if name not in self.defined:
            return self.random.choice([self.define, self.create]), name
        return self.random.choice([self.start, self.start, self.create, self.define, self.undefine]), name

    def processes(self):
        """Names of VMs that have an acrn-dm, with its process id."""
        found = {}
        for pid in self.here.processes():
            try:
                with open(f"/proc/{pid}/cmdline", "rb") as file:
                    found[file.read().split(b"\0")[-2].decode()] = pid
            except (OSError, IndexError):
                pass
        return found

    def kill(self):
        """One of those that are there; its kind, and the VM that is gone with it."""
        kind = self.random.choice(["virtacrnd", "virtacrnd", "acrn-dm", "acrnd"])
        if kind == "acrn-dm":
            victims = sorted(self.processes().items())
            if not victims:
                return kind, None
            name, pid = self.random.choice(victims)
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            return kind, name
        daemon = self.virt.daemon if kind == "virtacrnd" else self.acrnd
        daemon.kill()
        daemon.wait()
        return kind, None

    def state(self):
        """What a new client sees: domains that run, and the memory of each definition."""
        conn = libvirt.open(self.uri())
        running, defined = set(), {}
        for domain in conn.listAllDomains():
            if domain.isActive():
                running.add(domain.name())
            if domain.isPersistent():
                xml = domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE)
                defined[domain.name()] = int(ET.fromstring(xml).findtext("memory"))
        conn.close()
        return running, defined

    def starting(self):
        """Whether something of a start is there that is no acrn-dm yet: a shell, or a copy of a daemon that is about to become one."""
        known = {str(self.virt.daemon.pid), str(self.acrnd.pid), str(os.getpid())}
        for pid in set(filter(str.isdigit, os.listdir("/proc"))) - known:
            try:
                with open(f"/proc/{pid}/cmdline", "rb") as file:
                    line = file.read()
                with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
                    dead = file.read().rsplit(")", 1)[1].split()[0] == "Z"
            except OSError:
                continue
            if self.here.top.encode() in line and not dead and not line.startswith(DM.encode() + b"\0"):
                return True
        return False

    def autostarts(self):
        """Whether the one that is meant to will be started by the next acrnd."""
        conn = libvirt.open(self.uri())
        starts = [domain for domain in conn.listAllDomains() if domain.name() == AUTOSTART and domain.isPersistent() and domain.autostart()]
        conn.close()
        return bool(starts)

    def restart_acrnd(self):
        """It starts what is to start by itself, and leaves the others alone."""
        due = self.autostarts()
        self.start_acrnd()
        if due:
            until(lambda: AUTOSTART in self.processes())
            self.running.add(AUTOSTART)

    def is_settled(self):
        """Whether what clients see is what there is; a domain may end while it is looked at."""
        try:
            return not self.starting() and self.state()[0] == set(self.processes())
        except libvirt.libvirtError:
            return False

    def step(self):
        what, name = self.choose()
        before = dict(self.defined)
        done = []
        thread = threading.Thread(target=lambda: done.append(self.attempt(what, name)))
        thread.start()
        time.sleep(self.random.uniform(0, 0.06))
        kind, gone = self.kill()
        thread.join()
        if kind == "virtacrnd":
            self.virt = Virt(self.here)
        elif kind == "acrnd":
            until(self.is_settled)
            self.restart_acrnd()
        until(self.is_settled)
        running, defined = self.state()
        # What was under way may be done or not; what was killed does not run; nothing else has changed.
        unsure = {name} if not done[0] or gone == name else set()
        told = f"{what.__name__} {name} ({'done' if done[0] else 'failed'}), {kind} {gone or ''} killed"
        self.running -= {gone} - unsure
        assert running - unsure == self.running - unsure, f"{told}: {running} run, {self.running} should"
        allowed = [self.defined] + ([before, {**before, name: defined.get(name)}] if unsure else [])
        allowed += [{key: value for key, value in before.items() if key != name}] if unsure else []
        assert defined in allowed, f"{told}: {defined} are defined, {self.defined} should be"
        self.running, self.defined = running, defined


def test_kills(here):
    """Each of the three programs is killed in the midst of what it does, again and again."""
    seed = int(os.environ.get("SEED", random.SystemRandom().randrange(1 << 32)))
    print(f"  SEED     {seed}", flush=True)
    storm = Storm(here, seed)
    try:
        for number in range(int(os.environ.get("KILLS", "200"))):
            try:
                storm.step()
            except Exception as wrong:
                raise AssertionError(f"kill {number} of SEED={seed}: {wrong}") from wrong
    finally:
        for pid in storm.processes().values():
            os.kill(pid, signal.SIGKILL)
    until(lambda: not here.processes())
    storm.virt.daemon.terminate()
    storm.acrnd.terminate()
    for name in os.listdir(here.run):
        if name.endswith(".sock"):
            os.unlink(os.path.join(here.run, name))
    # Settings are there with their definition only; what was being written never got its name.
    left = os.listdir(here.conf)
    assert all(name.endswith((".sh", ".new")) or name.replace(".conf", ".sh") in left for name in left), left


def fill(folder):
    """Takes what is left of a file system; the file that does."""
    path = os.path.join(folder, "filler")
    with open(path, "wb", buffering=0) as file:
        try:
            while True:
                file.write(b"\0" * 512)
        except OSError:
            pass
    return path


def test_full_disk(here):
    """What cannot be written leaves what was there, and is said."""
    need_root()
    for folder in here.run, here.conf:
        os.mkdir(folder)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tiny", folder], check=True)
    try:
        virt = Virt(here)
        uuid = UUID.format(1)
        virt.define(uuid=uuid, more="<description>" + "x" * 6000 + "</description>")
        before = virt.virsh("dumpxml", "vm1")
        filler = fill(here.conf)
        assert "No space left on device" in virt.virsh("define", virt.xml(uuid=uuid, memory="64", more="<description>" + "y" * 9000 + "</description>"), code=1)
        assert "No space left on device" in virt.virsh("autostart", "vm1", code=1)
        assert virt.virsh("dumpxml", "vm1") == before and sorted(os.listdir(here.conf)) == ["filler", "vm1.sh"]
        os.unlink(filler)
        filler = fill(here.run)
        assert "No space left on device" in virt.virsh("create", virt.xml("vm2", more="<description>" + "y" * 9000 + "</description>"), code=1)
        assert virt.virsh("list", "--all", "--name").split() == ["vm1"] and not here.processes()
        # A VM runs all the same: what it runs by is not kept, which is said.
        virt.virsh("start", "vm1")
        assert virt.virsh("domstate", "vm1").strip() == "running" and "its XML is not kept" in here.said("virtacrnd")
        os.unlink(filler)
        virt.virsh("destroy", "vm1")
        virt.virsh("start", "vm1")
        virt.virsh("destroy", "vm1")
        virt.daemon.terminate()
        virt.daemon.wait()
    finally:
        for folder in here.run, here.conf:
            subprocess.run(["umount", folder], check=True)
