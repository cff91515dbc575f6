"""Reads what emit_test wrote (records as raw bytes, each format's output) and derives the same rows again with numpy, json, csv,
datetime and astropy, from the .fmt text alone; votlint and fitsverify look at theirs. Usage: oracle.py FMT RECORDS FOLDER. Exit 1
and a line for each difference."""
import csv
import datetime
import json
import math
import re
import subprocess
import sys
import warnings
import xml.etree.ElementTree

import numpy as np
from astropy.io import fits
from astropy.io.votable import parse

fmt, records_path, folder = sys.argv[1:4]
KINDS = {"f64": ">f8", "f32": ">f4", "i16": ">i2", "i32": ">i4", "i64": ">i8", "u8": "u1", "u32": ">i4", "raw_u32": ">u4", "bool": "S1"}
fields, names, formats = {}, [], []
for line in open(fmt):
    words = line.split()
    if not words or words[0].startswith("#"):
        continue
    if words[0] == "field":
        kind, count = words[3], 1
        if kind.startswith("text"):
            dtype = "V" + kind[4:]
        else:
            kind, _, size = kind.partition("[")
            count = int(size.rstrip("]") or 1)
            dtype = KINDS[kind]
        field = {"name": words[1], "kind": kind, "count": count, "column": words[2], "unit": words[4], "meaning": line.split(None, 6)[6].strip(), "words": None, "time": False, "hidden": False, "zero": False}
        fields[words[1]] = field
        names.append(words[1])
        formats.append((dtype, (count,)) if count > 1 else dtype)
    elif line.startswith(" "):
        if words[0] == "words":
            field["words"] = words[1:]
        elif words == ["display", "time"]:
            field["time"] = True
        elif words == ["display", "hidden"]:
            field["hidden"] = True
        elif words == ["missing", "zero"]:
            field["zero"] = True
rows = np.frombuffer(open(records_path, "rb").read(), dtype={"names": names, "formats": formats})
shown = [f for f in fields.values() if not f["hidden"]]
failures = 0


def check(what, ours, wanted):
    global failures
    if ours != wanted and failures < 20:
        failures += 1
        print(f"{what}: wrote {ours!r}, wanted {wanted!r}")


def raw_text(row, name):
    return bytes(row[name]).split(b"\0")[0].rstrip(b" ")


def number(row, field, element=None):
    value = row[field["name"]] if element is None else row[field["name"]][element]
    return int(value) + 2**31 if field["kind"] == "u32" else value


def known(value, field):
    """None when the value is not known."""
    if isinstance(value, np.floating) and np.isnan(value):
        return None
    if field["zero"] and value == 0:
        return None
    if field["zero"] and field["name"] in ("bias", "sky", "fwhm") and value == -1:
        return None
    return value


def utf8_or_bytes(raw):
    """Bytes that are not UTF-8 stand for U+0000..U+00FF."""
    out = ""
    while raw:
        try:
            return out + raw.decode("utf-8")
        except UnicodeDecodeError as e:
            out += raw[: e.start].decode("utf-8") + chr(raw[e.start])
            raw = raw[e.start + 1 :]
    return out


def json_value(row, field, element=None):
    if field["kind"].startswith("text"):
        return utf8_or_bytes(raw_text(row, field["name"])) or None
    if field["kind"] == "bool":
        return bytes(row[field["name"]]) == b"T"
    value = known(number(row, field, element), field)
    if value is None or isinstance(value, np.floating) and not np.isfinite(value):
        return None
    if field["words"] and 0 <= value < len(field["words"]):
        word = field["words"][int(value)]
        return None if word == "none" else word
    return value


def same_number(text, value):
    """Reads back as the same value of the same type, without exponent, and no shorter text does."""
    if isinstance(value, np.floating):
        if not np.isfinite(value):
            return text == repr(float(value))
        shortest = np.format_float_positional(value, unique=True, trim="-")
        return type(value)(text) == value and "e" not in text.lower() and len(text) == len(shortest)
    return text == str(int(value))


EPOCH = datetime.datetime(1970, 1, 1)


def iso(seconds):
    """Milliseconds, rounded to the nearest, without zeros at the end."""
    try:
        text = (EPOCH + datetime.timedelta(milliseconds=math.floor(float(seconds) * 1000 + 0.5))).isoformat(timespec="milliseconds")
    except (OverflowError, ValueError):
        return None
    return text.rstrip("0").rstrip(".") + "Z" if "." in text else text + "Z"


def cells(row):
    """(heading, text or value, is it a number) of the CSV columns."""
    for field in shown:
        for element in range(field["count"]):
            heading = field["name"] if field["count"] == 1 else f"{field['name']}[{element}]"
            if field["kind"].startswith("text"):
                yield heading, raw_text(row, field["name"]).decode("latin-1"), False
                continue
            if field["kind"] == "bool":
                yield heading, "true" if bytes(row[field["name"]]) == b"T" else "false", False
                continue
            value = known(number(row, field, element if field["count"] > 1 else None), field)
            if value is None:
                yield heading, "", False
            elif field["time"]:
                yield heading, iso(value) or "", False
            elif field["words"] and 0 <= value < len(field["words"]):
                yield heading, field["words"][int(value)], False
            else:
                yield heading, value, True


def check_json():
    lines = open(f"{folder}/json", "rb").read().decode("utf-8").split("\n")
    check("json: end", lines.pop(), "")
    check("json: rows", len(lines), len(rows))
    for n, (line, row) in enumerate(zip(lines, rows)):
        ours = json.loads(line, parse_float=lambda s: ("number", s), parse_int=lambda s: ("number", s), parse_constant=lambda s: ("bad", s))
        check(f"json {n}: keys", list(ours), [f["name"] for f in shown])
        for field in shown:
            values = ours[field["name"]] if field["count"] > 1 else [ours[field["name"]]]
            check(f"json {n} {field['name']}: count", len(values), field["count"])
            for element, value in enumerate(values):
                wanted = json_value(row, field, element if field["count"] > 1 else None)
                if isinstance(value, tuple):
                    if value[0] != "number" or wanted is None or isinstance(wanted, (str, bool)) or not same_number(value[1], wanted):
                        check(f"json {n} {field['name']}", value, wanted)
                else:
                    check(f"json {n} {field['name']}", value, wanted)


def check_lines(what, ours):
    headings = None
    check(f"{what}: rows", len(ours), len(rows) + 1)
    for n, (line, row) in enumerate(zip(ours[1:], rows)):
        wanted = list(cells(row))
        if headings is None:
            headings = [heading for heading, _, _ in wanted]
            check(f"{what}: header", ours[0], headings)
        check(f"{what} {n}: columns", len(line), len(wanted))
        for text, (heading, value, numeric) in zip(line, wanted):
            if not numeric or not same_number(text, value):
                check(f"{what} {n} {heading}", text, value)


def untab(text):
    out, i = "", 0
    while i < len(text):
        if text[i] == "\\":
            out += {"t": "\t", "n": "\n", "r": "\r", "\\": "\\"}[text[i + 1]]
            i += 1
        else:
            out += text[i]
        i += 1
    return out


def check_row():
    lines = open(f"{folder}/row", "rb").read().decode("latin-1").split("\n")
    check("row: end", lines.pop(), "")
    check("row: rows", len(lines), len(rows))
    for n, (line, row) in enumerate(zip(lines, rows)):
        words = line.split(" ")
        check(f"row {n}: words", len(words), 12)
        check(f"row {n}: index", words[0], str(n + 1))
        for at, name in ((1, "type"), (2, "mode")):
            value = int(row[name])
            list_ = fields[name]["words"]
            check(f"row {n} {name}", words[at], list_[value] if value < len(list_) else str(value))
        check(f"row {n} ccd", words[3], str(int(row["ccd"])))
        for at, name in ((4, "pathname"), (5, "filename"), (6, "filter")):
            raw = re.sub(rb"\xc2[\x80-\x9f]", b"..", raw_text(row, name)).decode("latin-1")
            wanted = "".join("." if c <= " " or c == "\x7f" else c for c in raw) or "-"
            check(f"row {n} {name}", words[at], wanted)
        if np.isnan(row["exptime"]):
            check(f"row {n} exptime", words[7], "-")
        elif not same_number(words[7], row["exptime"]):
            check(f"row {n} exptime", words[7], row["exptime"])
        time = float(row["obstime"])
        wanted = "-"
        if not math.isnan(time) and not (fields["obstime"]["zero"] and time == 0):
            try:
                wanted = (EPOCH + datetime.timedelta(seconds=math.floor(time))).strftime("%Y/%m/%d,%H:%M:%S").rjust(19, "0")
            except (OverflowError, ValueError):
                pass
        check(f"row {n} obstime", words[8], wanted)
        for at, name, shift in ((9, "fwhm", 4), (10, "bias", 0), (11, "sky", 2)):
            value = row[name]
            if np.isnan(value):
                failed = "procstate" in names and (int(row["procstate"]) >> shift) & 3 == 2
                check(f"row {n} {name}", words[at], "-1" if failed else "0")
            elif value == 0 and fields[name]["zero"]:
                check(f"row {n} {name}", words[at], "0")
            elif not same_number(words[at], value):
                check(f"row {n} {name}", words[at], value)


NAN = float("nan")


def typed(row, field, element=None):
    """A value of npy, fits and votable: NaN or 0 is not known, words are texts, times are seconds."""
    if field["kind"].startswith("text"):
        return raw_text(row, field["name"])
    if field["kind"] == "bool":
        return bytes(row[field["name"]]) == b"T"
    value = number(row, field, element)
    if field["words"]:
        return (field["words"][int(value)] if value < len(field["words"]) else str(int(value))).encode()
    if field["time"] or isinstance(value, np.floating):
        value = known(value, field)
        return NAN if value is None else value if isinstance(value, np.floating) else float(value)
    return int(value)


def each(what):
    for n in range(0, len(rows), 4):
        row = rows[n]
        for field in shown:
            for element in range(field["count"]) if field["count"] > 1 else [None]:
                yield f"{what} {n} {field['name']} {element}", n, row, field, element


def same(what, ours, wanted):
    if isinstance(wanted, (float, np.floating)) and np.isnan(wanted):
        check(what, bool(np.isnan(ours)), True)
    else:
        check(what, ours, wanted)


def check_npy():
    ours = np.load(f"{folder}/npy")
    check("npy: names", list(ours.dtype.names), [f["name"] for f in shown])
    check("npy: rows", ours.shape, rows.shape)
    for field in shown:
        wanted = {"text": "S", "bool": "b", "u8": "u1", "raw_u32": "u4", "u32": "u4"}.get(field["kind"].rstrip("0123456789") if field["kind"].startswith("text") else field["kind"])
        kind = ours.dtype[field["name"]].base
        if not field["words"] and not field["time"] and wanted is None:
            check(f"npy: type of {field['name']}", kind, np.dtype(KINDS[field["kind"]].replace(">", "<")))
    for what, n, row, field, element in each("npy"):
        value = ours[field["name"]][n]
        same(what, value if element is None else value[element], typed(row, field, element))


def check_votable():
    with open(f"{folder}/votlint", "w") as out:
        subprocess.run(["stilts", "votlint", "ucd=true", "unit=true", f"{folder}/votable"], stdout=out, stderr=out)
    check("votable: votlint", open(f"{folder}/votlint").read(), "")
    table = parse(f"{folder}/votable").get_first_table()
    check("votable: names", [f.name for f in table.fields], [f["name"] for f in shown])
    check("votable: units", [str(f.unit or "-") for f in table.fields], [f["unit"].replace("pixel", "pix") for f in shown])
    check("votable: meanings", [f.description for f in table.fields], [f["meaning"] for f in shown])
    check("votable: times", {f.name for f in table.fields if f.ref == "unix"}, {f["name"] for f in shown if f["time"]})
    ours = table.array
    # astropy strips blanks and line ends from texts, an XML parser does not
    lines = xml.etree.ElementTree.parse(f"{folder}/votable").getroot().iter("{http://www.ivoa.net/xml/VOTable/v1.3}TR")
    texts = [[cell.text or "" for cell in line] for line in lines]
    check("votable: rows", (len(ours), len(texts)), (len(rows), len(rows)))
    for what, n, row, field, element in each("votable"):
        value = ours[field["name"]][n]
        wanted = typed(row, field, element)
        if isinstance(wanted, bytes):
            text = "".join("\ufffd" if c < " " and c not in "\t\n\r" else c for c in utf8_or_bytes(wanted))
            check(what, texts[n][shown.index(field)], text)
            check(what, str(value), text.strip(" \t\r\n"))
        elif isinstance(wanted, (float, np.floating)):
            same(what, float(np.ma.filled(value if element is None else value[element], NAN)), float(wanted))
        elif field["zero"] and wanted == 0:
            check(what, bool(ours.mask[field["name"]][n]), True)
        else:
            check(what, value, wanted)


def printable(raw):
    text = utf8_or_bytes(raw)
    return "".join(c if " " <= c < "\x7f" else "?" for c in text)


def verified(name):
    said = subprocess.run(["fitsverify", "-q", f"{folder}/{name}"], capture_output=True, text=True).stdout
    check(f"{name}: fitsverify", said.split(":")[0], "verification OK")


def column_of(field, element=None, spread=False):
    name = field["name"].upper() if ".." in field["column"] else field["column"]
    return name + str(element) if spread else name


def check_fits(name, ascii_table):
    verified(name)
    hdu = fits.open(f"{folder}/{name}")[1]
    check(f"{name}: kind", type(hdu).__name__, "TableHDU" if ascii_table else "BinTableHDU")
    check(f"{name}: rows", len(hdu.data), len(rows))
    for field in shown:
        column = hdu.columns[column_of(field, 0, ascii_table and field["count"] > 1)]
        check(f"{name}: unit of {field['name']}", column.unit or "-", field["unit"])
        n = hdu.columns.names.index(column.name) + 1
        check(f"{name}: meaning of {field['name']}", hdu.header[f"TCOMM{n}"], field["meaning"])
    for what, n, row, field, element in each(name):
        wanted = typed(row, field, element)
        value = hdu.data[column_of(field, element, ascii_table and element is not None)][n]
        if not ascii_table and element is not None:
            value = value[element]
        if isinstance(wanted, bytes):
            check(what, value, printable(wanted).rstrip(" "))
        elif ascii_table and isinstance(wanted, bool):
            check(what, value, "T" if wanted else "F")
        elif ascii_table and not np.isfinite(wanted):
            check(what, value, 0)  # NULL; astropy makes it 0
        elif isinstance(wanted, np.float32):
            same(what, np.float32(value), wanted)
        else:
            same(what, value, wanted)


CRC = []
for i in range(256):
    for _ in range(8):
        i = i >> 1 ^ (0x82F63B78 if i & 1 else 0)
    CRC.append(i)


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = CRC[(crc ^ byte) & 255] ^ crc >> 8
    return crc ^ 0xFFFFFFFF


def check_database():
    """Whole records: numbers as they are, texts without what stands behind their end; a native one with its own checks."""
    hdu = fits.open(f"{folder}/database")[1]
    native = "FILEUUID" in hdu.header
    check("database: native", native, "crc" in names)
    check("database: rows", hdu.header["NAXIS2"], len(rows))
    start = hdu.fileinfo()["datLoc"]
    data = open(f"{folder}/database", "rb").read()
    ours = np.frombuffer(data, dtype=rows.dtype, offset=start, count=len(rows))
    for n, row in enumerate(rows):
        for field in fields.values():
            got, wanted = ours[n][field["name"]].tobytes(), row[field["name"]].tobytes()
            if field["kind"].startswith("text"):
                wanted = (b"" if field["hidden"] else raw_text(row, field["name"])).ljust(len(wanted), b"\0")
            if field["name"] == "changeno":
                wanted = bytes(8)
            if field["name"] != "crc":
                check(f"database {n} {field['name']}", got, wanted)
        if native:
            at = rows.dtype.fields["crc"][1]
            record = ours[n].tobytes()
            uuid = bytes.fromhex(hdu.header["FILEUUID"].replace("-", ""))
            wanted = crc32c(uuid + n.to_bytes(8, "big") + record[:at] + bytes(4) + record[at + 4 :])
            check(f"database {n}: crc", int.from_bytes(record[at : at + 4], "big") ^ 0x80000000, wanted)


warnings.simplefilter("ignore")
check_npy()
check_votable()
check_fits("fits", False)
check_fits("fits-table", True)
check_database()
check_json()
with open(f"{folder}/csv", encoding="latin-1", newline="") as file:
    check_lines("csv", list(csv.reader(file, strict=True)))
lines = open(f"{folder}/tsv", "rb").read().decode("latin-1").split("\n")
check("tsv: end", lines.pop(), "")
check_lines("tsv", [[untab(text) for text in line.split("\t")] for line in lines])
check_row()
sys.exit(1 if failures else 0)
