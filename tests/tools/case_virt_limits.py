# SPDX-License-Identifier: BSD-3-Clause
"""virtacrnd: what the scenario allows a VM."""
import os
import subprocess
import xml.etree.ElementTree as ET

from place import BUILD
from virt import Virt

KERNEL = "<kernel><tag>k</tag></kernel>"
SCENARIO = f"""<scenario name="test">
  <vm name="rt"><load_order>pre_launched</load_order><memory_size>64M</memory_size><cpu_affinity>5</cpu_affinity>{KERNEL}</vm>
  <vm name="service"><load_order>service</load_order><cpu_affinity>0-1</cpu_affinity>{KERNEL}</vm>
  <vm name="vm1"><load_order>post_launched</load_order><memory_size>64M</memory_size><cpu_affinity>1,3-4</cpu_affinity></vm>
</scenario>
"""


def limited(here, **more):
    with open(here.path("scenario.xml"), "w", encoding="utf-8") as file:
        file.write(SCENARIO)
    scenario = here.path("scenario.bin")
    subprocess.run([os.path.join(BUILD, "hvconfig"), "build", here.path("scenario.xml"), "-o", scenario], check=True, capture_output=True)
    return Virt(here, "-S", scenario, **more), scenario


def vcpu(virt, name="vm1"):
    node = ET.fromstring(virt.virsh("dumpxml", "--inactive", name)).find("vcpu")
    return node.text, node.get("cpuset")


def test_limits(here):
    """Too much is refused when it is defined: which field, which limit, who says so."""
    virt, scenario = limited(here)
    for name, memory, more, words in (
            ("vm1", "66", "", f"line 3, <memory>: 67584 KiB: the scenario {scenario} gives VM vm1 at most 65536 KiB"),
            ("vm1", "64", "<vcpu cpuset='1-2'>2</vcpu>", f"<vcpu>: cpuset names CPU 2: the scenario {scenario} allows VM vm1 CPUs 1,3,4"),
            ("vm1", "64", "<vcpu>4</vcpu>", f"<vcpu>: 4 virtual CPUs: the scenario {scenario} allows VM vm1 3, CPUs 1,3,4"),
            ("vm2", "256", "<vcpu cpuset='5'>1</vcpu>", f"cpuset names CPU 5: the scenario {scenario} allows VM vm2 CPUs 0,1,2,3,4,6"),
            ("rt", "64", "", f"<name> rt is that of a VM which the hypervisor itself starts (scenario {scenario})"),
            ("service", "64", "", "<name> service is that of a VM which the hypervisor itself starts")):
        for command in "define", "create":
            said = virt.virsh(command, virt.xml(name, memory=memory, more=more), code=1)
            assert words in said, (words, said)
    assert virt.virsh("list", "--all", "--name").split() == []
    virt.define(memory="64", more="<vcpu cpuset='3,4'>2</vcpu>")
    assert vcpu(virt) == ("2", "3,4")
    # What was allowed once goes on to be shown and started.
    os.unlink(scenario)
    assert vcpu(virt) == ("2", "3,4")
    virt.virsh("start", "vm1")
    virt.virsh("destroy", "vm1")


def test_cpus_by_themselves(here):
    """Without a cpuset a domain has the first CPUs that it may have."""
    virt, _ = limited(here)
    virt.define(more="<vcpu>2</vcpu>")
    assert vcpu(virt) == ("2", "1,3")
    virt.define("vm2", more="<vcpu placement='static'>6</vcpu>")
    assert vcpu(virt, "vm2") == ("6", "0,1,2,3,4,6")
    with open(os.path.join(here.conf, "vm1.sh"), encoding="utf-8") as file:
        assert "'--pcpus' '1,3'" in file.read()
    # The machine has CPUs that the Service VM has not.
    total = int(virt.virsh("nodecpumap").split("CPUs present:")[1].split()[0])
    assert total >= 6


def test_no_scenario(here):
    """Nothing says any limits, or not so that it could be believed: then the hypervisor has the only word, at the start."""
    bad = here.path("bad.bin")
    for content in (None, b"", b"QSCN", b"QSCN\x02\0\0\0" + b"\xff" * 504, os.urandom(4096)):
        if content is not None:
            with open(bad, "wb") as file:
                file.write(content)
        virt = Virt(here, "-S", bad)
        virt.define(memory="512", more="<vcpu>3</vcpu>")
        assert vcpu(virt) == ("3", "0,1,2")
        virt.virsh("undefine", "vm1")
        virt.daemon.terminate()
        virt.daemon.wait()
