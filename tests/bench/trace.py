# SPDX-License-Identifier: BSD-3-Clause
"""Every instruction of a path, by the emulator's debugger.

A guest with the word "trace" calls the debugger before and after the last round of each
path it measures (XCHG BX, BX); the debugger prints what one CPU runs between the two.
"""
import bisect
import collections
import os
import re
import struct
import subprocess

from case import BUILD
from emulator import Emulator

MOST_PATHS = 16
STOP = re.compile(r"^Next at t=(\d+)", re.M)
MARK = re.compile(r"^Tracing (enabled|disabled) for CPU\d", re.M)
# (CPU).[time] [physical] selector:offset (symbol): instruction ; bytes
LINE = re.compile(r"^\(\d\)\.\[\d+\] \[0x[0-9a-f]+\] [0-9a-f]{4}:([0-9a-f]+) \([^)]*\): (.*?)\s*;", re.M)


def entry_point(file):
    """Physical address at which an ELF begins; the hypervisor's image is linked to the top 2 GiB."""
    with open(file, "rb") as elf:
        return struct.unpack("<Q", elf.read(32)[24:])[0] & 0x7FFFFFFF


class Traced(Emulator):
    """
    A machine whose debugger stops at the hypervisor's and the guest's first instruction, and
    then prints what runs between each two marks.
    """
    guest = None
    cpu = 0

    def bochs(self, tty_name):
        command = super().bochs(tty_name)
        begin = (f"pb {entry_point(os.path.join(BUILD, 'quercus.elf')):#x}\nc\ndel 1\n"
                 f"lb {entry_point(self.guest):#x}\nc\ndel 2\n")
        with open(os.path.join(self.log_dir, "bochsrc"), "a", encoding="ascii") as file:
            file.write("magic_break: enabled=1\n")
        with open(os.path.join(self.log_dir, "bochscmds"), "w", encoding="ascii") as file:
            file.write(begin + MOST_PATHS * f"c\nset $cpu={self.cpu}\ntrace on\nc\ntrace off\n" + "c\n")
        return command


def read_out(log_dir):
    with open(os.path.join(log_dir, "bochs.out"), encoding="utf-8", errors="replace") as file:
        return file.read()


def boot_ticks(log_dir):
    """From the hypervisor's first instruction to the guest's: the stops behind the one at reset."""
    stops = [int(t) for t in STOP.findall(read_out(log_dir))]
    return stops[2] - stops[1]


def paths(log_dir):
    """One list of (address, instruction) for each pair of marks."""
    pieces = MARK.split(read_out(log_dir))
    for word, text in zip(pieces[1::2], pieces[2::2]):
        if word == "enabled":
            yield [(int(address, 16), insn) for address, insn in LINE.findall(text)]


class Symbols:
    """Functions of the hypervisor by address."""

    def __init__(self, file=os.path.join(BUILD, "quercus.elf")):
        out = subprocess.run(["nm", file], stdout=subprocess.PIPE, text=True, check=True).stdout
        found = {int(line.split()[0], 16): line.split()[2] for line in out.splitlines()
                 if re.match(r"[0-9a-f]+ [tT] ", line)}
        self.addresses = sorted(found)
        self.names = [found[address] for address in self.addresses]

    def find(self, address):
        i = bisect.bisect_right(self.addresses, address) - 1
        return self.names[i] if i >= 0 else "(guest)"


def account(lines):
    """Function -> number of its instructions, in the order in which they first run."""
    symbols = Symbols()
    return dict(collections.Counter(symbols.find(address) for address, _ in lines))
