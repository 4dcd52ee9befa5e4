# SPDX-License-Identifier: BSD-3-Clause
"""The counters that a hypervisor built for coverage writes to the debug port (counters.c), and
the .gcda files that gcov reads them from (GCC 12's gcov-io.h)."""
import struct
import zlib

MAGIC = b"QCOV"
DATA_MAGIC, TAG_FUNCTION, TAG_ARCS = 0x67636461, 0x01000000, 0x01A10000


class Damaged(Exception):
    """A stream that ends too early, or whose checksum is wrong."""


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def byte(self):
        if self.at >= len(self.data):
            raise Damaged("the counters end in the middle")
        self.at += 1
        return self.data[self.at - 1]

    def number(self):
        value = shift = 0
        while True:
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    def string(self):
        out = bytearray()
        while byte := self.byte():
            out.append(byte)
        return out.decode()


def unpack(port):
    """Bytes of the stream in what the debug port said: those with bit 7 set carry six bits."""
    value = bits = 0
    out = bytearray()
    for byte in port:
        if byte & 0x80:
            value |= (byte & 0x3F) << bits
            bits += 6
            if bits >= 8:
                out.append(value & 0xFF)
                value >>= 8
                bits -= 8
    return bytes(out)


def read_stream(data):
    """{name of a .gcda: (head, {function: counters})} of one stream without its "QCOV"."""
    reader, objects, functions = Reader(data), {}, None
    while kind := reader.number():
        if kind == 1:
            name = reader.string()
            functions = {}
            objects[name] = ([reader.number() for _ in range(3)], functions)
        elif kind == 2 and functions is not None:
            key = tuple(reader.number() for _ in range(3))
            functions[key] = [reader.number() for _ in range(reader.number())]
        else:
            raise Damaged(f"record of kind {kind}")
    end = reader.at
    if reader.number() != zlib.crc32(MAGIC + data[:end]):
        raise Damaged("their checksum is wrong")
    return objects


def pack(data):
    """The whole port bytes that data makes."""
    value = int.from_bytes(data, "little")
    return bytes(0x80 | (value >> bit & 0x3F) for bit in range(0, len(data) * 8 - 5, 6))


def read_port(port):
    """The streams in what the debug port said: one each time that the counters were written."""
    coded = bytes(byte for byte in port if byte & 0x80)
    first = pack(MAGIC)
    at = coded.find(first)
    streams = []
    while at >= 0:
        end = coded.find(first, at + 1)
        data = unpack(coded[at:] if end < 0 else coded[at:end])
        streams.append(read_stream(data[len(MAGIC):]))
        at = end
    return streams


def add(total, objects):
    """Adds counters up, but for functions that have changed since."""
    for name, (head, functions) in objects.items():
        if name not in total:
            total[name] = (head, {}, notes_functions(name[:-4] + "gcno"))
        _, old, known = total[name]
        for key, counters in functions.items():
            if key not in known:
                continue
            have = old.get(key, [0] * len(counters))
            old[key] = [a + b for a, b in zip(have, counters)]


def notes_functions(path):
    """The functions of an object's .gcno, as it is built now: by ident and the checksums of lines and flow."""
    found = set()
    try:
        with open(path, "rb") as file:
            data = file.read()
    except OSError:
        return found
    at = 16                                         # magic, version, stamp, checksum
    at += 4 + struct.unpack_from("<I", data, at)[0]     # working directory
    at += 4                                         # whether blocks that never ran are marked
    while at + 8 <= len(data):
        tag, size = struct.unpack_from("<2I", data, at)
        if tag == TAG_FUNCTION:
            found.add(struct.unpack_from("<3I", data, at + 8))
        at += 8 + size
    return found


def write_data(path, head, functions):
    version, stamp, checksum = head
    with open(path, "wb") as file:
        file.write(struct.pack("<4I", DATA_MAGIC, version, stamp, checksum))
        for (ident, lines, flow), counters in functions.items():
            file.write(struct.pack("<5I", TAG_FUNCTION, 12, ident, lines, flow))
            file.write(struct.pack("<2I", TAG_ARCS, 8 * len(counters)))
            file.write(struct.pack(f"<{len(counters)}Q", *counters))
        file.write(struct.pack("<I", 0))
