"""The headers of real files and of text dumps of headers, read by astropy and PyYAML: [Header] of each file.

A Header holds (value, comment) by upper-case keyword; of a keyword that is written twice the first counts, as in
astropy (`all_of` gives every one). Texts are stripped, undefined values are None. """
import bz2, gzip, io, json, re, subprocess, warnings

import numpy as np
import yaml
from astropy.io import fits

warnings.filterwarnings("ignore")
COMMENTARY = ("COMMENT", "HISTORY", "", "CONTINUE", "END")


class Header:
    """One HDU: cards by keyword, kind (image, empty, table, compressed), and what the file says of its axes."""

    def __init__(self, cards, kind="image"):
        self.cards = cards  # [(keyword, value, comment)] in order
        self.kind = kind
        self.own = self  # without what it inherits
        self.first = {}
        for name, value, comment in cards:
            self.first.setdefault(name, (value, comment))

    def all_of(self, name):
        return [value for key, value, _ in self.cards if key == name]

    def get(self, name, default=None):
        value = self.first.get(name, (None, ""))[0]
        return default if value is None else value

    def comment(self, name):
        return self.first.get(name, (None, ""))[1]

    def text(self, *names):
        """The first of these that holds something: as text."""
        for name in names:
            value = self.get(name)
            if value is not None and not isinstance(value, bool) and str(value).strip():
                return str(value).strip()
        return None

    def number(self, *names):
        """The first of these that is a finite number, written as number or as text."""
        for name in names:
            value = self.get(name)
            if value is None or isinstance(value, bool):
                continue
            try:
                value = float(str(value).strip())
            except ValueError:
                continue
            if np.isfinite(value):
                return value
        return None

    def has(self, *names):
        return any(self.get(name) is not None for name in names)

    def axes(self):
        prefix = "ZNAXIS" if self.kind == "compressed" and "ZNAXIS" in self.first else "NAXIS"
        n = int(self.number(prefix) or 0)
        return [int(self.number(prefix + str(i + 1)) or 0) for i in range(n)]

    def has_pixels(self):
        """An image; a piece of a header in a dump may not tell its axes."""
        if self.kind not in ("image", "compressed"):
            return False
        axes = self.axes()
        return len(axes) >= 2 and 0 not in axes or not self.has("NAXIS", "ZNAXIS")

    def over(self, primary):
        """This HDU's cards over those of the primary: what an extension inherits. An empty text does not hide one."""
        if primary is self:
            return self
        out = Header([], self.kind)
        out.own = self
        out.cards = self.cards
        out.first = dict(primary.first)
        for name, (value, comment) in self.first.items():
            if value is not None and (value != "" or name not in out.first):
                out.first[name] = (value, comment)
        return out

    def fits(self):
        """For astropy's own readers (WCS); an equinox that is none (0, -9999) would precess to that year."""
        out = fits.Header()
        for name, (value, comment) in self.first.items():
            if name.startswith(("EQUINOX", "EPOCH")) and not 1800 < (self.number(name) or 0) < 2100:
                continue
            if len(name) <= 8 and isinstance(value, (int, float, str, bool)) and not (isinstance(value, float)
                                                                                      and not np.isfinite(value)):
                try:
                    out[name] = value
                except ValueError:
                    pass
        return out


def value_of(card):
    try:
        value = card.value
    except Exception:
        return None, ""
    if isinstance(value, fits.card.Undefined):
        value = None
    try:
        comment = card.comment
    except Exception:
        comment = ""
    return (value.strip() if isinstance(value, str) else value), comment


def from_astropy(header, kind):
    out = []
    for card in header.cards:
        name = card.keyword.upper()
        if name not in COMMENTARY:
            out.append((name,) + value_of(card))
    return Header(out, kind)


def read_fits(path):
    """The headers of a FITS file, compressed or not; None when astropy cannot read it."""
    with open(path, "rb") as f:
        start = f.read(3)
    data = path
    if start[:2] == b"\x1f\x9d":
        data = io.BytesIO(subprocess.run(["gzip", "-dc", path], capture_output=True).stdout)
    elif start[:2] == b"\x1f\x8b":
        data = io.BytesIO(gzip.open(path).read())
    elif start == b"BZh":
        data = io.BytesIO(bz2.open(path).read())
    kinds = {"PrimaryHDU": "image", "ImageHDU": "image", "CompImageHDU": "compressed"}
    try:
        with fits.open(data, ignore_missing_end=True, memmap=False, lazy_load_hdus=False,
                       disable_image_compression=True) as hdus:
            return [from_astropy(hdu.header, "compressed" if hdu.header.get("ZIMAGE") is True
                                 else kinds.get(type(hdu).__name__, "table"))
                    for hdu in hdus]
    except Exception:
        return read_primary(path)


def read_primary(path):
    """The first header of a file whose data astropy cannot read: 80-character records up to END."""
    cards = []
    with open(path, "rb") as f:
        while len(cards) < 20000:
            card = f.read(80).decode("latin-1")
            if len(card) < 80:
                return None
            if card.rstrip() == "END":
                break
            cards.append(card)
    try:
        return [from_astropy(fits.Header.fromstring("".join(cards)), "image")]
    except Exception:
        return None


def of_pairs(pairs):
    cards = []
    for name, value, comment in pairs:
        name = str(name).upper()
        if name.startswith("HIERARCH "):
            name = name[9:]
        if name in COMMENTARY:
            continue
        value = value[-1] if isinstance(value, list) and value else value
        if not isinstance(value, (str, int, float, bool, type(None))):
            value = str(value)
        cards.append((name, value.strip() if isinstance(value, str) else value, comment))
    header = Header(cards)
    header.kind = kind_of(header)
    return header


def kind_of(header):
    if header.get("ZIMAGE") is True:
        return "compressed"
    if header.get("SIMPLE") is True:
        return "image"  # also where a decompressed image kept its XTENSION
    if header.has("TFIELDS"):
        return "table"
    return "image" if (header.text("XTENSION") or "IMAGE") == "IMAGE" else "table"


class PropertyLoader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
    """LSST's PropertyList and PropertySet; dates stay text."""


def property_list(loader, node):
    if isinstance(node, yaml.SequenceNode):
        return [tuple(x) for x in loader.construct_sequence(node, deep=True)]
    return [(k, v[1] if isinstance(v, list) and len(v) > 1 else v, "") for k,
            v in loader.construct_mapping(node, deep=True).items()]


for tag in ("PropertyList", "PropertySet"):
    PropertyLoader.add_constructor("!<lsst.daf.base.%s>" % tag, property_list)
    PropertyLoader.add_constructor("lsst.daf.base.%s" % tag, property_list)
PropertyLoader.yaml_implicit_resolvers = {
    first: [(tag, expression) for tag, expression in rules if tag != "tag:yaml.org,2002:timestamp"]
    for first, rules in PropertyLoader.yaml_implicit_resolvers.items()}


def read_structured(text, is_json):
    """LSST's dumps: a mapping keyword: value, or a PropertyList of [keyword, type, value, comment]."""
    data = json.loads(text) if is_json else yaml.load(text, PropertyLoader)
    if isinstance(data, dict):
        return [of_pairs([(k, v, "") for k, v in data.items() if not k.startswith("__")])]
    pairs = []
    for row in data:
        if len(row) >= 4:
            pairs.append((row[0], row[2], str(row[3])))
        else:
            pairs.append((row[0], row[1], ""))
    return [of_pairs(pairs)]


def read_dump(path):
    """Headers of a text dump: cards a line (cut or padded) or 80-character records; HDUs end with END or begin with '#
    HDU'."""
    with open(path, "rb") as f:
        raw = f.read().decode("latin-1")
    if path.endswith((".yaml", ".json")):
        return read_structured(raw, path.endswith(".json"))
    lines = raw.splitlines() if "\n" in raw[:4000] else [raw[i:i + 80] for i in range(0, len(raw), 80)]
    parts, current, seen = [], [], set()
    for line in lines + ["END"]:
        # Dumps of astrodata: the extensions follow without END, each from its BITPIX (or the XTENSION before it) on.
        if line.startswith("BITPIX  =") and "BITPIX  =" in seen:
            first = [current.pop()] if current[-1].startswith("XTENSION=") else []
            parts.append(current)
            current, seen = first, set()
        seen.add(line[:9])
        if line.startswith("# HDU") or line.strip() == "END":
            if any(x.strip() for x in current):
                parts.append(current)
            current, seen = [], set()
        else:
            current.append(line.rstrip("\r")[:80].ljust(80))
    out = []
    for cards in parts:
        if not any(re.match(r"[A-Z0-9_-]+ *=", c) for c in cards):
            continue
        try:
            header = from_astropy(fits.Header.fromstring("".join(cards)), "image")
        except Exception:
            return None
        header.kind = kind_of(header)
        out.append(header)
    return out
