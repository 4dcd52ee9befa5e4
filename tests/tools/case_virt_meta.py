# SPDX-License-Identifier: BSD-3-Clause
"""virtacrnd: what is written down about a domain, by stock virsh and libvirt-python."""
import os
import signal
import struct
import xml.etree.ElementTree as ET

import libvirt

from virt import ERRORS, Virt, domain, some_text

from case_acrnctl import machine
from case_virt_events import listening

UUID = "c7a5fdbd-edaf-9455-926a-d65c16db1809"
DESCRIPTION, TITLE, ELEMENT = range(3)
NO_METADATA, INVALID_ARG, XML_ERROR = 80, 8, 27
NONE = b"\0" * 4
libvirt.registerErrorHandler(lambda context, error: None, None)


def shown(virt, *words, name="vm1"):
    return ET.fromstring(virt.virsh("dumpxml", *words, name))


def test_desc(here):
    """Title and description of a definition: set, shown everywhere, exchanged, and kept over the daemon's end."""
    virt = Virt(here)
    virt.define(uuid=UUID)
    assert virt.virsh("desc", "vm1").strip() == ""
    assert virt.virsh("desc", "--title", "vm1").strip() == ""
    before = virt.virsh("dumpxml", "vm1")
    virt.virsh("desc", "vm1", "--new-desc", "One <line> &", "more")
    virt.virsh("desc", "--title", "vm1", "Büro \"vorn\"")
    assert virt.virsh("desc", "vm1").strip() == "One <line> & more"
    assert virt.virsh("desc", "--title", "vm1").strip() == "Büro \"vorn\""
    assert shown(virt).findtext("title") == "Büro \"vorn\"" and shown(virt).findtext("description") == "One <line> & more"
    # The new lines stand where people look for them.
    lines = [line.strip().split(">")[0] for line in virt.virsh("dumpxml", "vm1").splitlines()]
    assert lines[1:5] == ["<name", "<uuid", "<title", "<description"], lines
    assert "\"vorn\"" in virt.virsh("list", "--all", "--title")
    virt.define("vm2")
    assert [line.split() for line in virt.virsh("list", "--all", "--title").splitlines() if "vm2" in line] == [["-", "vm2", "shut", "off"]]
    virt.daemon.send_signal(signal.SIGKILL)
    virt.daemon.wait()
    virt = Virt(here)
    virt.virsh("desc", "vm1", "two\nlines")
    assert virt.virsh("desc", "vm1").strip() == "two\nlines"
    assert "a title is one line" in virt.virsh("define", virt.xml("vm3", more="<title>a\nb</title>"), code=1)
    # Taken out, nothing is left of them.
    conn = libvirt.open(f"acrn+unix:///system?socket={virt.socket}")
    vm = conn.lookupByName("vm1")
    vm.setMetadata(TITLE, "", None, None, 0)
    assert shown(virt).find("title") is not None and vm.metadata(TITLE, None, 0) == ""
    for kind in DESCRIPTION, TITLE, TITLE:
        vm.setMetadata(kind, None, None, None, 0)
    assert virt.virsh("dumpxml", "vm1") == before
    conn.close()


def test_live_and_config(here):
    """A run has its own, which end with it."""
    virt = Virt(here)
    virt.define(uuid=UUID)
    assert "domain 'vm1' is not running" in virt.virsh("desc", "--live", "vm1", "x", code=1)
    virt.virsh("desc", "--title", "vm1", "kept")
    virt.virsh("start", "vm1")
    pid, = here.processes()
    virt.virsh("desc", "--title", "vm1", "run")
    virt.virsh("desc", "--config", "vm1", "of the next")
    assert virt.virsh("desc", "--title", "vm1").strip() == virt.virsh("desc", "--title", "--live", "vm1").strip() == "run"
    assert virt.virsh("desc", "--title", "--config", "vm1").strip() == "kept"
    assert virt.virsh("desc", "vm1").strip() == ""
    assert virt.virsh("desc", "--config", "vm1").strip() == "of the next"
    assert (shown(virt).findtext("title"), shown(virt).get("id")) == ("run", str(pid))
    assert shown(virt, "--inactive").findtext("title") == "kept" and "run" in virt.virsh("list", "--title")
    # Both at once, or none: the live one would be taken, the definition's would be too much.
    virt.virsh("desc", "--title", "--live", "--config", "vm1", "both")
    assert shown(virt).findtext("title") == shown(virt, "--inactive").findtext("title") == "both"
    virt.daemon.kill()
    virt.daemon.wait()
    virt = Virt(here)
    assert virt.virsh("desc", "--title", "--live", "vm1").strip() == "both"
    virt.virsh("desc", "--live", "--title", "vm1", "run again")
    virt.virsh("destroy", "vm1")
    assert virt.virsh("desc", "--title", "vm1").strip() == "both" and virt.virsh("desc", "vm1").strip() == "of the next"
    # One without a definition has what it runs by only.
    virt.virsh("create", virt.xml("vm2"))
    virt.virsh("desc", "--title", "vm2", "for a while")
    assert virt.virsh("desc", "--title", "vm2").strip() == shown(virt, "--inactive", name="vm2").findtext("title") == "for a while"
    assert shown(virt, "--inactive", name="vm2").get("id") is None
    assert "domain 'vm2' has no definition" in virt.virsh("desc", "--config", "--title", "vm2", "x", code=1)
    virt.virsh("destroy", "vm2")


def test_elements(here):
    """Custom XML: of each namespace one, given and got without it."""
    virt = Virt(here)
    virt.define(uuid=UUID, more="<metadata><os:info xmlns:os='http://os/'><os:id>x</os:id></os:info></metadata>")
    set_it = ["metadata", "vm1", "http://app/", "--key", "app", "--set"]
    assert "no metadata of that namespace" in virt.virsh("metadata", "vm1", "http://app/", code=1)
    virt.virsh(*set_it, "<tag a='1'><in>text</in><os:x xmlns:os='http://os/'/></tag>")
    got = ET.fromstring(virt.virsh("metadata", "vm1", "http://app/"))
    assert (got.tag, got.get("a"), got.findtext("in"), got[1].tag) == ("tag", "1", "text", "{http://os/}x")
    assert "app" not in virt.virsh("metadata", "vm1", "http://app/")
    inside = [child.tag for child in shown(virt).find("metadata")]
    assert inside == ["{http://os/}info", "{http://app/}tag"], inside
    assert shown(virt).find("metadata/{http://app/}tag/{http://app/}in").text == "text"
    assert "<app:tag xmlns:app=\"http://app/\"" in virt.virsh("dumpxml", "vm1")
    assert ET.fromstring(virt.virsh("metadata", "vm1", "http://os/")).findtext("id") == "x"
    # Another in its place, by a namespace of its own words; then out with it, and the first stays.
    virt.virsh(*set_it, "<a:other xmlns:a='http://app/'/>")
    assert [child.tag for child in shown(virt).find("metadata")] == ["{http://os/}info", "{http://app/}other"]
    virt.virsh("start", "vm1")
    virt.virsh("metadata", "vm1", "http://app/", "--live", "--remove")
    assert [child.tag for child in shown(virt).find("metadata")] == ["{http://os/}info"]
    assert len(shown(virt, "--inactive").find("metadata")) == 2
    virt.virsh("metadata", "vm1", "http://os/", "--live", "--config", "--remove")
    assert shown(virt).find("metadata") is None and len(shown(virt, "--inactive").find("metadata")) == 1
    virt.virsh("destroy", "vm1")
    for words, why in (("<a>", "no well-formed XML of one element"), ("<a/><b/>", "no well-formed XML"), ("text", "no well-formed XML"),
                       ("<!DOCTYPE a [<!ENTITY e 'f'>]><a>&e;</a>", "a document type is not allowed"), ("<b:a/>", "xmlns does not say"),
                       ("<a xmlns='http://else/'/>", "<a> is of namespace 'http://else/', but its URI is said to be 'http://app/'"),
                       ("<a xmlns:app='http://else/'/>", "the prefix 'app' is another namespace's"),
                       ("<a>" * 300 + "</a>" * 300, "well-formed")):
        assert why in virt.virsh(*set_it, words, code=1), words
    assert "no prefix of a namespace" in virt.virsh("metadata", "vm1", "http://app/", "--key", "a b", "--set", "<a/>", code=1)
    assert [child.tag for child in shown(virt).find("metadata")] == ["{http://app/}other"]


def ask(kind, words=NONE, key=NONE, uri=NONE, flags=0):
    return domain("vm1", UUID) + struct.pack(">I", kind) + words + key + uri + struct.pack(">I", flags)


def test_limits(here):
    """By bare messages what clients do not send; nothing of it changes the definition."""
    virt = Virt(here)
    virt.define(uuid=UUID)
    raw, uri = virt.raw(), some_text("http://app/")
    before = virt.virsh("dumpxml", "vm1")
    for data, code, words in (
            (ask(TITLE, some_text("a\nb")), INVALID_ARG, "a title is one line without control characters"),
            (ask(TITLE, some_text("x" * 257)), INVALID_ARG, "a title of 257 bytes; at most 256 are taken"),
            (ask(DESCRIPTION, some_text("x" * 16385)), INVALID_ARG, "a description of 16385 bytes; at most 16384 are taken"),
            (ask(DESCRIPTION, some_text("\x01")), INVALID_ARG, "no control characters but line breaks and tabs"),
            (ask(TITLE, b"\0\0\0\1\0\0\0\1\xff\0\0\0"), INVALID_ARG, "the title is no UTF-8"),
            (ask(TITLE, some_text("x"), uri=uri), INVALID_ARG, "a title or description has no namespace"),
            (ask(TITLE, some_text("x"), key=some_text("k")), INVALID_ARG, "a title or description has no prefix"),
            (ask(ELEMENT, some_text("<a/>"), uri=uri), INVALID_ARG, "an element needs a prefix"),
            (ask(ELEMENT, some_text("<a/>"), key=some_text("k")), INVALID_ARG, "namespace has 0 bytes; 1 to 1024 are allowed"),
            (ask(ELEMENT, some_text("<a/>"), some_text("k"), some_text("u" * 1025)), INVALID_ARG, "namespace has 1025 bytes"),
            (ask(ELEMENT, some_text("<a>" + "x" * 65536 + "</a>"), some_text("k"), uri), INVALID_ARG, "metadata of 65543 bytes; at most 65536"),
            (ask(ELEMENT, some_text("<a/>"), some_text("xmlns"), uri), INVALID_ARG, "'xmlns' is no prefix"),
            (ask(3, some_text("x")), INVALID_ARG, "metadata of type 3; 0 (description), 1 (title) and 2 (element) are known"),
            (ask(TITLE, some_text("x"), flags=4), ERRORS["ARGUMENT_UNSUPPORTED"], "unsupported flags 0x4"),
            (ask(TITLE, some_text("x"), flags=3), ERRORS["OPERATION_INVALID"], "is not running")):
        got = raw.call(264, data)
        assert got[0] == code and words in got[1], (words, got)
    one = domain("vm1", UUID) + struct.pack(">I", TITLE)
    assert raw.call(265, one + NONE + NONE) == (NO_METADATA, "domain 'vm1' has no title")
    assert raw.call(265, one + NONE + struct.pack(">I", 3)) == (INVALID_ARG, "live and config exclude each other")
    assert raw.call(265, one + uri + NONE)[0] == INVALID_ARG
    assert virt.virsh("dumpxml", "vm1") == before
    # Up to the limits; and all of a domain's XML has one, too.
    assert raw.call(264, ask(TITLE, some_text("x" * 256)))[0] == 0 and raw.call(264, ask(DESCRIPTION, some_text("x" * 16384)))[0] == 0
    big = some_text("<a>" + "x" * 65000 + "</a>")
    codes = [raw.call(264, ask(ELEMENT, big, some_text("k"), some_text(f"u:{number}"))) for number in range(17)]
    assert [code for code, _ in codes] == [0] * 15 + [XML_ERROR] * 2 and "at most 1048576 are taken" in codes[-1][1], codes[-1]


def test_events(here):
    """Clients hear of what is set, of which kind and namespace, each once; of nothing that is refused."""
    virt = Virt(here)
    virt.define(uuid=UUID)
    virt.virsh("start", "vm1")
    pid, = here.processes()
    raw = virt.raw(read_only=True)
    assert raw.call(316, struct.pack(">2I", 23, 0)) == (0, struct.pack(">I", 0))
    virt.virsh("desc", "vm1", "one", "--live", "--config")
    virt.virsh("desc", "vm1", "x" * 20000, code=1)
    virt.virsh("desc", "--title", "vm1", "two")
    virt.virsh("metadata", "vm1", "http://app/", "--key", "app", "--set", "<a/>")
    virt.virsh("metadata", "vm1", "http://app/", "--remove")
    for kind, uri in (DESCRIPTION, NONE), (TITLE, NONE), (ELEMENT, some_text("http://app/")), (ELEMENT, some_text("http://app/")):
        head, data = raw.message()
        assert head[2] == 379 and data == struct.pack(">I", 0) + domain("vm1", UUID, pid) + struct.pack(">I", kind) + uri, (head, data)
    events = listening(virt, "--all")
    virt.virsh("desc", "--title", "vm1", "three")
    events.expect("metadata-change")
    virt.virsh("destroy", "vm1")


def test_who_may_not(here):
    machine(here, "0 rt 0 2 1 64 100", "1 service 1 2 2 2048 25")
    virt = Virt(here)
    virt.define(uuid=UUID, more="<title>mine</title>")
    # Who only looks, whatever his client allows him.
    assert virt.virsh("desc", "--title", "vm1", read_only=True).strip() == "mine"
    assert "read only" in virt.virsh("desc", "--title", "vm1", "x", code=1, read_only=True)
    assert virt.raw(read_only=True).call(264, ask(TITLE, some_text("x"))) == (
        ERRORS["OPERATION_DENIED"], "operation set_metadata forbidden for read only access")
    # The hypervisor's VMs are described by it.
    for name, words in ("rt", "is a pre-launched VM"), ("service", "is the Service VM"):
        assert words + " and can only be looked at" in virt.virsh("desc", name, "x", code=1)
        assert words + " and can only be looked at" in virt.virsh("metadata", name, "u:", "--remove", code=1)
        assert "to be looked at only" in virt.virsh("desc", name)
        assert virt.virsh("desc", "--title", name).strip() == ""
    assert "mine" in virt.virsh("list", "--all", "--title")
    assert not [name for name in os.listdir(here.conf) if name.endswith(".new")]


def test_launch_file(here):
    """What has no XML has it kept beside: for its runs and for itself, until acrnctl forgets it."""
    virt = Virt(here)
    here.add("vm2")
    launch, notes = os.path.join(here.conf, "vm2.sh"), os.path.join(here.conf, "vm2.notes.xml")
    with open(launch, "rb") as file:
        before = file.read()
    bare = virt.virsh("dumpxml", "vm2")
    virt.virsh("desc", "vm2", "One <line> &\nmore")
    virt.virsh("desc", "--title", "vm2", "Büro")
    set_it = ["metadata", "vm2", "http://app/", "--key", "app", "--set"]
    virt.virsh(*set_it, "<tag a='1'/>")
    assert os.stat(notes).st_mode & 0o777 == 0o600
    virt.daemon.kill()
    virt.daemon.wait()
    virt = Virt(here)
    assert virt.virsh("desc", "vm2", read_only=True).strip() == "One <line> &\nmore"
    assert [child.tag for child in shown(virt, name="vm2")][:6] == ["name", "uuid", "title", "description", "metadata", "memory"]
    here.ctl("start", "vm2")
    for words in [], ["--live"], ["--config"]:
        assert virt.virsh("desc", "--title", *words, "vm2").strip() == "Büro"
    assert shown(virt, name="vm2").findtext("title") == shown(virt, "--inactive", name="vm2").findtext("title") == "Büro"
    virt.virsh("desc", "--title", "--live", "--config", "vm2", "Lager")
    assert "Lager" in virt.virsh("list", "--title")
    assert virt.virsh("desc", "--title", "vm2").strip() == "Lager" and virt.virsh("desc", "vm2").strip() == "One <line> &\nmore"
    assert "a character that XML does not allow" in virt.virsh("desc", "--title", "vm2", "\uffff", code=1)
    assert "a title of 257 bytes" in virt.virsh("desc", "--title", "vm2", "x" * 257, code=1)
    assert "no well-formed XML" in virt.virsh(*set_it, "<a>", code=1)
    assert ET.fromstring(virt.virsh("metadata", "vm2", "http://app/")).get("a") == "1"
    here.ctl("stop", "-f", "vm2")
    with open(launch, "rb") as file:
        assert file.read() == before
    # Taken out one after the other, nothing is left.
    virt.virsh("metadata", "vm2", "http://app/", "--remove")
    conn = libvirt.open(f"acrn+unix:///system?socket={virt.socket}")
    vm = conn.lookupByName("vm2")
    vm.setMetadata(TITLE, None, None, None, 0)
    vm.setMetadata(DESCRIPTION, None, None, None, 0)
    conn.close()
    assert not os.path.exists(notes) and virt.virsh("dumpxml", "vm2") == bare
    # Forgotten with it; and what was left of one is not the next one's.
    virt.virsh("desc", "vm2", "x")
    here.ctl("del", "vm2")
    assert not os.path.exists(notes)
    with open(notes, "w", encoding="ascii") as file:
        file.write("<domain><name>vm2</name><title>old</title></domain>")
    here.add("vm2")
    assert virt.virsh("desc", "--title", "vm2").strip() == ""


def test_launch_file_limits(here):
    """A file that is nobody's notes is left alone, as is a run that no definition is for; all notes together have a limit."""
    virt = Virt(here)
    here.add("vm2")
    with open(os.path.join(here.conf, "vm2.notes.xml"), "w", encoding="ascii") as file:
        file.write("<domain>")
    assert "cannot be read" in virt.virsh("desc", "vm2", "x", code=1)
    assert virt.virsh("desc", "vm2").strip() == "" and shown(virt, name="vm2").findtext("name") == "vm2"
    os.unlink(os.path.join(here.conf, "vm2.notes.xml"))
    raw, one = virt.raw(), domain("vm2", virt.virsh("domuuid", "vm2").strip())
    big = some_text("<a>" + "x" * 65000 + "</a>")
    codes = [raw.call(264, one + struct.pack(">I", ELEMENT) + big + some_text("k") + some_text(f"u:{number}") + NONE) for number in range(17)]
    assert [code for code, _ in codes] == [0] * 16 + [XML_ERROR] and "at most 1048576 are taken" in codes[-1][1], codes[-1]
    here.ctl("start", "vm2")
    os.unlink(os.path.join(here.conf, "vm2.sh"))
    said = virt.virsh("desc", "vm2", "x", code=1)
    assert "runs by a launch file that is no definition" in said and "\"virsh define\" makes one that has" in said
    here.ctl("stop", "-f", "vm2")
