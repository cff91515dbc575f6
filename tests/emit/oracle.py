"""Reads what emit_test wrote (records as raw bytes, each format's output) and derives the same rows again with numpy, json, csv
and datetime, from the .fmt text alone. Usage: oracle.py FMT RECORDS FOLDER. Exit 1 and a line for each difference."""
import csv
import datetime
import json
import math
import sys

import numpy as np

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
        field = {"name": words[1], "kind": kind, "count": count, "words": None, "time": False, "hidden": False, "zero": False}
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
            wanted = "".join("." if c <= " " else c for c in raw_text(row, name).decode("latin-1")) or "-"
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


check_json()
with open(f"{folder}/csv", encoding="latin-1", newline="") as file:
    check_lines("csv", list(csv.reader(file, strict=True)))
lines = open(f"{folder}/tsv", "rb").read().decode("latin-1").split("\n")
check("tsv: end", lines.pop(), "")
check_lines("tsv", [[untab(text) for text in line.split("\t")] for line in lines])
check_row()
sys.exit(1 if failures else 0)
