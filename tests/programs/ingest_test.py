"""imingest over the real files: each has an end, and the heaps hold its cards (oracle: its bytes). Values: ingest_astropy_test.py."""
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
out = run("imsearch", "-db", "H", "-from", "wfc_flt_1", "-where", "EXPTIME > 100", "-fields", "FILENAME,EXPTIME", "-format", "csv", code=0)
equal(out.stdout.splitlines()[1:], [f"j94f05bgq_flt.fits,{primary['EXPTIME']:g}"], "EXPTIME > 100")
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

for table in sorted(glob.glob("H/headers/*.db")):
    columns = fits.getheader(table, 1)["TFIELDS"]
    check(columns <= 999, f"{table}: {columns} columns")
finish()
