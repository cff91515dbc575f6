# Pictures as others read them: PNG by its chunks, SVG by an XML parser, terminals by their lines. chart_test.py SOURCE BIN DATA
import os
import re
import struct
import subprocess
import sys
import unicodedata
import xml.etree.ElementTree as ET
import zlib

tool = os.path.join(os.path.dirname(os.path.abspath(sys.argv[2])), "tests", "chart_tool")
faults = []


def draw(*words):
    done = subprocess.run([tool, *map(str, words)], capture_output=True)
    if done.returncode != 0:
        faults.append(f"{words}: {done.stderr.decode()}")
    return done.stdout


def png_rows(data):
    """Width, height, rows of bytes; every chunk's checksum is verified, every filter undone."""
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    at, body, size = 8, b"", None
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at:at + 8])
        chunk = data[at + 8:at + 8 + length]
        assert zlib.crc32(kind + chunk) == struct.unpack(">I", data[at + 8 + length:at + 12 + length])[0]
        if kind == b"IHDR":
            width, height, depth, colour = struct.unpack(">IIBB", chunk[:10])
            assert depth == 8
            size = {2: 3, 6: 4}[colour]
        if kind == b"IDAT":
            body += chunk
        at += 12 + length
    assert kind == b"IEND"
    raw, rows, last = zlib.decompress(body), [], bytearray(width * size)
    stride = width * size + 1
    assert len(raw) == stride * height
    for y in range(height):
        how, row = raw[y * stride], bytearray(raw[y * stride + 1:(y + 1) * stride])
        for i in range(len(row)):
            left = row[i - size] if i >= size else 0
            up, corner = last[i], last[i - size] if i >= size else 0
            if how == 1:
                row[i] = row[i] + left & 255
            elif how == 2:
                row[i] = row[i] + up & 255
            elif how == 3:
                row[i] = row[i] + (left + up) // 2 & 255
            elif how == 4:
                p = left + up - corner
                row[i] = row[i] + min((abs(p - left), 0, left), (abs(p - up), 1, up), (abs(p - corner), 2, corner))[2] & 255
        rows.append(bytes(row))
        last = row
    return width, height, size, rows


def places(line):
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in line)


names = subprocess.run([tool, "list"], capture_output=True, text=True).stdout.split()
assert len(names) > 15
for name in names:
    width, height, size, rows = png_rows(draw(name, "png", 480, 300))
    assert (width, height) == (480, 300)
    ink = sum(1 for row in rows for i in range(0, len(row), size) if min(row[i:i + 3]) < 160)
    if ink < 500:
        faults.append(f"{name}: only {ink} dark pixels")
    # Nothing is cut: the rim of the paper is white.
    rim = rows[0] + rows[-1] + b"".join(row[:size] + row[-size:] for row in rows)
    if min(rim[i] for i in range(len(rim)) if size == 3 or i % 4 != 3) < 255:
        faults.append(f"{name}: something reaches the rim of the picture")

    svg = draw(name, "svg", 960, 600).decode()
    root = ET.fromstring(svg)
    if re.search(r"\bid=|xlink|url\(|https?://(?!www\.w3\.org/2000/svg)", svg):
        faults.append(f"{name}: the SVG has ids or refers to something")
    for element in root.iter():
        href = element.get("href", "data:image/png;base64,")
        if not href.startswith("data:image/png;base64,"):
            faults.append(f"{name}: loads {href[:50]}")
        if element.tag.endswith("text") and element.get("x"):
            left, right = float(element.get("x")), float(element.get("x")) + float(element.get("textLength", 0))
            if left < 0 or right > 960.5 or not 0 < float(element.get("y")) < 600:
                faults.append(f"{name}: {element.text!r} is outside")
    if len(svg) > 1_200_000:
        faults.append(f"{name}: an SVG of {len(svg)} bytes")

    for style in ("braille", "ascii"):
        for columns, lines in ((80, 24), (40, 12)):
            text = draw(name, style, columns, lines).decode("ascii" if style == "ascii" else "utf-8")
            if text.count("\n") != lines or max(map(places, text.split("\n"))) > columns:
                faults.append(f"{name}: {style} does not fit {columns} x {lines}")
    if not draw(name, "sixel", 80, 24).endswith(b"\x1b\\\n"):
        faults.append(f"{name}: the sixels do not end")

print("\n".join(faults) or f"{len(names)} pictures read back")
sys.exit(1 if faults else 0)
