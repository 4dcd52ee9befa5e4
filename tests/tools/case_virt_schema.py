# SPDX-License-Identifier: BSD-3-Clause
"""virtacrnd: the schema of its domains, by stock virt-xml-validate."""
import os
import shutil
import subprocess

from place import BUILD, need_root
from virt import Virt

from case_acrnctl import machine

SCHEMAS = "/usr/share/libvirt/schemas"
OURS = os.path.join(BUILD, "../tools/virtacrnd/acrndomain.rng")
MADE = os.path.join(BUILD, "../tests/golden/made")
# virt-xml-validate has one folder of schemas: here it is one with ours in it.
WITH_OURS = 'mount --bind "$1" ' + SCHEMAS + ' && exec virt-xml-validate "$2" acrndomain'


def validate(here, path):
    """Whether it is valid."""
    folder = here.path("schemas")
    if not os.path.exists(folder):
        shutil.copytree(SCHEMAS, folder)
        shutil.copy(OURS, folder)
    return subprocess.run(["unshare", "-m", "sh", "-c", WITH_OURS, "sh", folder, path], capture_output=True, check=False).returncode == 0


def test_schema(here):
    """What the daemon shows and what hvconfig makes is valid; another hypervisor's domain is not."""
    need_root()
    machine(here, "0 rt 0 2 2 64 100")
    virt = Virt(here)
    virt.define(devices=f"<disk type='file'><source file='{here.top}/d'/></disk><interface type='ethernet'><target dev='tap0'/></interface>"
                "<serial type='pty'/><console type='pty'/><rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>",
                more="<vcpu>1</vcpu><acrn:commandline><acrn:arg value='--debugexit'/></acrn:commandline>")
    path = here.path("shown.xml")
    for name in "rt", "vm1":
        with open(path, "w", encoding="utf-8") as file:
            file.write(virt.virsh("dumpxml", name))
        assert validate(here, path), name
    for name in "all", "small":
        assert validate(here, os.path.join(MADE, name + ".xml.made")), name
    with open(path, encoding="utf-8") as file:
        text = file.read()
    for old, new in (("type=\"acrn\"", "type=\"bhyve\""), ("acrn:arg", "acrn:word"), ("<vcpu", "<cpus"), ("domain/acrn/1.0", "domain/bhyve/1.0")):
        assert old in text
        with open(here.path("wrong.xml"), "w", encoding="utf-8") as file:
            file.write(text.replace(old, new).replace("</vcpu>", "</cpus>" if new == "<cpus" else "</vcpu>"))
        assert not validate(here, here.path("wrong.xml")), new
