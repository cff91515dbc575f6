"""Registration databases as numpy arrays, read and rewritten by nothing of imreg: the naive side of the tests of searching and merging."""
import struct
import uuid
import warnings

import numpy as np
from astropy.io import fits

warnings.simplefilter("ignore")
TYPES = "none object dark bias flat mask fringe scatter modes frpts any".split()
MODES = "none MEF SPLIT SINGLE CUBE SLICE MODES".split()


def crc_table():
    table = []
    for n in range(256):
        for _ in range(8):
            n = (n >> 1) ^ (0x82F63B78 if n & 1 else 0)
        table.append(n)
    return np.array(table, np.uint32)


TABLE = crc_table()


def crc32c(rows):
    """CRC-32C of each row of a 2-d array of bytes."""
    crc = np.full(len(rows), 0xFFFFFFFF, np.uint32)
    for column in np.ascontiguousarray(rows.T):
        crc = TABLE[(crc ^ column) & 255] ^ (crc >> np.uint32(8))
    return crc ^ np.uint32(0xFFFFFFFF)


def layout(path):
    with fits.open(path, memmap=False) as hdus:
        table = hdus[1]
        return (table.fileinfo()["datLoc"], table.header["NAXIS2"], table.columns.dtype.newbyteorder(">"),
                uuid.UUID(table.header.get("FILEUUID", "0" * 32)).bytes)


def records(path):
    """All rows as the file stores them: big-endian numbers, texts as bytes, booleans as ord("T"). Deleted ones too."""
    start, count, dtype, _ = layout(path)
    with open(path, "rb") as file:
        file.seek(start)
        return np.frombuffer(file.read(count * dtype.itemsize), dtype).copy()


def store(path, rows):
    """Puts as many rows back as there are, with new CRCs."""
    start, count, dtype, own = layout(path)
    assert len(rows) == count
    rows["CRC"] = 0
    raw = rows.view(np.uint8).reshape(count, dtype.itemsize)
    heads = np.frombuffer(b"".join(own + struct.pack(">q", n) for n in range(count)), np.uint8).reshape(count, 24)
    rows["CRC"] = (crc32c(np.concatenate([heads, raw], axis=1)) ^ np.uint32(0x80000000)).view(np.int32)
    with open(path, "r+b") as file:
        file.seek(start)
        file.write(rows.tobytes())


def text(value):
    return bytes(value).split(b"\0")[0].decode("utf-8").rstrip(" ")
