# SPDX-License-Identifier: BSD-3-Clause
"""One emulated machine: starts Bochs or QEMU, talks over its first serial port (COM1)
and keeps everything it says. Used by `make run` and by the system tests.

    with Emulator(image, log_dir, cpus=4) as machine:
        machine.expect("quercus>", seconds=60)
        machine.send("vm_list\\r")

A machine holds one of two machine-wide slots while it runs, so that two at most share
the host's cores. It is ended by its process id; nothing else is ever killed.
"""
import fcntl
import os
import pty
import re
import select
import signal
import socket
import subprocess
import tempfile
import time
import tty

SLOTS = 2
# Debian 13's Bochs 3.0, unpacked by misc/run/fetch_bochs3, runs with its own C library; tests/emulator/build makes another
# of its sources.
BUILD = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../build"))
BOCHS3 = os.path.join(BUILD, "bochs3")
BOCHS3_BUILT = os.path.join(BUILD, "bochs3-built")
BOCHS_RC = """\
plugin_ctrl: unmapped=1, biosdev=1, serial=1, iodebug=1
config_interface: textconfig
display_library: rfb, options="timeout=0"
memory: guest={memory}, host={host_memory}
romimage: file={root}/usr/share/bochs/BIOS-bochs-latest
vgaromimage: file={root}/usr/share/bochs/VGABIOS-lgpl-latest
cpu: model={cpu_model}, count={cpus}, ips=50000000, reset_on_triple_fault=0, ignore_bad_msrs=1
pci: enabled=1, chipset=i440fx
ata0: enabled=1, ioaddr1=0x1f0, ioaddr2=0x3f0, irq=14
ata0-master: type=disk, path={image}, mode=volatile
boot: disk
com1: enabled=1, mode=term, dev={tty}
port_e9_hack: enabled=1
log: {log_dir}/bochs.log
panic: action=fatal
error: action=ignore
info: action=ignore
debug: action=ignore
clock: sync=none, time0=1700000000
"""
# Not idle: on a host without sound card, the ALSA driver of Debian's Bochs crashes.
NO_SOUND = "sound: waveoutdrv=dummy, waveindrv=dummy, midioutdrv=dummy\n"


class Failure(Exception):
    """The machine did not do what was expected; the text says what."""


def nested_vtx(root="/"):
    """(True, why) where the host really offers VT-x inside a KVM guest, else (False, why). root: where its files are."""
    def text(path):
        try:
            with open(os.path.join(root, path), encoding="ascii", errors="replace") as file:
                return file.read()
        except OSError:
            return ""
    if not re.search(r"^flags\s*:.*\bvmx\b", text("proc/cpuinfo"), re.M):
        return False, "this host's CPUs show no vmx flag"
    if text("sys/module/kvm_intel/parameters/nested").strip() not in ("Y", "1"):
        return False, "KVM's nested setting is off (/sys/module/kvm_intel/parameters/nested)"
    if not os.access(os.path.join(root, "dev/kvm"), os.R_OK | os.W_OK):
        return False, "/dev/kvm cannot be opened"
    return True, "the host has vmx and KVM's nested setting is on"


def take_slot(wait_message=None):
    """An open file whose lock is one of the machine-wide slots; waits for a free one."""
    base = os.environ.get("QUERCUS_SLOTS") or os.path.join(tempfile.gettempdir(), "quercus-emu")
    while True:
        for number in range(SLOTS):
            # pylint: disable=consider-using-with
            file = open(f"{base}.slot{number}", "a", encoding="ascii")
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return file
            except OSError:
                file.close()
        if wait_message:
            print(wait_message, flush=True)
            wait_message = None
        time.sleep(0.5)


class Emulator:
    """A running machine. kind is "bochs", "bochs3", "bochs3-built" or "qemu"; memory in MiB."""

    def __init__(self, image, log_dir, kind="bochs", cpus=4, memory=2048,
                 cpu_model="broadwell_ult", wait_message=None, devices=(), bochs_lines=()):
        self.image = os.path.abspath(image)
        self.log_dir = os.path.abspath(log_dir)
        self.kind = kind
        self.cpus = cpus
        self.memory = memory
        self.cpu_model = cpu_model
        self.wait_message = wait_message
        self.devices = list(devices)    # QEMU only: more words of its command line
        self.bochs_lines = list(bochs_lines)    # bochs3-built only: more lines of its bochsrc
        self.text = ""          # everything the serial port said
        self.matched = 0        # expect() looks behind this place
        self.forbidden = []     # regexes, each of one line, that make every wait fail
        self.allowed = 0        # whole lines before this place match none of them
        self.started = None
        self.process = self.fd = self.slot = self.log = self.timeline = self.owner = None

    # ------------------------------------------------------------ life

    def __enter__(self):
        os.makedirs(self.log_dir, exist_ok=True)
        # Nobody else may write the same logs meanwhile.
        # pylint: disable=consider-using-with
        self.owner = open(os.path.join(self.log_dir, "lock"), "w", encoding="ascii")
        try:
            fcntl.flock(self.owner, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self.owner.close()
            raise Failure(f"another run is using {os.path.relpath(self.log_dir)}") from None
        self.slot = take_slot(self.wait_message)
        try:
            self.log = open(os.path.join(self.log_dir, "serial.log"), "wb", buffering=0)
            # The same with the second of wall time at which each line began.
            self.timeline = open(os.path.join(self.log_dir, "timeline.log"), "w",
                                 encoding="utf-8", newline="")
            self.fd, port = pty.openpty()
            tty.setraw(port)
            command = self.qemu() if self.kind == "qemu" else self.bochs(os.ttyname(port))
            with open(os.path.join(self.log_dir, f"{self.kind}.out"), "wb") as out:
                stdio = port if self.kind == "qemu" else None
                # However we end, even killed, the emulator ends with us.
                self.process = subprocess.Popen(
                    ["setpriv", "--pdeathsig", "KILL", *command], stdin=stdio or subprocess.DEVNULL, stdout=stdio or out,
                    stderr=out, start_new_session=True)
            # We keep `port` open: a pty without any opener would read as an error.
            self.port = port
        except BaseException:
            self.close()
            raise
        self.started = time.monotonic()
        return self

    def __exit__(self, *_):
        self.close()

    def bochs(self, tty_name):
        rc, commands = (os.path.join(self.log_dir, name) for name in ("bochsrc", "bochscmds"))
        with open(rc, "w", encoding="utf-8") as file:
            file.write(BOCHS_RC.format(
                root="" if self.kind == "bochs" else BOCHS3, memory=self.memory, host_memory=min(self.memory, 2048),
                cpu_model=self.cpu_model, cpus=self.cpus, image=self.image, log_dir=self.log_dir, tty=tty_name))
            if self.kind != "bochs3-built":
                file.write(NO_SOUND)
            else:
                file.writelines(line + "\n" for line in self.bochs_lines)
        with open(commands, "w", encoding="ascii") as file:
            file.write("c\n")    # Debian's build has the debugger in: continue at its prompt
        self.remove_lock()
        return [*self.bochs_program(), "-q", "-f", rc, "-rc", commands]

    def bochs_program(self):
        if self.kind == "bochs":
            return ["bochs-bin"]
        # Without its debugger Bochs 3.0 loses a guest's stack at an exception where there are several CPUs.
        if self.kind == "bochs3-built":
            return [f"{BOCHS3_BUILT}/bochs", "-debugger"]
        libraries = f"{BOCHS3}/usr/lib/x86_64-linux-gnu"
        return ["env", f"LTDL_LIBRARY_PATH={libraries}/bochs/plugins", f"{libraries}/ld-linux-x86-64.so.2",
                "--library-path", libraries, f"{BOCHS3}/usr/bin/bochs-bin", "-debugger"]

    def qemu(self):
        # With devices of its own a case is about them: the same everywhere, without KVM.
        accel = ["-accel", "kvm", "-cpu", "host"] if nested_vtx()[0] and not self.devices else \
                ["-accel", "tcg", "-cpu", "max"]
        return ["qemu-system-x86_64", "-machine", "q35", *accel, "-smp", str(self.cpus),
                "-m", str(self.memory), "-display", "none", "-serial", "stdio", "-no-user-config",
                "-nodefaults", "-monitor", f"unix:{self.monitor_path()},server,nowait", "-debugcon", f"file:{self.log_dir}/e9.log",
                "-drive", f"file={self.image},format=raw,if=ide,snapshot=on", *self.devices]

    def monitor_path(self):
        """Relative: a socket's name has 107 characters at most."""
        return os.path.relpath(os.path.join(self.log_dir, "monitor"))

    def monitor(self, command, seconds=10):
        """Gives QEMU's monitor a command; Failure with its answer where it has an objection."""
        with socket.socket(socket.AF_UNIX) as peer:
            peer.settimeout(seconds)
            peer.connect(self.monitor_path())
            answer = b""
            for line in ("", command + "\n"):
                peer.sendall(line.encode())
                while not answer.endswith(b"(qemu) "):
                    data = peer.recv(4096)
                    if not data:
                        raise Failure(f"QEMU's monitor closed at '{command}'")
                    answer += data
                greeting, answer = answer, b""
        said = re.sub(r"\x1b\[\w|.\x08", "", greeting.decode(errors="replace"))
        said = [text.strip() for text in said.split("\n")[1:] if text.strip() not in ("", "(qemu)")]
        if said:
            raise Failure(f"QEMU's monitor answered '{command}': {' / '.join(said)}")

    def remove_lock(self):
        try:
            os.unlink(self.image + ".lock")
        except FileNotFoundError:
            pass

    def close(self):
        """Ends the machine if it still runs, and gives everything back."""
        if self.process:
            if self.process.poll() is None:
                self.process.terminate()
                try:
                    self.process.wait(5)
                except subprocess.TimeoutExpired:
                    self.process.send_signal(signal.SIGKILL)
                    self.process.wait()
            os.close(self.port)
            self.process = None
            if self.kind != "qemu":
                self.remove_lock()
        if self.fd is not None:
            os.close(self.fd)
            self.fd = None
        for file in (self.log, self.timeline, self.slot, self.owner):
            if file:
                file.close()
        self.log = self.timeline = self.slot = self.owner = None

    def seconds(self):
        return time.monotonic() - self.started

    # ------------------------------------------------------------ serial port

    def read(self, seconds=0.2):
        """What the serial port says within the time, or b"" ; at once when there is some."""
        if not select.select([self.fd], [], [], seconds)[0]:
            return b""
        try:
            data = os.read(self.fd, 65536)
        except OSError:
            return b""
        self.log.write(data)
        for line in data.decode("utf-8", errors="replace").splitlines(True):
            if not self.text or self.text.endswith("\n"):
                self.timeline.write(f"{self.seconds():7.1f}  ")
            self.timeline.write(line)
            self.text += line
        self.timeline.flush()
        return data

    def send(self, data):
        os.write(self.fd, data.encode() if isinstance(data, str) else data)

    def running(self):
        return self.process.poll() is None

    def expect(self, regex, seconds):
        """Waits for the regex behind the last match and returns the match."""
        deadline = time.monotonic() + seconds
        pattern = re.compile(regex, re.M)
        searched = -1
        while True:
            running = self.running()    # asked before reading: the last words count
            while self.read(0):
                pass
            self.check_forbidden()
            if len(self.text) != searched:
                searched, began = len(self.text), time.monotonic()
                match = pattern.search(self.text, self.matched)
                if match:
                    self.matched = match.end()
                    return match
                # In a long text a search takes its time, which is the machine's too.
                time.sleep(min(10 * (time.monotonic() - began), 2))
            if not running:
                raise Failure(f"machine ended ({self.why_ended()}) before '{regex}' appeared")
            if time.monotonic() >= deadline:
                raise Failure(f"'{regex}' did not appear within {seconds:.0f} s")
            self.read(0.2)

    def run_for(self, seconds):
        """Lets the machine run, or end, and reads what it says."""
        deadline = time.monotonic() + seconds
        while self.running() and time.monotonic() < deadline:
            self.read(0.1)
        self.check_forbidden()

    def wait_end(self, seconds):
        """Waits until the machine powers off."""
        deadline = time.monotonic() + seconds
        while self.running():
            if time.monotonic() >= deadline:
                raise Failure(f"the machine did not power off within {seconds:.0f} s")
            self.read(0.2)
            self.check_forbidden()
        while self.read(0):
            pass
        self.check_forbidden()
        if self.why_ended() != "powered off":
            raise Failure(f"the machine ended: {self.why_ended()}")

    def check_forbidden(self):
        for regex in self.forbidden:
            match = re.compile(regex, re.M).search(self.text, self.allowed)
            if match:
                # The rest of the line says why; at 115200 baud it is not long in coming.
                end = time.monotonic() + 5
                while "\n" not in self.text[match.end():] and self.running() and time.monotonic() < end:
                    self.read(0.1)
                start = self.text.rfind("\n", 0, match.start()) + 1
                raise Failure(f"said: {self.text[start:].split(chr(10), 1)[0].strip()}")
        self.allowed = self.text.rfind("\n") + 1

    def why_ended(self):
        """The exit status tells nothing in Bochs: its log does."""
        if self.kind == "qemu":
            return "powered off" if self.process.returncode == 0 else \
                f"qemu exit status {self.process.returncode}"
        log = ""
        for name in ("bochs.log", f"{self.kind}.out"):
            try:
                with open(os.path.join(self.log_dir, name), encoding="utf-8",
                          errors="replace") as file:
                    log += file.read()
            except FileNotFoundError:
                pass
        if "soft power off" in log or "Shutdown port" in log:
            return "powered off"
        panics = re.findall(r">>PANIC<<\s*(.*)", log)
        return f"Bochs: {panics[-1]}" if panics else "Bochs ended without a word, see bochs.log"
