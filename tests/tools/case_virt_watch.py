# SPDX-License-Identifier: BSD-3-Clause
"""virtacrnd: figures, consoles and events."""
from place import until
from virt import Virt


def stats(virt, *words):
    """domstats as {VM: {name: value}}."""
    found, name = {}, None
    for line in virt.virsh("domstats", *words).splitlines():
        if line.startswith("Domain:"):
            name = line.split("'")[1]
            found[name] = {}
        elif "=" in line:
            key, value = line.strip().split("=", 1)
            found[name][key] = value
    return found


def test_figures(here):
    virt = Virt(here)
    disk = here.path("disk.img")
    with open(disk, "wb") as file:
        file.write(b"\0" * 65536)
    here.add("vm1", guest="chatter", options=f"-s 5,virtio-blk,{disk}")
    virt.define("vm2", memory="64")
    here.ctl("start", "vm1")
    all_stats = stats(virt)
    one, two = all_stats["vm1"], all_stats["vm2"]
    assert one["state.state"] == "1" and two["state.state"] == "5"
    assert one["balloon.current"] == "32768" and two["balloon.maximum"] == "65536"
    assert int(one["vcpu.current"]) >= 1 and int(one["balloon.rss"]) > 0
    assert one["block.count"] == "1" and one["block.0.name"] == "vda" and one["block.0.path"] == disk
    assert one["block.0.rd.reqs"] == "0" and one["block.0.wr.bytes"] == "0" and one["net.count"] == "0"
    assert "cpu.time" not in two and "block.count" not in two
    assert int(one["cpu.time"]) == int(one["cpu.user"]) + int(one["cpu.system"])
    until(lambda: int(stats(virt, "vm1")["vm1"]["cpu.time"]) > int(one["cpu.time"]))
    # What is asked for, and no more.
    assert set(stats(virt, "--state", "vm1")["vm1"]) == {"state.state", "state.reason"}
    assert list(stats(virt, "--list-active")) == ["vm1"] and list(stats(virt, "--list-inactive")) == ["vm2"]
    assert "statistics 0x40 are not there" in virt.virsh("domstats", "--enforce", "--perf", "vm1", code=1)
    here.ctl("stop", "-f", "vm1")
