# SPDX-License-Identifier: BSD-3-Clause
"""A bootable image: GRUB, the hypervisor, and what a scenario's VMs boot from.

A scenario's XML names its modules by tag; each tag it names that TAGS knows becomes a
boot module. The image boots from a disk as well as from a CD.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile
from xml.etree import ElementTree

TOP = os.path.relpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.."))
BUILD = os.path.join(TOP, "build")

# Tag of a boot module -> the file it is, below build/.
TAGS = {
    "Linux_bzImage": "kernels/cloud/bzImage",
    "Linux_initrd": "initramfs/service_vm.cpio",
    "RT_vmlinux": "kernels/rt/vmlinux",
    "RT_initrd": "initramfs/rt_vm.cpio",
    "User_bzImage": "kernels/cloud/bzImage",
    "User_initrd": "initramfs/user_vm.cpio",
}

GRUB_CFG = """\
set timeout=0
set default=0
menuentry Quercus {
%(lines)s
	# A PC keeps its text mode; EFI has none, and gives the hypervisor the mode it is in.
	if [ "$grub_platform" = pc ]; then set gfxpayload=text; fi
	boot
	# Only reached when something is wrong: say it again, on the serial port.
	serial --unit=0 --speed=115200
	terminal_output serial
%(lines)s
	boot
	echo "QUERCUS-GRUB: FAIL, see the error above"
	sleep 600
}
"""


class Image:
    """What goes into an image: the kernel GRUB starts, and (file, string) per module."""

    def __init__(self, kernel, kernel_args="", protocol="multiboot2"):
        self.kernel = kernel
        self.kernel_args = kernel_args
        self.protocol = protocol
        self.modules = []

    def add_module(self, path, tag, args=""):
        self.modules.append((path, f"{tag} {args}".strip()))

    def grub_cfg(self, names):
        kernel, module = {"multiboot2": ("multiboot2", "module2"),
                          "multiboot": ("multiboot", "module"),
                          "linux": ("linux", "initrd")}[self.protocol]
        lines = [f"\t{kernel} /boot/{names[self.kernel]} {self.kernel_args}".rstrip()]
        for path, string in self.modules:
            string = "" if self.protocol == "linux" else string
            lines.append(f"\t{module} /boot/{names[path]} {string}".rstrip())
        return GRUB_CFG % {"lines": "\n".join(lines)}

    def write(self, out):
        files = [self.kernel] + [path for path, _ in self.modules]
        for path in files:
            if not os.path.isfile(path):
                raise FileNotFoundError(f"{path} is missing: build it first (make all)")
        names = {path: f"{i}-{os.path.basename(path)}"
                 for i, path in enumerate(dict.fromkeys(files))}
        os.makedirs(os.path.dirname(out) or ".", exist_ok=True)
        with tempfile.TemporaryDirectory(dir=os.path.dirname(out) or ".") as stage:
            boot = os.path.join(stage, "boot")
            os.makedirs(os.path.join(boot, "grub"))
            for path, name in names.items():
                link_or_copy(path, os.path.join(boot, name))
            with open(os.path.join(boot, "grub/grub.cfg"), "w", encoding="ascii") as cfg:
                cfg.write(self.grub_cfg(names))
            grub_mkrescue(stage, out)


def emitted_image(xml, out, hvconfig, replace=None):
    """Writes an image of the menu entry that `hvconfig build -d` emits, its files where the entry has
    them. replace: tag -> file instead of the usual module."""
    replace = replace or {}
    os.makedirs(os.path.dirname(out) or ".", exist_ok=True)
    with tempfile.TemporaryDirectory(dir=os.path.dirname(out) or ".") as stage:
        made, files = os.path.join(stage, "made"), os.path.join(stage, "files")
        subprocess.run([hvconfig, "build", xml, "-d", made], check=True)
        with open(os.path.join(made, "grub.cfg"), encoding="ascii") as file:
            entry = file.read()
        for file, tag in re.findall(r"^\t(?:multiboot2|module2) (\S+)(?: (\S+))?", entry, re.M):
            source = os.path.join(BUILD, "quercus.elf") if file.endswith(".elf") else \
                os.path.join(made, os.path.basename(file)) if tag == "scenario" else \
                replace.get(tag) or os.path.join(BUILD, TAGS[tag])
            os.makedirs(os.path.dirname(f"{files}{file}"), exist_ok=True)
            link_or_copy(source, f"{files}{file}")
        os.makedirs(f"{files}/boot/grub")
        with open(f"{files}/boot/grub/grub.cfg", "w", encoding="ascii") as file:
            file.write("set timeout=0\n" + entry)
        grub_mkrescue(files, out)


def link_or_copy(source, target):
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def grub_mkrescue(stage, out):
    """Only the GRUB modules that a boot needs: GRUB reads slowly in an emulator."""
    modules = "multiboot multiboot2 linux normal boot iso9660 part_msdos test echo serial terminal sleep search search_fs_file"
    run = subprocess.run(
        ["grub-mkrescue", "-o", out + ".tmp", "--locales=", "--fonts=", "--themes=",
         f"--install-modules={modules}", stage],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if run.returncode or not os.path.exists(out + ".tmp"):
        sys.stderr.write(run.stdout.decode(errors="replace"))
        raise RuntimeError(f"grub-mkrescue failed ({run.returncode})")
    os.replace(out + ".tmp", out)


def kernel_tags(xml_path):
    """Tag -> bootargs (None for a ramdisk) of the boot modules that a scenario names."""
    tags = {}
    for kernel in ElementTree.parse(xml_path).getroot().iter("kernel"):
        tag, ramdisk = kernel.findtext("tag"), kernel.findtext("ramdisk_tag")
        if tag:
            tags.setdefault(tag.strip(), " ".join(kernel.findtext("bootargs", "").split()))
        if ramdisk:
            tags.setdefault(ramdisk.strip(), None)
    return tags


def scenario_image(xml, blob, args=None, hv_args="", protocol="multiboot2", replace=None,
                   without=(), hypervisor="quercus"):
    """The image of the scenario made from `xml`. args: tag -> words added to the bootargs
    that the scenario gives; replace: tag -> (file, string) instead of the usual module;
    without: tags left out; hypervisor: a file of the build."""
    if not os.path.isfile(xml):
        folder = os.path.dirname(xml)
        known = sorted(name[:-4] for name in os.listdir(folder) if name.endswith(".xml"))
        raise FileNotFoundError(f"no {xml}; known in {folder} are: {' '.join(known)}")
    replace = replace or {}
    image = Image(os.path.join(BUILD, hypervisor + ".elf"), hv_args, protocol)
    if "scenario" not in without:
        image.add_module(replace.get("scenario", (blob, ""))[0], "scenario")
    for tag, bootargs in kernel_tags(xml).items():
        if tag in without:
            continue
        if tag not in replace and tag not in TAGS:
            raise RuntimeError(f"{xml} names the module {tag}, which misc/image/image.py "
                               f"does not know; known are: {' '.join(TAGS)}")
        path, string = replace.get(tag) or (os.path.join(BUILD, TAGS[tag]), None)
        if string is None:
            # The rest of a module's string replaces the scenario's bootargs: repeat them.
            words = (args or {}).get(tag)
            string = f"{bootargs or ''} {words}".strip() if words else ""
        image.add_module(path, tag, string)
    return image
