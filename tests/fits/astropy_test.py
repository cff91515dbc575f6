"""All real files against astropy: number and shape of the HDUs, and every card's keyword, value and comment.

Arguments: source folder, folder of the programs, folder of the real data. Accepted differences have their reason, and
there are no file names in them.
"""
import bz2
import csv
import gzip
import io
import json
import os
import subprocess
import sys
import warnings

SOURCE, PROGRAMS, DATA = sys.argv[1:4]
FITS = os.path.join(DATA, "fits")
if not os.path.isdir(FITS):
    print("skipped: no real files in " + DATA)
    sys.exit(77)
sys.dont_write_bytecode = True
try:
    from astropy.io import fits
    from cards import accept, compare_card, count, fail, finish
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
    count("hdus")
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
        width = max(1, len(image) // 80)
        compare_card(where, cards[i], card)
        i += width
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
        count("dumps")
        first = open(os.path.join(FITS, name), "rb").read(200)
        if mine["file_kind"] != "header_dump" or mine.get("error") != "a text dump of a header, not a FITS file":
            if mine["file_kind"] == "text" and b"<!DOCTYPE HTML" in first:
                accept("an HTML page that the list calls a header dump")
            else:
                fail(name, "dump not recognised:", mine["file_kind"], mine.get("error"))
        continue
    count("files")
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

sys.exit(finish(1000))
