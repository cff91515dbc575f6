"""imingest over the real files. Oracle for values: astropy, which reads every HDU of every file; for cards: the bytes of the files."""
from harness import *
import glob, io, warnings
from astropy.io import fits
warnings.simplefilter("ignore")

if not os.path.isdir(FITS):
    skip("the real files are not there")
FILES = sorted(os.path.join(d, f) for d, _, names in os.walk(FITS) for f in names)


def counts(*args, code=0):
    return json.loads(run("imingest", "-db", "H", "-format", "json", *args, code=code).stdout)


def cards_of(path):
    """[[card, ...] of each HDU] by the bytes of a plain file: cards as far as END."""
    data, out = read(path), []
    with fits.open(io.BytesIO(data), memmap=False, disable_image_compression=True) as hdus:
        places = [h._header_offset for h in hdus]
    for at in places:
        cards = []
        while at < len(data) and data[at:at + 8].upper() != b"END     ":
            cards.append(data[at:at + 80])
            at += 80
        out.append(cards)
    return out


# Every file ends as rows or with a reason; a second run has nothing to do.
report = counts(FITS, code=4)
equal(report["found"], len(FILES), "files found")
equal(report["new"] + report["passed"] + report["failed"], len(FILES), "each has an end")
check(report["new"] > 200 and report["headers"] > 550, f"{report}")
again = counts(FITS)
equal((again["unchanged"], again["new"], again["headers"]), (len(FILES), 0, 0), "a second run")
known = {r["pathname"] + "/" + r["filename"]: r for r in rows("H/files.db", "-where", "number > 0")}
equal(sorted(known), FILES, "files.db")
for path, row in known.items():
    check(row["state"] == "done" and row["hdus"] > 0 or row["reason"], f"{path}: {row['state']} without a reason")
    check(row["state"] in ("done", "passed", "failed"), f"{path}: {row['state']}")

# Asked of the rows of SCI,1 what older files have in it, and this one in its primary HDU (the column MDRIZSKY is declared for both).
out = run("imsearch", "-db", "H", "-from", "wfc_flt_1", "-where", 'MDRIZSKY > 100 and FILTER1 like "F6%"', "-fields", "FILENAME,EXPTIME,MDRIZSKY,FILTER1", "-format", "csv", code=0)
primary = fits.getheader(next(p for p in FILES if p.endswith("/j94f05bgq_flt.fits")))
equal(out.stdout.splitlines()[1:], [f"j94f05bgq_flt.fits,{primary['EXPTIME']:g},{primary['MDRIZSKY']},{primary['FILTER1']}"], "MDRIZSKY and FILTER1")
run("imsearch", "-db", "H", "-from", "wfc_flt_1", "-where", "EXPTIME > 400", code=1)

# The heaps as man 5 imreg-ingest has them, read by somebody else: the cards of the files.
def decoded(heap, place):
    size, _, model = int.from_bytes(heap[place:place + 4], "big"), None, int.from_bytes(heap[place + 8:place + 16], "big")
    code, at, cards = heap[place + 16:place + 16 + size], 0, []
    of_model, next_card = decoded(heap, model) if model else [], 0
    while at < len(code):
        number = shift = 0
        while True:
            byte, at = code[at], at + 1
            number |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                break
        n, kind = number >> 2, number & 3
        if kind == 0:
            cards += of_model[next_card:next_card + n]
            next_card += n
        elif kind == 1:
            next_card = n
        elif kind == 2:
            last, old = code[at], of_model[next_card]
            middle = 80 - n - last
            cards.append(old[:n] + code[at + 1:at + 1 + middle] + old[80 - last:])
            at, next_card = at + 1 + middle, next_card + 1
        else:
            cards.append(code[at:at + n].ljust(80))
            at += n
    return cards


plain = {}
for path, row in known.items():
    try:
        if row["state"] == "done":
            plain[row["number"]] = cards_of(path)
    except (OSError, AttributeError):  # compressed, or not as astropy wants it
        pass
headers_read = 0
for table in sorted(glob.glob("H/headers/*.db")):
    heap = read(table[:-3] + ".heap")
    equal(heap[:16], b"IMREG HEAP 1\0\0\0\0", f"{table}: head of the heap")
    for row in rows(table):
        if row["file"] in plain:
            headers_read += 1
            equal(decoded(heap, row["heap"]), plain[row["file"]][row["hdu"]], f"{table}: HDU {row['hdu']} of {row['filename']}")
check(headers_read > 300, f"{headers_read} headers decoded")

# All rows of all tables, by file and HDU.
table_rows, columns = {}, {}
for table in sorted(glob.glob("H/headers/*.db")):
    schema = fits.getheader(table, 1)
    check(schema["TFIELDS"] <= 999, f"{table}: {schema['TFIELDS']} columns")
    for row in rows(table):
        table_rows[row["file"], row["hdu"]] = (table, row)


def column_of(keyword):
    name = re.sub("[^A-Z0-9]", "_", keyword.upper())
    own = "FILE HEAP INGESTED CHANGENO CRC HEAPCRC HDU OTHERS DELETED ROOTNAME FILENAME".split()
    return "KEY_" + name if name[:1].isdigit() or name in own else name


def same(value, stored):
    if isinstance(value, bool) or isinstance(stored, bool):
        return value == stored or stored == ("T" if value is True else "F" if value is False else None)
    if isinstance(value, (int, float)):
        if isinstance(stored, str):
            return int(stored) == value if re.fullmatch("[-+]?[0-9]+", stored) else float(stored.replace("D", "E").replace("d", "e")) == value
        return stored == value
    return (value.rstrip() or None) == stored


def standard_text(image):
    """The text of a card and its CONTINUE cards by the letter of the standard: astropy's pattern goes astray at doubled quotes."""
    out = ""
    for at in range(0, len(image), 80):
        piece = re.match(r"'((?:[^']|'')*)'", (image[at + 8:at + 80] if at else image[:80].split("=", 1)[-1]).lstrip())
        out = out.removesuffix("&") + piece.group(1).replace("''", "'").rstrip() if piece else out
    return out.rstrip()


by_heap = compared = 0
looked = 0
for path, row in known.items():
    if row["state"] != "done":
        continue
    try:
        hdus = fits.open(path, memmap=True, disable_image_compression=True)
        len(hdus)
    except Exception:  # noqa: astropy refuses it
        continue
    with hdus:
        packed = path.endswith((".gz", ".bz2", ".Z"))
        verbatim = run("imheader", "-db", "H", path, code=0, text=False, stdin="").stdout.split(b"\n")
        printed = [l for l in verbatim if len(l) == 80 and not l.startswith(b"# /")]
        headers = [[]]
        for line in printed:
            if line.startswith(b"END     "):
                headers.append([])
            else:
                headers[-1].append(line)
        headers.pop()
        equal(len(headers), row["hdus"], f"{path}: headers printed")
        if not packed:
            try:
                wanted = cards_of(path)
            except Exception:  # noqa
                wanted = None
            if wanted and len(wanted) == len(headers):
                looked += 1
                equal(headers, wanted, f"{path}: cards")
        for n, hdu in enumerate(hdus):
            if (row["number"], n) not in table_rows:
                check(n >= row["hdus"], f"{path} HDU {n} has no row")
                continue
            table, stored = table_rows[row["number"], n]
            equal(stored["filename"], os.path.basename(path), f"{path}: name")
            seen = set()
            # The header by itself: astropy adds cards (EXTEND, NAXIS1) to those of its HDUs.
            for card in fits.Header.fromstring(b"".join(headers[n]).decode("latin-1")).cards:
                try:
                    keyword, value = card.keyword, card.value
                except Exception:  # noqa: a card that astropy cannot read: imheader has it, as compared above
                    by_heap += 1
                    continue
                raw = str(card._image or "")
                if isinstance(value, str) and "''" in raw:
                    value = standard_text(raw)
                if keyword.strip("\0") in ("COMMENT", "HISTORY", "", "CONTINUE") or (raw[8:10] != "= " and not raw.startswith("HIERARCH")) or isinstance(value, (fits.card.Undefined, complex)):
                    continue
                column = column_of(keyword)
                if column in seen:
                    by_heap += 1
                    continue
                seen.add(column)
                got = stored.get(column.lower())
                if got is None and (value == "" or len(str(value)) > 500):
                    by_heap += 1
                    continue
                compared += 1
                check(same(value, got), f"{path} HDU {n} {keyword}: {got!r}, astropy has {value!r}")
check(looked > 150, f"only {looked} files were compared card by card")
print(f"{compared} values in columns, {by_heap} in the heap only, {len(table_rows)} headers, {looked} files card by card")
finish()
