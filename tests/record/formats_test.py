#!/usr/bin/python3
"""Record files seen by others, and files of others seen by us: astropy, fitsverify and numpy read ours; Elixir files
written here with struct, a real Elixir database, and real binary tables read by us equal what astropy reads."""
import glob
import json
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import warnings

import numpy as np
from astropy.io import fits
from astropy.table import Table

SOURCE, BIN, DATA = sys.argv[1:4]
TOOL = os.path.join(os.path.dirname(BIN), "tests", "record_tool")
failures = 0


def check(ok, what):
    global failures
    if not ok:
        failures += 1
        print("FAILED:", what)


def tool(*args):
    done = subprocess.run([TOOL, *map(str, args)], capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


def dump(path):
    code, out, err = tool("dump", path)
    check(code == 0, f"dump {path}: {err}")
    return [json.loads(line) for line in out.splitlines()]


def verify(path):
    out = subprocess.run(["fitsverify", path], capture_output=True, text=True).stdout
    return out.rstrip().splitlines()[-1], "\n".join(line for line in out.splitlines() if "***" in line)


def crc32c(data, crc=0):
    crc ^= 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def ours_by_others(folder):
    check(crc32c(b"123456789") == 0xE3069283, "the oracle's CRC-32C")
    for rows, kind in ((0, "live"), (0, "trimmed"), (1, "live"), (1, "trimmed"), (37, "live"), (37, "trimmed"), (45, "trimmed"), (3000, "live"), (3000, "trimmed")):
        path = os.path.join(folder, f"{kind}{rows}.db")
        code, _, err = tool("make", path, rows, kind)
        check(code == 0, err)
        if shutil.which("fitsverify"):
            summary, out = verify(path)
            check("and 0 error(s)" in summary, f"{path}: {out}")
            if kind == "trimmed":
                check("found 0 warning(s)" in summary, f"{path}: {out}")
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            table = Table.read(path)
        expected = dump(path)
        check(len(table) == len(expected) == (rows + 1 if rows > 3 else rows), f"{path}: {len(table)} rows")
        for name in table.colnames:
            mine = [row[name.lower()] for row in expected]
            for i in range(0, len(expected), 7):
                check(same(table[name][i], mine[i]), f"{path} {name} row {i}: {table[name][i]!r} {mine[i]!r}")
        if not expected:
            continue
        # A numpy structured array on the file itself, with nothing but the header.
        with fits.open(path, memmap=True) as hdus:
            header, offset = hdus[1].header, hdus.info(False) and hdus[1].fileinfo()["datLoc"]
        forms = {"A": "S", "L": "S1", "B": "u1", "I": ">i2", "J": ">i4", "K": ">i8", "E": ">f4", "D": ">f8"}
        dtype = []
        for n in range(1, header["TFIELDS"] + 1):
            form = header[f"TFORM{n}"]
            count, letter = int(form[:-1] or 1), form[-1]
            dtype.append((header[f"TTYPE{n}"], f"S{count}") if letter == "A" else (header[f"TTYPE{n}"], forms[letter], (count,) if count > 1 else ()))
        rows_map = np.memmap(path, dtype=np.dtype(dtype), mode="r", offset=offset, shape=(header["NAXIS2"],))
        check(rows_map.dtype.itemsize == header["NAXIS1"] == 512, "dtype size")
        check(offset % 23040 == 0, "records begin at a block and sector boundary")
        check([float(x) for x in rows_map["OBSTIME"][:4]] == [row["obstime"] for row in expected[:4]], "obstime through numpy")
        # Each record's check, by another hand.
        uuid = bytes.fromhex(header["FILEUUID"].replace("-", ""))
        at = rows_map.dtype.fields["CRC"][1]
        for i in range(min(len(expected), 5)):
            raw = rows_map[i].tobytes()
            zeroed = raw[:at] + bytes(4) + raw[at + 4:]
            stored = struct.unpack(">i", raw[at:at + 4])[0] + 2**31
            check(stored == crc32c(uuid + struct.pack(">q", i) + zeroed) == expected[i]["crc"], f"CRC of row {i}")
        # And the check in the cards that change.
        whole = open(path, "rb").read(offset)
        at = whole.index(b"NAXIS2  =")
        cards = whole[at:at + 160]
        place = cards.index(b"check ") + 6
        check(int(cards[place:place + 8], 16) == crc32c(uuid + cards[:place] + b"00000000" + cards[place + 8:]), "check of the count cards")
        check(at // 512 == (at + 159) // 512, "the count cards lie in one sector")


def same(a, b):
    """astropy's value and ours, None for not known."""
    if np.ma.is_masked(a):
        return True
    if isinstance(a, (np.ndarray, list)):
        return all(same(x, y) for x, y in zip(a, b if isinstance(b, list) else [b]))
    if isinstance(a, bytes):
        a = a.decode("latin-1")
    if isinstance(a, (str, np.str_)) and isinstance(b, int):
        return ord(str(a) or "\0") == b  # Elixir's one-character columns hold numbers
    if isinstance(a, (str, np.str_)):
        return str(a).split("\0")[0].rstrip() == (b or "")
    if isinstance(a, (bool, np.bool_)):
        return bool(a) == b
    if b is None:
        return not np.isfinite(a) or a == 0
    return a == b or abs(float(a) - float(b)) <= 1e-12 * abs(float(a))


ELIXIR = [("filename", "64s"), ("pathname", "128s"), ("filter", "32s"), ("instrument", "32s"), ("ccd", "B"), ("mode", "B"), ("type", "B")]
V1_SPARE = [("junk", "25s")]
V2_SPARE = [("flag", "B"), ("seqtime", "f"), ("seq", "B"), ("junk", "19s")]
REST = [(n, "f") for n in "exptime airmass sky bias fwhm telfocus xprobe yprobe zprobe dettemp t0 t1 t2 t3 rotangle ra dec".split()] + [("obstime", "I"), ("regtime", "I")]


def elixir(folder):
    """Files as Elixir wrote them, by nothing but struct and the layout of its C structure."""
    for version in (1, 2, 3):
        fields = ELIXIR + (V1_SPARE if version == 1 else V2_SPARE) + REST
        code = ">" + "".join(form for _, form in fields)
        check(struct.calcsize(code) == 360, "the oracle's record")
        records, expected = b"", []
        for i in range(29):
            row = {"filename": b"f%d.fits\0\xff\xfegarbage" % i, "pathname": b"/data/%d" % i, "filter": b"R", "instrument": b"MegaPrime", "ccd": i * 8, "mode": i % 7,
                   "type": i % 14, "junk": b"", "flag": 2, "seqtime": 1.5, "seq": i, "obstime": 980000000 + i if i % 3 else 4000000000, "regtime": 0}
            for k, (name, form) in enumerate(fields):
                if form == "f" and name not in row:
                    row[name] = -1.0 if name == "fwhm" else k + i / 4
            records += struct.pack(code, *(row[name] for name, _ in fields))
            row["filename"] = f"f{i}.fits"
            expected.append(row)
        if version < 3:
            cards = ["SIMPLE  =                    T", "BITPIX  =                    8", "NAXIS   =                    0", "ORIGIN  = 'MDM Observatory'", "DATE    = '27/01/01'",
                     f"NIMAGES = {29:20d}"] + ([f"VERSION = {1:20d}"] if version == 1 else ["COMMENT fills the first block"] * 40)
            header = "".join(card.ljust(80) for card in cards) + "END"
            blob = header.ljust(2880 * version).encode() + records
        else:
            names = "FILE PATH FILTER INSTRUMENT CCD MODE TYPE FLAG SEQTIME SEQ JUNK EXPTIME AIRMASS SKY BIAS FWHM TELFOCUS XPROBE YPROBE ZPROBE DETTEMP TELTEMP0 TELTEMP1 TELTEMP2 TELTEMP3 ROTANGLE RA DEC OBS_TIME REG_TIME".split()
            cards = ["SIMPLE  =                    T", "BITPIX  =                    8", "NAXIS   =                    0", "EXTEND  =                    T"]
            blob = ("".join(card.ljust(80) for card in cards) + "END").ljust(2880).encode()
            cards = ["XTENSION= 'BINTABLE'", "BITPIX  =                    8", "NAXIS   =                    2", f"NAXIS1  = {360:20d}", f"NAXIS2  = {29:20d}", "PCOUNT  =                    0",
                     "GCOUNT  =                    1", f"TFIELDS = {len(names):20d}", "EXTNAME = 'IMAGE_DATABASE'"]
            for n, (name, (_, form)) in enumerate(zip(names, fields), 1):
                letter = {"B": "1B", "f": "1E", "I": "1J"}.get(form) or form[:-1] + "A"
                cards += [f"TTYPE{n:<3}= '{name}'", f"TFORM{n:<3}= '{letter}'"]
            head = "".join(card.ljust(80) for card in cards) + "END"
            blob += head.ljust((len(head) + 2879) // 2880 * 2880).encode() + records
            blob += bytes(-len(blob) % 2880)
        path = os.path.join(folder, f"elixir{version}.db")
        open(path, "wb").write(blob)
        rows = dump(path)
        check(len(rows) == 29, f"v{version}: {len(rows)} rows")
        for got, row in zip(rows, expected):
            for name, value in row.items():
                if name in ("t0", "t1", "t2", "t3"):
                    check(got["teltemp"][int(name[1])] == value, f"v{version} {name}")
                elif name in got or name not in ("flag", "seqtime", "seq", "junk"):
                    if isinstance(value, bytes):
                        value = value.split(b"\0")[0].decode()
                    check(got[name] == (value or None) or got[name] == value, f"v{version} {name}: {got[name]!r} not {value!r}")
        # One record less than the header says.
        open(path, "wb").write(blob[:-2880 - 360] if version == 3 else blob[:-1])
        code, _, err = tool("dump", path)
        check(code == 1 and path in err and ("truncated" in err or "counts 29 images" in err), f"v{version} cut: {err}")


def compare(path, hdu):
    rows = dump(path)
    data = hdu.data
    check(len(rows) == len(data), f"{path}: {len(rows)} rows, astropy {len(data)}")
    if not rows:
        return 0
    names = list(rows[0])
    compared = 0
    for n, column in enumerate(hdu.columns):
        mine = column.name.lower()
        if mine not in names:
            continue
        values = data.field(n)
        if values.dtype.kind not in "iufbSU" or values.ndim != 1:
            continue
        for i in range(len(rows)):
            check(same(values[i], rows[i][mine]), f"{path} {column.name} row {i}: astropy {values[i]!r}, we {rows[i][mine]!r}")
            compared += 1
    return compared


def real():
    path = os.path.join(DATA, "fits/a/detrend.db.fits")
    rows = dump(path)
    check(len(rows) == 1964, f"detrend: {len(rows)} rows")
    with fits.open(path, ignore_missing_end=True) as hdus:
        table = next(h for h in hdus if isinstance(h, fits.BinTableHDU))
        for n, column in enumerate(table.columns):
            name = column.name.lower()
            for i, row in enumerate(rows):
                value = table.data.field(n)[i]
                if name in ("start_time", "stop_time", "reg_time"):
                    value = int(value) % 2**32
                if name in row and name != "reserved":
                    check(same(value, row[name]), f"detrend {name} row {i}: astropy {value!r}, we {row[name]!r}")
    seen = compared = 0
    for path in sorted(glob.glob(os.path.join(DATA, "fits/*/*.fits"))):
        try:
            with fits.open(path) as hdus:
                first = next((h for h in hdus if isinstance(h, (fits.BinTableHDU, fits.CompImageHDU))), None)
                with open(path, "rb") as raw:
                    plain = raw.read(6) == b"SIMPLE"
                if first is None or isinstance(first, fits.CompImageHDU) or not plain or path.endswith("detrend.db.fits"):
                    continue
                variable = any(c.format.lstrip("0123456789")[:1] in "PQ" for c in first.columns)
                code, _, err = tool("dump", path)
                if variable:
                    check(code == 1 and "variable length" in err, f"{path}: {err}")
                elif len(first.data) * len(first.columns) < 200000:
                    seen += 1
                    compared += compare(path, first)
        except Exception as error:  # astropy gave up: nothing to compare with
            print("astropy:", os.path.basename(path), repr(error)[:90])
    print(f"{seen} real tables, {compared} values")
    check(seen > 5, "hardly any real table was seen")


def man_page(folder):
    """The bytes that man/imreg-record.5 shows are those of real files."""
    with open(os.path.join(SOURCE, "man", "imreg-record.5")) as file:
        shown = [(int(at), bytes.fromhex(line[:47].replace(" ", "")))
                 for at, line in re.findall(r"^(\d+)  ((?:[0-9a-f]{2} ){15}[0-9a-f]{2}.*)$", file.read(), re.M)]
    path = os.path.join(folder, "man.db")
    for rows, suffix, least, first, last in ((2, "", 4, 23040, 23552), (5, ".journal", 4, 1024, 1600)):
        check(tool("make", path, rows, "live")[0] == 0, "make")
        with open(path + suffix, "rb") as file:
            real = bytearray(file.read())
        if suffix == "":  # this file has another UUID than the one of the page
            uuid = bytes.fromhex("d94dbe8fae81418fa5266d9f016bf62a")
            record = bytearray(real[23040:23552])
            record[156:160] = bytes(4)
            real[23196:23200] = struct.pack(">I", crc32c(uuid + bytes(8) + record) ^ 0x80000000)
        lines = [(at, line) for at, line in shown if first <= at < last]
        check(len(lines) >= least, f"{len(lines)} lines of bytes in the man page")
        for at, line in lines:
            check(real[at:at + 16] == line, f"man/imreg-record.5 at {at}: shows {line.hex(' ')}, the file has {real[at:at + 16].hex(' ')}")
        for name in glob.glob(path + "*"):
            os.remove(name)


warnings.simplefilter("ignore")
with tempfile.TemporaryDirectory() as scratch:
    ours_by_others(scratch)
    elixir(scratch)
    man_page(scratch)
if os.path.isdir(os.path.join(DATA, "fits")):
    real()
else:
    print("no real data: that part is left out")
print(failures, "failures")
sys.exit(1 if failures else 0)
