"""All real header dumps against astropy, PyYAML and json: number of HDUs, and every card's keyword, value and comment.

Arguments: source folder, folder of the programs, folder of the real data. There are no file names in the reasons.
"""
import csv
import datetime
import io
import json
import os
import re
import subprocess
import sys
import tempfile
import warnings

SOURCE, PROGRAMS, DATA = sys.argv[1:4]
FITS = os.path.join(DATA, "fits")
if not os.path.isdir(FITS):
    print("skipped: no real files in " + DATA)
    sys.exit(77)
sys.dont_write_bytecode = True
try:
    import yaml
    from astropy.io import fits
    from cards import accept, compare_card, count, fail, finish
except ImportError as error:
    print("skipped:", error)
    sys.exit(77)
warnings.simplefilter("ignore")

rows = list(csv.DictReader(open(os.path.join(FITS, "MANIFEST.tsv")), delimiter="\t", quoting=csv.QUOTE_NONE))
names = [r["file"] for r in rows if r["structure"].startswith("HDRDUMP") or r["structure"] == "yaml/json"]


def read(paths, *options):
    done = subprocess.run([os.path.join(PROGRAMS, "../tests/dump_headers"), *options], input="\n".join(paths), capture_output=True,
                          text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


ours = dict(zip(names, read([os.path.join(FITS, n) for n in names], "-dumps")))


def card_hdus(raw):
    """The headers of a dump of cards, by the marks that these dumps have."""
    text = raw.decode("latin-1").replace("\r\n", "\n")
    hdus, now = [], []
    for line in text.split("\n"):
        for at in range(0, max(1, len(line)), 80):
            card = line[at : at + 80]
            title = re.match(r"# HDU|--- (PHU|HDU)", card)
            if len(now) > 1 and now[-1].startswith("XTENSION= ") and card[8:9] == "=":
                # Inside a header it begins one when BITPIX or NAXIS follow; else it is that of the table that held the image.
                held = now.pop()
                if re.match(r"(BITPIX  |NAXIS   )=", card):
                    hdus.append(now)
                    now = [held]
                else:
                    accept("XTENSION among the cards of an image: it begins nothing and is left out")
            inside = card.startswith("XTENSION= ") and any(re.match(r"(XTENSION|SIMPLE  )= ", c) for c in now)
            if title or card.strip() == "END" or (re.match(r"(XTENSION|SIMPLE  )= ", card) and not inside):
                hdus.append(now)
                now = []
            if title or card.strip() in ("", "END") or re.match(r"Filename: |AstroData T", line):
                continue
            if card[8:10] != "= " and re.match(r"[a-z]+ *$", card):
                accept("a word alone in a line, the rest of the comment of the line above: no card for us")
                continue
            now.append(card.ljust(80))
    return [h for h in hdus + [now] if any(c[8:9] == "=" for c in h)]


def compare_shape(where, hdu, header):
    """Kind and axes, where the header tells them."""
    packed = header.get("ZIMAGE") is True
    prefix = "Z" if packed else ""
    axes = [header.get("%sNAXIS%d" % (prefix, i + 1)) for i in range(header.get(prefix + "NAXIS") or 0)]
    if not axes or "BITPIX" not in header or not all(axes):
        return
    count("shapes")
    type_ = header.get("XTENSION", "IMAGE").strip()
    kind = "image" if type_ == "IMAGE" else "compressed_image" if packed else "table"
    if hdu["kind"] != kind or hdu["axes"] != axes or hdu["bitpix"] != header[prefix + "BITPIX"]:
        fail(where, "shape", hdu["kind"], hdu["axes"], kind, axes)


def compare_cards(name, mine, raw):
    hdus = card_hdus(raw)
    if len(hdus) != len(mine):
        return fail(name, "HDUs", len(mine), len(hdus))
    for n, (hdu, cards) in enumerate(zip(mine, hdus)):
        where = "%s[%d]" % (name, n)
        count("hdus")
        i = 0
        header = fits.Header.fromstring("".join(cards))
        compare_shape(where, hdu, header)
        for card in header.cards:
            if i >= len(hdu["cards"]):
                fail(where, "fewer cards than astropy", len(hdu["cards"]), str(card))
                break
            compare_card(where, hdu["cards"][i], card)
            i += max(1, len(card._image or "") // 80)
        if hdu["cards"][i:]:
            fail(where, "more cards than astropy", hdu["cards"][i:][:2])


class Loader(yaml.SafeLoader):
    pass


def untagged(loader, _, node):
    return loader.construct_sequence(node, deep=True)


Loader.yaml_multi_constructors = {"lsst": untagged}
REMARKS = ("COMMENT", "HISTORY", "")


def yaml_cards(document):
    """(keyword, value, comment) in the order of the text; of lists, remarks forwards and values of merged headers backwards."""
    items = [(k, v, "") for k, v in document.items()] if isinstance(document, dict) else \
        [(row[0], row[2], row[3]) for row in document]
    for key, value, comment in items:
        if key.startswith("__"):
            continue
        for one in (value if key in REMARKS else value[::-1]) if isinstance(value, list) else [value]:
            yield key, one, comment


def ascii_text(text):
    return "".join(c if " " <= c <= "~" else " " if c < " " else "?" for c in text)


def compare_value(where, card, key, value, comment):
    count("cards")
    keyword, kind, text, said = card
    if keyword != key.upper():
        return fail(where, "keyword", card, key)
    if isinstance(value, float) and value != value:
        value = None
    if isinstance(value, (datetime.date, datetime.datetime)):
        return accept("an unquoted date is a text") if kind == "text" else fail(where, "date", card, value)
    if isinstance(value, bool):
        good = kind == "logical" and (text == "T") == value
    elif isinstance(value, int) and re.match(r"\d+(:\d\d?)+$", text):
        return accept("an unquoted clock is a text, a number to base 60 in YAML 1.1")
    elif isinstance(value, int):
        good = kind == "integer" and int(text) == value
    elif isinstance(value, float):
        good = kind == "real" and float(text) == value
    elif value is None:
        good = kind == "undefined"
    else:
        good = kind == "text" and text == ascii_text(value).rstrip()
    if not good:
        return fail(where, "value", card, repr(value))
    if said.strip() != ascii_text(comment).strip():
        if said and ascii_text(comment).strip().startswith(said):
            return accept("a comment that does not fit into its card is cut")
        if not said and len(text) > 40:
            return accept("a comment for which the value leaves no place")
        fail(where, "comment", card, repr(comment))


def compare_yaml(name, mine, raw):
    document = json.loads(raw) if raw.lstrip().startswith(b"{") else yaml.load(raw, Loader)
    if len(mine) != 1:
        return fail(name, "HDUs", len(mine), 1)
    count("hdus")
    cards, i, told = mine[0]["cards"], 0, {}
    for key, value, comment in yaml_cards(document):
        if key in REMARKS:
            # Long remarks take several cards.
            words = ascii_text(value or "").rstrip()
            if value == "" and cards[i][:3] == [key, "none", ""]:
                i += 1
            while words:
                count("cards")
                piece = cards[i][2]
                if cards[i][0] != key or not piece.rstrip() or not words.startswith(piece.rstrip()):
                    fail(name, "remark", cards[i], repr(words))
                    break
                words = words[len(piece.rstrip()) :]
                words = words.lstrip() if len(words) < len(value) else words
                i += 1
            continue
        if i >= len(cards):
            return fail(name, "fewer cards than values")
        compare_value(name, cards[i], key, value, comment)
        told.setdefault(key, value)
        i += 1
        while i < len(cards) and cards[i][0] == "CONTINUE":
            i += 1
    if cards[i:]:
        fail(name, "more cards than values", cards[i:][:2])
    compare_shape(name, mine[0], told)


def written(raw, hdus, cut):
    """The headers of a FITS file as text: cut cards and END, or padded ones below titles."""
    for n, hdu in enumerate(hdus):
        yield b"" if cut else b"# HDU %d in a.fits:\n" % n
        for at in range(hdu._header_offset, hdu._data_offset, 80):
            card = raw[at : at + 80]
            if card[:8] == b"END     ":
                break
            yield (card.rstrip() if cut else card) + b"\n"
        yield b"END\n" if cut else b"\n"


def compare_written(cut):
    """The headers of the real FITS files, written out, read back."""
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for name in (r["file"] for r in rows if r["file"] not in names):
            raw = open(os.path.join(FITS, name), "rb").read()
            try:
                hdus = list(fits.open(io.BytesIO(raw), disable_image_compression=True, memmap=False))
            except Exception:
                continue
            if raw.startswith(b"SIMPLE") and not any(c < 32 and c not in b"\n\r\t" for h in hdus
                                                     for c in raw[h._header_offset : h._data_offset]):
                paths.append((os.path.join(FITS, name), os.path.join(folder, "%03d" % len(paths))))
                with open(paths[-1][1], "wb") as out:
                    out.writelines(written(raw, hdus, cut))
        for theirs, mine in zip(read([p for p, _ in paths]), read([p for _, p in paths], "-dumps")):
            where = "%s written %s" % (os.path.relpath(theirs["file"], FITS), "cut" if cut else "padded")
            if "error" in mine or "error" in theirs:
                fail(where, mine.get("error"), theirs.get("error"))
                continue
            if theirs["damage"] and len(theirs["hdus"]) < len(mine["hdus"]):
                accept("a damaged file: all its headers are in the dump")
                continue
            count("files written out")
            for hdu in mine["hdus"] + theirs["hdus"]:
                hdu["cards"] = [c for c in hdu["cards"] if c[0] or c[2]]  # blank lines are no cards
                hdu["offset"] = 0
            if len(mine["hdus"]) == 1 and theirs["hdus"][0]["kind"] == "empty" and theirs["hdus"][0]["axes"] == []:
                accept("a primary alone with NAXIS = 0 stands for its images")
                mine["hdus"][0].update(kind="empty", axes=[])
            if mine["hdus"] != theirs["hdus"]:
                fail(where, [(a, b) for x, y in zip(mine["hdus"], theirs["hdus"]) for a, b in zip(x["cards"], y["cards"]) if a != b][:1])


for name in names:
    mine = ours[name]
    raw = open(os.path.join(FITS, name), "rb").read()
    if "error" in mine:
        if b"<!DOCTYPE HTML" in raw[:200]:
            accept("an HTML page that the list calls a header dump")
        else:
            fail(name, "refused:", mine["error"])
        continue
    count("files")
    if mine["file_kind"] != "header_dump" or any(h["offset"] != -1 for h in mine["hdus"]):
        fail(name, "kind of file or offset")
    (compare_yaml if name.endswith(("yaml", "json")) else compare_cards)(name, mine["hdus"], raw)
compare_written(True)
compare_written(False)
sys.exit(finish(300000))
