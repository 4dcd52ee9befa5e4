# SPDX-License-Identifier: BSD-3-Clause
"""System cases: what cases.cfg says of each, and how it is run and judged.

cases.cfg is an ini file, one section a case:
  scenario = NAME      of misc/config/scenarios, or tests/system/scenarios/NAME.xml
  guest = NAME         boot build/guest/NAME.elf bare, or, beside scenario, as VM kernel
                       in place of the module "replace" names (default Linux_bzImage)
  args = WORDS         the guest's command line
  args.TAG = WORDS     added to the bootargs that the scenario gives the kernel TAG
  hypervisor = NAME    build/NAME.elf in place of build/quercus.elf
  hv_args = WORDS      the hypervisor's command line (default: tee)
  protocol = multiboot2 | multiboot
  entry = hvconfig     boot the menu entry that hvconfig emits of the scenario, unchanged
  disk = NAME          instead of all these: the disk build/images/NAME.img of `make image`
  modules =            changes to boot modules, one a line: TAG absent | TAG flip OFFSET |
                       TAG truncate SIZE | TAG file PATH
  user_vm = yes        the Service VM's initramfs holds a user VM (else it is a small one)
  smp, memory, cpu, emulator   the machine (default 4, 2048, broadwell_ult, bochs);
                       emulators are bochs, qemu, bochs3: Bochs 3.0 of Debian 13, and
                       bochs3-built: that of tests/emulator
  devices = WORDS      with emulator = qemu: added to its command line
  bochs = TEXT         with emulator = bochs3-built: lines added to its bochsrc
  groups = WORDS       for GROUP=
  timeout = SECONDS    of wall time, for the whole case
  needs = WORDS        what the platform lacks makes the case a SKIP with the reason
  enabled = no         only run when named
  report = yes         the guest reports PASS/FAIL/SKIP lines and a SUMMARY: each counts
  reports = N              that many VMs must do so (default 1)
  allow = REGEX        of FORBIDDEN texts, those that match are no failure here
  steps =              one a line:
      expect REGEX       wait for it, behind the last one found
      send TEXT          type a line at the console
      keys ^A ^M         press these keys, with Ctrl
      readme N           type command N of README's "Installed on a machine"
      monitor COMMAND    give QEMU's monitor a command, which it must take without a word
      wait SECONDS       let the machine run
      absent REGEX       not said since the last expect
      end                the machine powers off
      poll SECONDS COMMAND | UNTIL | CHECK
                         type COMMAND every SECONDS until UNTIL appears; each answer but
                         the last must match CHECK; there must be two or more
"""
import configparser
import glob
import os
import re
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.relpath(os.path.join(HERE, "../.."))
sys.path.insert(0, os.path.join(TOP, "misc/run"))
sys.path.insert(0, os.path.join(TOP, "misc/image"))
# pylint: disable=wrong-import-position
from emulator import BOCHS3, BOCHS3_BUILT, Emulator, Failure  # noqa: E402
from image import TAGS, Image, emitted_image, scenario_image  # noqa: E402

BUILD = os.path.join(TOP, "build")
# What no healthy run says.
FORBIDDEN = [r"QUERCUS-[A-Z]+: FAIL.*", r"Kernel panic - not syncing.*", r"PANIC.*", r"vm \w+: stopped:.*",
             r"memory check: FAULT.*"]
# Needs that this platform cannot meet, and why.
LACKING = {
    "iommu": "VMs beside an IOMMU need VT-x and VT-d: Bochs has no IOMMU, QEMU without KVM no VT-x",
    "ecam": "VMs on a PCIe machine: Bochs has no PCIe configuration space, QEMU without KVM no VT-x",
    "nested-vtx": "needs a host that offers nested VT-x",
}
# A VM's line may stand behind the shell's prompt.
REPORT = re.compile(r"^(?:quercus> )*(\[[^\]\n]*\] )?(PASS|FAIL|SKIP|SUMMARY)\b[:( ]*([^\r\n]*)", re.M)


def readme_commands():
    """The commands by which README gets from a plain Debian to the first user VM."""
    with open(os.path.join(TOP, "README.md"), encoding="utf-8") as file:
        block = re.search(r"^    apt install .*(?:\n    .*)*", file.read(), re.M)
    return [line.strip() for line in block.group(0).split("\n")]


class Result:
    """Counts of one case, and what to print about it."""

    def __init__(self, case):
        self.case = case
        self.passed = self.failed = self.skipped = 0
        self.seconds = 0.0
        self.why = ""
        self.tail = []      # of a failed case: the last the machine said

    def line(self):
        word = "FAIL" if self.failed else "PASS" if self.passed else "SKIP"
        checks = f", {self.passed + self.failed} checks" if self.passed + self.failed > 1 else ""
        why = f": {self.why}" if self.why else ""
        tail = "".join(f"\n           | {line}" for line in self.tail)
        return f"  {word}     {self.case.name} ({self.seconds:.0f} s{checks}){why}{tail}"


class Case:
    machine = Emulator      # what it runs in

    def __init__(self, name, section):
        self.name = name
        self.get = section.get
        self.section = section
        self.groups = section.get("groups", "").split()
        self.enabled = section.getboolean("enabled", True)
        self.timeout = section.getfloat("timeout", 300)
        self.log_dir = os.path.join(BUILD, "logs", name)
        self.image = os.path.join(BUILD, "images/cases", name + ".iso")

    def args(self):
        return {key[5:]: value for key, value in self.section.items() if key.startswith("args.")}

    def guest_file(self):
        guest = self.get("guest")
        return guest and os.path.join(BUILD, f"guest/{guest}.elf")

    def lacks(self):
        """Why the case cannot run here, or None."""
        disk = self.get("disk")
        if disk and not os.path.exists(os.path.join(BUILD, f"images/{disk}.img")):
            return f"no build/images/{disk}.img: sudo make image SCENARIO={disk}"
        if self.get("emulator", "").startswith("bochs3") and not os.path.isdir(BOCHS3):
            return "no Bochs 3.0: Debian 13's could not be fetched, see build/bochs3.log"
        if self.get("emulator") == "bochs3-built" and not os.path.isdir(BOCHS3_BUILT):
            return "no build/bochs3-built: make emulator"
        needs = self.get("needs", "").split()
        return next((LACKING[need] for need in needs if need in LACKING), None)

    def make_image(self):
        if self.get("disk"):
            self.use_disk(self.get("disk"))
            return
        guest = self.guest_file()
        scenario = self.get("scenario")
        protocol = self.get("protocol", "multiboot2")
        if not scenario:
            image = Image(guest, self.get("args", ""), protocol)
        else:
            args, replace = self.args(), {}
            own = os.path.join(HERE, f"scenarios/{scenario}.xml")
            xml = own if os.path.isfile(own) else \
                os.path.join(TOP, f"misc/config/scenarios/{scenario}.xml")
            if guest:
                replace[self.get("replace", "Linux_bzImage")] = (guest, self.get("args", ""))
            if not self.section.getboolean("user_vm", False):
                # GRUB reads 3 MB/s: 14 MB that nobody needs cost 5 seconds.
                replace["Linux_initrd"] = (
                    os.path.join(BUILD, "initramfs/service_vm_small.cpio"), None)
            if self.get("entry") == "hvconfig":
                emitted_image(xml, self.image, os.path.join(BUILD, "hvconfig"),
                              {tag: file for tag, (file, _) in replace.items()})
                return
            blob = os.path.join(BUILD, f"scenarios/{scenario}.bin")
            without = self.change_modules(replace, blob)
            image = scenario_image(xml, blob, args, self.get("hv_args", "tee"), protocol,
                                   replace, without, self.get("hypervisor", "quercus"))
        image.write(self.image)

    def use_disk(self, name):
        """Its own name for the disk, of which it changes nothing: the emulator keeps what is written."""
        disk = os.path.join(BUILD, f"images/{name}.img")
        os.makedirs(os.path.dirname(self.image), exist_ok=True)
        if os.path.exists(self.image):
            os.unlink(self.image)
        os.link(disk, self.image)

    def change_modules(self, replace, blob):
        """Carries out "modules =": changed files go into replace; returns absent tags."""
        without = []
        for line in filter(None, self.get("modules", "").split("\n")):
            tag, verb, *rest = line.split()
            if verb == "absent":
                without.append(tag)
                continue
            if verb == "file":
                replace[tag] = (os.path.join(TOP, rest[0]), None)
                continue
            source, string = replace.get(tag) or (
                blob if tag == "scenario" else os.path.join(BUILD, TAGS[tag]), None)
            with open(source, "rb") as file:
                data = bytearray(file.read())
            number = int(rest[0], 0)
            if verb == "truncate":
                del data[number:]
            elif verb == "flip":
                data[number] ^= 0xFF
            else:
                raise ValueError(f"unknown change of a module: {line}")
            changed = os.path.join(self.log_dir, tag + ".changed")
            os.makedirs(self.log_dir, exist_ok=True)
            with open(changed, "wb") as file:
                file.write(data)
            replace[tag] = (changed, string)
        return without

    def run(self):
        result = Result(self)
        result.why = self.lacks() or ""
        if result.why:
            result.skipped = 1
            return result
        started = time.monotonic()
        serial = None
        try:
            self.make_image()
            with self.machine(self.image, self.log_dir, self.get("emulator", "bochs"),
                          self.section.getint("smp", 4), self.section.getint("memory", 2048),
                          self.get("cpu", "broadwell_ult"),
                          devices=self.get("devices", "").split(),
                          bochs_lines=self.get("bochs", "").strip().splitlines()) as machine:
                started = time.monotonic()
                allow = self.get("allow")
                serial = machine
                machine.forbidden = [r for r in FORBIDDEN if not (allow and re.search(allow, r))]
                self.follow(machine)
                if self.section.getboolean("report", False):
                    self.count_report(machine, result)
            os.unlink(self.image)
        except (Failure, OSError, RuntimeError, ValueError, KeyError) as error:
            result.failed += 1
            if serial:
                result.tail = [line.rstrip() for line in serial.text.split("\n")[-8:]]
            result.why = f"{error}; {os.path.relpath(self.log_dir)}/serial.log"
        result.seconds = time.monotonic() - started
        if not result.failed + result.passed + result.skipped:
            result.passed = 1
        return result

    def follow(self, machine):
        steps = [step.strip() for step in self.get("steps", "").split("\n") if step.strip()]
        if self.section.getboolean("report", False):
            steps = steps or [r"expect ^(?:quercus> )*(\[[^\]\n]*\] )?SUMMARY[^\r\n]*[\r\n]"]
        if not steps:
            raise ValueError("a case without steps and without report proves nothing")
        for step in steps:
            verb, _, rest = step.partition(" ")
            left = max(self.timeout - machine.seconds(), 0.1)
            if verb == "expect":
                machine.expect(rest, left)
            elif verb == "send":
                machine.send(rest + "\r")
            elif verb == "keys":
                machine.send("".join(chr(ord(key[1]) - 64) for key in rest.split()))
            elif verb == "readme":
                machine.send(readme_commands()[int(rest) - 1] + "\r")
            elif verb == "monitor":
                machine.monitor(rest)
            elif verb == "wait":
                machine.run_for(float(rest))
            elif verb == "absent":
                found = re.search(rest, machine.text[machine.matched:], re.M)
                if found:
                    raise Failure(f"said: {found.group(0)}")
            elif verb == "end":
                machine.wait_end(left)
            elif verb == "poll":
                self.poll(machine, rest)
            else:
                raise ValueError(f"unknown step '{step}'")

    def poll(self, machine, rest):
        head, until, check = (part.strip() for part in rest.split("|"))
        seconds, command = head.split(" ", 1)
        answers = []
        start = machine.matched
        while not re.search(until, machine.text[start:], re.M):
            if machine.seconds() > self.timeout:
                raise Failure(f"'{until}' did not appear within {self.timeout:.0f} s")
            if not machine.running():
                raise Failure(f"machine ended ({machine.why_ended()}) before '{until}' appeared")
            before = len(machine.text)
            machine.send(command + "\r")
            machine.run_for(float(seconds))
            answers.append(machine.text[before:])
        machine.matched = len(machine.text)
        if len(answers) < 2:
            raise Failure(f"'{command}' was answered {len(answers)} times only: too few to judge")
        for answer in answers[:-1]:
            if not re.search(check, answer, re.M):
                raise Failure(f"'{command}' answered, against '{check}': {' / '.join(answer.split(chr(10)))}")

    def count_report(self, machine, result):
        """Each reported check counts; the SUMMARY must agree with what was counted, VM by VM."""
        why = []
        vms = {}        # prefix of the VM's lines -> [passed, failed, SUMMARY]
        for vm, word, text in REPORT.findall(machine.text):
            counts = vms.setdefault(vm, [0, 0, None])
            if word == "SUMMARY":
                counts[2] = text
            elif word == "PASS":
                counts[0] += 1
            elif word == "SKIP":
                result.skipped += 1
                why.append(f"skipped {text}")
            else:
                counts[1] += 1
                why.append(f"failed {vm}{text}")
        for vm, (passed, failed, summary) in (vms or {"": (0, 0, None)}).items():
            result.passed += passed
            result.failed += failed
            numbers = [int(n) for n in re.findall(r"\d+", summary or "")]
            if summary is None or not {passed, failed} <= set(numbers):
                result.failed += 1
                why.append(f"the SUMMARY {vm}'{summary}' disagrees with the lines: {passed} PASS, {failed} FAIL")
        if len(vms) < self.section.getint("reports", 1):
            result.failed += 1
            why.append(f"{len(vms)} VMs report, not {self.get('reports')}")
        result.why = "; ".join(why)


def load_cases(path):
    """The cases of a file, and of the files of cases.d beside it."""
    config = configparser.ConfigParser(interpolation=None, delimiters=("=",))
    config.optionxform = str    # tags keep their case
    more = sorted(glob.glob(os.path.join(os.path.dirname(path), "cases.d/*.cfg")))
    for name in [path] + more:
        with open(name, encoding="utf-8") as file:
            config.read_file(file)
    return [Case(name, config[name]) for name in config.sections()]
