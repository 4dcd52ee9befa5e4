# SPDX-License-Identifier: BSD-3-Clause
"""`make run` on hosts that this one is not: which emulator it takes, why, and what it asks of QEMU."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../misc/run"))
import emulator     # noqa: E402 pylint: disable=wrong-import-position

NESTED = "sys/module/kvm_intel/parameters/nested"


def host(root, name, **files):
    """A host's files below a folder of its own; None: there is no such file."""
    top = os.path.join(root, name)
    whole = {"proc/cpuinfo": "processor\t: 0\nflags\t\t: fpu vmx sse\n", NESTED: "Y\n", "dev/kvm": ""} | files
    for path, text in whole.items():
        if text is not None:
            os.makedirs(os.path.dirname(os.path.join(top, path)), exist_ok=True)
            with open(os.path.join(top, path), "w", encoding="ascii") as file:
                file.write(text)
    return top


def test_nested_vtx(here):
    hosts = {
        "all": ({}, True, "the host has vmx and KVM's nested setting is on"),
        "one": ({NESTED: "1\n"}, True, "nested setting is on"),
        "amd": ({"proc/cpuinfo": "flags\t\t: fpu svm vmxx\n"}, False, "no vmx flag"),
        "off": ({NESTED: "N\n"}, False, "KVM's nested setting is off"),
        "none": ({NESTED: None}, False, "KVM's nested setting is off"),
        "no_kvm": ({"dev/kvm": None}, False, "/dev/kvm cannot be opened"),
    }
    for name, (files, offered, why) in hosts.items():
        got = emulator.nested_vtx(host(here.top, name, **files))
        assert got[0] == offered and why in got[1], (name, got)


def test_qemu_command(here):
    machine = emulator.Emulator("disk.iso", here.top, "qemu", 3, 1024)
    real = emulator.nested_vtx
    try:
        emulator.nested_vtx = lambda: (True, "")
        with_kvm = machine.qemu()
        emulator.nested_vtx = lambda: (False, "")
        without = machine.qemu()
    finally:
        emulator.nested_vtx = real
    for command, accel, cpu in ((with_kvm, "kvm", "host"), (without, "tcg", "max")):
        line = " ".join(command)
        for part in ("-machine q35", f"-accel {accel}", f"-cpu {cpu}", "-smp 3", "-m 1024", "disk.iso,format=raw"):
            assert part in line, (part, line)


def test_forbidden_words(here):
    """What no healthy machine says is found once, in whatever pieces it comes."""
    machine = emulator.Emulator("disk.iso", here.top, "qemu", 3, 1024)
    machine.forbidden = [r"PANIC.*", r"^vm \w+: stopped:.*"]
    for piece in ("all is well\nPAN", "CAKES\nno vm a: stopped: at the beginning\nvm a: sto", "pped", " early\n"):
        machine.text += piece
        machine.check_forbidden()
    machine.text += "vm b: stopped: for a reason\n"
    try:
        machine.check_forbidden()
    except emulator.Failure as failure:
        assert str(failure) == "said: vm b: stopped: for a reason", failure
    else:
        raise AssertionError("a forbidden line was not found")
