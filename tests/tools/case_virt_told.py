# SPDX-License-Identifier: BSD-3-Clause
"""virtacrnd: events of VMs that no acrn-dm runs, as stock virsh hears them. The machine is tests/tools/fake_hypervisor.c."""
import os
import time

from place import until
from virt import Virt

from case_acrnctl import machine
from case_virt_events import Events, listening

SERVICE = "1 service 1 2 2 2048 25"
CREATED, RUNNING, PAUSED, STOPPED, OFF = 1, 2, 3, 4, 0
NONE, TRIPLE_FAULT, RESET, POWEROFF, CRASH = range(5)


def rt(state, reason=NONE, restarts=0):
    return f"0 rt 0 {state} 1 64 100 {reason} {restarts}"


def listener(here, *words):
    """A machine with two such VMs, and a virsh that hears of them; their changes are told in the words of expect()."""
    machine(here, rt(RUNNING), SERVICE)
    virt = Virt(here)
    return virt, listening(virt, *words)


def steps(here, events, *list_of):
    """Each state in turn, with what must be told of it and nothing else."""
    for state, *told in list_of:
        before = len(events.lines())
        machine(here, rt(*state), SERVICE)
        if told:
            until(lambda wanted=before + len(told): len(events.lines()) >= wanted)
            events.expect(*told)
        else:
            # What nothing is told of: a look has been at it when the one after it has begun.
            looked(here, 2)
        assert len(events.lines()) == before + len(told), (state, told, events.lines()[before:])


def looked(here, more):
    """Waits until the hypervisor has been asked so often about both VMs."""
    path = here.env["FAKE_LOOKS"]
    end = os.stat(path).st_size + 2 * more + 1
    until(lambda: os.stat(path).st_size >= end)


def counted(here):
    here.env["FAKE_LOOKS"] = here.path("looks")
    with open(here.path("looks"), "wb"):
        pass


def test_life(here):
    counted(here)
    _, events = listener(here, "--all")
    steps(here, events,
          ((PAUSED,), "Suspended Paused"),
          ((RUNNING,), "Resumed Unpaused"),
          # It switches itself off, and is told to be off when it is.
          ((PAUSED, POWEROFF),),
          ((OFF, POWEROFF), "Shutdown Finished", "Stopped Shutdown"),
          ((CREATED, NONE, 1),),
          ((RUNNING, NONE, 1), "Started Booted"),
          # The operator ends it where nothing of its own says so.
          ((OFF, NONE, 1), "Stopped Destroyed"),
          ((PAUSED, NONE, 2), "Started Booted", "Suspended Paused"))
    assert all("'rt'" in line for line in events.lines() if "'probe'" not in line)
    machine(here, SERVICE)
    events.expect("Started Booted", "Suspended Paused", "Stopped Destroyed")


def test_restarts(here):
    counted(here)
    _, events = listener(here, "--all")
    steps(here, events,
          # Its reset, seen in its midst or not at all.
          ((PAUSED, RESET),),
          ((CREATED, NONE, 1), "reboot"),
          ((RUNNING, NONE, 1),),
          ((RUNNING, NONE, 2), "reboot"),
          # A crash: kept for its owner, or until its restart.
          ((STOPPED, CRASH, 2), "Crashed Panicked"),
          ((PAUSED, CRASH, 2),),
          ((RUNNING, NONE, 3), "Stopped Crashed", "Started Booted"),
          ((PAUSED, TRIPLE_FAULT, 3), "Crashed Panicked"),
          # Started and crashed again between two looks.
          ((PAUSED, CRASH, 4), "Stopped Crashed", "Started Booted", "Crashed Panicked"),
          ((OFF, CRASH, 4), "Stopped Crashed"),
          ((RUNNING, NONE, 5), "Started Booted"),
          ((OFF, CRASH, 5), "Crashed Panicked", "Stopped Crashed"))


def test_one_domain(here):
    """Of the one that is meant, by its UUID, with the id that list shows; and those whose words are not understood wait for better ones."""
    counted(here)
    virt, everything = listener(here, "--all")
    rt_only, service = Events(virt, "--event", "lifecycle", "--domain", "rt"), Events(virt, "--event", "lifecycle", "--domain", "service")

    def heard():
        """Until both are heard, they may not listen yet."""
        machine(here, rt(PAUSED), SERVICE.replace("1 2 2", "1 3 2"))
        looked(here, 2)
        machine(here, rt(RUNNING), SERVICE)
        looked(here, 2)
        return os.stat(rt_only.path).st_size and os.stat(service.path).st_size
    until(heard)
    before = len(everything.lines())
    machine(here, "old")
    time.sleep(0.2)
    machine(here, rt(RUNNING), SERVICE)
    looked(here, 2)
    assert len(everything.lines()) == before
    assert all("'rt'" in line for line in rt_only.lines()) and all("'service'" in line for line in service.lines())


def test_only_while_somebody_listens(here):
    """Nobody is asked for nobody, nor for those who listen to other domains."""
    counted(here)
    machine(here, rt(RUNNING), SERVICE)
    virt = Virt(here)
    virt.define()
    virt.virsh("list")
    silent = Events(virt, "--event", "lifecycle", "--domain", "vm1")
    uuid = virt.virsh("domuuid", "vm1").strip()
    for number in range(500):
        virt.define(uuid=uuid, memory=str(32 + number % 2 * 32))
        if silent.lines():
            break
    size = os.stat(here.env["FAKE_LOOKS"]).st_size
    time.sleep(0.3)
    assert os.stat(here.env["FAKE_LOOKS"]).st_size == size
    events = listening(virt, "--event", "lifecycle")
    looked(here, 3)
    events.process.terminate()
    events.process.wait()

    def still():
        size = os.stat(here.env["FAKE_LOOKS"]).st_size
        time.sleep(0.2)
        return os.stat(here.env["FAKE_LOOKS"]).st_size == size
    until(still)
    # What happened while nobody listened is nothing new to who comes then.
    machine(here, rt(PAUSED), SERVICE)
    events = listening(virt, "--all")
    looked(here, 2)
    assert all("'probe'" in line for line in events.lines()), events.lines()
    machine(here, rt(RUNNING), SERVICE)
    events.expect("Resumed Unpaused")


def test_hidden(here):
    """A definition of its name is another domain."""
    counted(here)
    virt = Virt(here)
    virt.define("rt")
    machine(here, rt(RUNNING), SERVICE)
    virt = Virt(here, socket="other")
    events = listening(virt, "--all")
    machine(here, rt(PAUSED), SERVICE)
    looked(here, 2)
    assert all("'probe'" in line for line in events.lines()), events.lines()
    virt.virsh("undefine", "rt")
    machine(here, rt(RUNNING), SERVICE)
    events.expect("Undefined Removed", "Resumed Unpaused")
