"""All real files against astropy: number and shape of the HDUs, and every card's keyword, value and comment.

Arguments: source folder, folder of the programs, folder of the real data. Every accepted difference is in accepted_*()
with its reason; there are no file names in them.
"""
import bz2
import csv
import gzip
import io
import json
import os
import re
import subprocess
import sys
import warnings

SOURCE, PROGRAMS, DATA = sys.argv[1:4]
FITS = os.path.join(DATA, "fits")
if not os.path.isdir(FITS):
    print("skipped: no real files in " + DATA)
    sys.exit(77)
try:
    from astropy.io import fits
except ImportError:
    print("skipped: no astropy")
    sys.exit(77)
warnings.simplefilter("ignore")

rows = list(csv.DictReader(open(os.path.join(FITS, "MANIFEST.tsv")), delimiter="\t", quoting=csv.QUOTE_NONE))
dumps = {r["file"] for r in rows if r["structure"].startswith("HDRDUMP") or r["structure"] == "yaml/json"}
names = [r["file"] for r in rows]
out = subprocess.run([os.path.join(PROGRAMS, "../tests/dump_headers")], input="\n".join(os.path.join(FITS, n) for n in names),
                     capture_output=True, text=True, check=True).stdout
ours = {os.path.relpath(o["file"], FITS): o for o in map(json.loads, out.splitlines())}

failures = []
accepted = {}
compared = {"files": 0, "hdus": 0, "cards": 0, "dumps": 0}


def fail(*words):
    failures.append(" ".join(str(w) for w in words))


def accept(reason):
    accepted[reason] = accepted.get(reason, 0) + 1


def number(text):
    """Python's reading of a FITS number, with the blanks and the D that free format allows."""
    return float(text.replace(" ", "").upper().replace("D", "E"))


def standard_text(image):
    """The text of a card and its CONTINUE cards by the letter of the standard, for where astropy's pattern goes astray."""
    out = ""
    for at in range(0, len(image), 80):
        field = image[at + 10 : at + 80].lstrip()
        piece = re.match(r"'((?:[^']|'')*)'", field)
        if not piece:
            return None
        out = out.removesuffix("&") + piece.group(1).replace("''", "'").rstrip()
    return out.rstrip()


def same_number(a, b):
    return a == b or (a != a and b != b)


def compare_card(where, card, theirs):
    keyword, kind, text, comment = card
    raw = str(theirs._image if theirs._image else "")
    try:
        value = theirs.value
        their_comment = theirs.comment
        name = theirs.keyword
        record_valued = theirs.field_specifier is not None
    except Exception as error:
        # astropy cannot read the value at all.
        return accept("astropy refuses the card (%s)" % type(error).__name__)
    compared["cards"] += 1
    if record_valued:
        # DP1 = 'AXIS.1: 1': astropy makes keyword DP1.AXIS.1 with value 1; for us a text is a text.
        if kind != "text" or "%s" % theirs.rawvalue != text and not text.startswith(theirs.field_specifier):
            fail(where, "record-valued", card, theirs.rawvalue)
        return accept("record-valued keyword (DP1 = 'AXIS.1: 1'), a text for us")
    if " ".join(name.upper().split()) != keyword:
        if theirs._invalid or "=" not in raw[:9] and raw[8:9] != " ":
            return accept("no '=' where it belongs; astropy's keyword goes on, ours ends in column 8")
        if any(ord(c) > 126 or ord(c) < 32 for c in raw[:8]) or "?" in keyword:
            return accept("bytes other than ASCII in the keyword are '?'")
        return fail(where, "keyword", card, name)
    if isinstance(value, str):
        if kind == "none":
            # Commentary and cards without a value: astropy keeps the leading blanks, so do we.
            want = value.rstrip()
            if text.rstrip() == want or text.strip() == want.strip():
                return
        elif kind == "text":
            if text == value.rstrip():
                return compare_comment(where, comment, their_comment, raw)
        if "?" in value and any(ord(c) > 126 for c in text):
            return accept("bytes other than ASCII: '?' in astropy, UTF-8 in ours")
        if "=" in raw[:9] and raw[8:10] != "= ":
            return accept("'=' without its blank: a value for us, a commentary for astropy")
        image = raw if not raw.startswith("HIERARCH") else " " * 10 + raw[raw.index("=") + 1 :].ljust(70)
        if kind == "text" and "''" in raw and standard_text(image) == text:
            return accept("a doubled quote before a blank or slash: astropy ends the text there, the standard does not")
        return fail(where, "text", card, repr(value))
    if isinstance(value, fits.card.Undefined) or value is None:
        if kind != "undefined" and kind != "none":
            return fail(where, "undefined", card, repr(value))
        return
    if isinstance(value, bool):
        if kind != "logical" or (text == "T") != value:
            fail(where, "logical", card, value)
        return compare_comment(where, comment, their_comment, raw)
    if isinstance(value, complex):
        if kind != "text":
            fail(where, "complex", card, value)
        return accept("complex number, a text for us")
    wanted = "integer" if isinstance(value, int) else "real"
    if kind != wanted or not same_number(number(text), float(value)):
        if kind == "text" and re.match(r"\d+/\d+/\d+$", text):
            return accept("unquoted date 15/04/88 is a text, not 15 with a comment")
        return fail(where, "number", card, repr(value))
    compare_comment(where, comment, their_comment, raw)


def compare_comment(where, ours_, theirs_, raw):
    if ours_.strip() == theirs_.strip():
        return
    if "?" in theirs_ or any(ord(c) < 32 for c in theirs_):
        return accept("bytes other than ASCII: '?' in astropy, UTF-8 in ours")
    if " ".join(ours_.split()) == " ".join(theirs_.split()):
        return
    fail(where, "comment", repr(ours_), repr(theirs_), repr(raw[:90]))


def their_kind(hdu, header):
    if isinstance(hdu, fits.CompImageHDU) or header.get("ZIMAGE", False) is True:
        return "compressed_image"
    if header.get("GROUPS", False) is True and header["NAXIS"] > 0 and header["NAXIS1"] == 0:
        return "groups"
    if "XTENSION" in header and header["XTENSION"].strip().upper() in ("TABLE", "BINTABLE", "A3DTABLE"):
        return "table"
    if hdu.is_image or "XTENSION" not in header:
        axes = [header["NAXIS%d" % (i + 1)] for i in range(header["NAXIS"])]
        return "image" if axes and min(axes) > 0 else "empty"
    return "other"


def compare_hdu(where, mine, hdu, raw):
    compared["hdus"] += 1
    # The header by itself: astropy adds cards (EXTEND, NAXIS1) to those of its HDUs.
    header = fits.Header.fromstring(raw[hdu._header_offset : hdu._data_offset])
    kind = their_kind(hdu, header)
    if mine["kind"] != kind:
        fail(where, "kind", mine["kind"], kind)
    prefix = "Z" if kind == "compressed_image" else ""
    axes = [header[prefix + "NAXIS%d" % (i + 1)] for i in range(header[prefix + "NAXIS"])]
    if mine["axes"] != axes:
        fail(where, "axes", mine["axes"], axes)
    if mine["bitpix"] != header[prefix + "BITPIX"]:
        fail(where, "bitpix", mine["bitpix"], header[prefix + "BITPIX"])
    extname = str(header.get("EXTNAME", "")).rstrip()
    if mine["extname"] != extname:
        fail(where, "extname", mine["extname"], extname)
    if mine["offset"] >= 0 and hdu._data_offset != mine["offset"]:
        fail(where, "offset", mine["offset"], hdu._data_offset)
    theirs = list(header.cards)
    while theirs and not str(theirs[-1]).strip():  # blank cards before END are left out by us and CFITSIO
        theirs.pop()
    # astropy makes one card of a text and its CONTINUE cards.
    cards = mine["cards"]
    i = 0
    for card in theirs:
        if i >= len(cards):
            return fail(where, "fewer cards than astropy", len(cards), len(theirs))
        image = card._image or ""
        count = max(1, len(image) // 80)
        compare_card(where, cards[i], card)
        i += count
    if cards[i:]:
        fail(where, "more cards than astropy", cards[i:][:2])


def unpacked(path):
    raw = open(path, "rb").read()
    if raw.startswith(b"\x1f\x8b"):
        return gzip.decompress(raw)
    if raw.startswith(b"BZh"):
        return bz2.decompress(raw)
    if raw.startswith(b"\x1f\x9d"):
        return subprocess.run(["gzip", "-dc"], input=raw, capture_output=True, check=True).stdout
    return raw


def open_with_astropy(raw):
    return fits.open(io.BytesIO(raw), disable_image_compression=True, memmap=False, lazy_load_hdus=True)


for name in names:
    mine = ours[name]
    if name in dumps:
        compared["dumps"] += 1
        first = open(os.path.join(FITS, name), "rb").read(200)
        if mine["file_kind"] != "header_dump" or mine.get("error") != "a text dump of a header, not a FITS file":
            if mine["file_kind"] == "text" and b"<!DOCTYPE HTML" in first:
                accept("an HTML page that the list calls a header dump")
            else:
                fail(name, "dump not recognised:", mine["file_kind"], mine.get("error"))
        continue
    compared["files"] += 1
    try:
        raw = unpacked(os.path.join(FITS, name))
        theirs = open_with_astropy(raw)
        hdus = [theirs[0]]
    except Exception as error:
        hdus = None
        reason = "%s: %s" % (type(error).__name__, error)
    try:
        while hdus:
            hdus.append(theirs[len(hdus)])
    except IndexError:
        pass
    except Exception as error:
        if any("stray" in w for w in mine.get("warnings", [])):
            accept("astropy stumbles over what stands behind the last HDU, we warn")
        else:
            fail(name, "HDU", len(hdus), type(error).__name__, error)
    if hdus is None:
        if "error" in mine:
            accept("both refuse the file")
        elif mine["damage"] or any("last block" in w for w in mine["warnings"]):
            accept("a whole header without its data: astropy refuses the file, we read its header")
        elif any("stray" in w for w in mine["warnings"]):
            accept("astropy stumbles over what stands behind the last HDU, we warn")
        else:
            fail(name, "astropy refuses:", reason)
        continue
    if "error" in mine:
        fail(name, "refused:", mine["error"])
        continue
    if len(mine["hdus"]) != len(hdus):
        fail(name, "HDUs", len(mine["hdus"]), len(hdus))
    for n, (a, b) in enumerate(zip(mine["hdus"], hdus)):
        compare_hdu("%s[%d]" % (name, n), a, b, raw)
    theirs.close()

print(compared)
for reason, count in sorted(accepted.items(), key=lambda item: -item[1]):
    print("accepted %6d  %s" % (count, reason))
for line in failures[:60]:
    print("DIFFERENT", line)
print(len(failures), "differences")
sys.exit(1 if failures or compared["cards"] < 1000 else 0)
