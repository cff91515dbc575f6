"""Every keyword of every HDU that astropy reads from the real files is found with an equal value through imsearch -from, and its card, byte by byte,
through imheader. What is not so is listed here, file by file, with its reason: what is not on the list, or more than it says, fails."""
from harness import *
import bz2, collections, glob, gzip, io, warnings
from astropy.io import fits
warnings.simplefilter("ignore")

if not os.path.isdir(FITS):
    skip("the real files are not there")
FILES = sorted(os.path.join(d, f) for d, _, names in os.walk(FITS) for f in names)

# Files that only one of both reads.
DUMPS = {"a/1257365o.fits.header", "a/1927963p.fits.header", "a/981337m.fits.header", "h/NEOS_SCI_2020255152013_clean.fits.header"}  # text, a card
# a line: astropy takes the line ends for characters of cards, and has no keyword right but the first ones; imingest passes them over
REFUSED = {"c/nttexample.mt": "XTENSION in the primary HDU", "e/defunct_keywords.hdr": "the file ends with its header", "e/invalid_header.hdr": "as before",
           "e/irac_sip.hdr": "as before"}  # by astropy

# Cards whose value is another one for astropy than in the table, or none for one of both.
LISTED = {
    "astropy makes the card, the file does not have it so": {
        **{f"e/file-img2-bitpix{b}.fits 0": {"EXTEND"} for b in ("+08", "+16", "+32", "+64", "-32", "-64")}, "e/nocdelt.fits 0": {"EXTEND"},
        "e/group_invalid.fits 0": {"NAXIS", "NAXIS1"}},
    "astropy cannot read the card": {"d/dss.14.29.56-62.41.05.fits.gz 0": {"SKEW"}, "e/wfs_ff_cal_img_2017.1113.111402.fits 1": {"WSEEING"}},
    "astropy ends the text at a doubled quote": {"e/badMPE.fits 0": {"XPROC0"}, "e/timmi2.fits 0": {"ESO INS OPTI2 NAME", "ESO INS OPTI5 NAME"}},
    "astropy takes a card without = for one with a value": {"e/lftemplate.fits 1": {"\0" * 8}, "f/image.fits 0": {"ESO-LOG"}},
    "a complex number has no column": {"e/header_with_time.fits 0": {"COMPLEX"}},
    "the keyword, or its column, stands twice: the first counts": {
        "b/WFPC2u5780205r_c0fx.fits 0": {"ORIGIN"}, "d/lzw.fits.Z 0": {"INSTRUME"}, "e/badMPE.fits 0": {"DATE_END", "DATE_OBS"}, "e/double_ext.fits 1": {"EXTNAME", "EXTNAMX"},
        "e/efz20040301.000010_s.fits 0": {"DATE_OBS"}, "e/header_with_time.fits 0": {"FLOAT", "INT32", "INT64", "INTVL"}, "e/issue-38.fits 0": {"DUP"},
        "e/n2hp_opha_example.fits 0": {"CDELT1", "CRPIX1"}, "e/too_many_pv.hdr 0": {"CHECKSUM", "DATASUM", "DATE"}, "e/wfs_ff_cal_img_2017.1113.111402.fits 1": {"FOCUS"},
        "f/image.fits 0": {"DEC", "RA"}, "f/sip-wcs.fit 0": {"ANNOTATE"}},
}
# Cards without a value of their own, which are in imheader only, as man imingest says; and empty texts, which imsearch takes for null.
AT_MOST = {"COMMENT, HISTORY, no keyword": 12551, "no value": 1, "an empty text": 443, "stands twice with the same value": 97}
AT_LEAST = 54_000  # values that are equal


PACKED = {b"\x1f\x8b": "gzip", b"BZ": "bzip2", b"\x1f\x9d": "compress"}  # by their first bytes


def packing(path):
    with open(path, "rb") as file:
        return PACKED.get(file.read(2))


def unpacked(path):
    """The file without its compression, as something to read."""
    how = packing(path)
    if how == "gzip":
        return gzip.open(path)
    if how == "bzip2":
        return bz2.open(path)
    if how == "compress":
        return io.BytesIO(subprocess.run(["gzip", "-dc", path], capture_output=True, check=True).stdout)
    return open(path, "rb")


def hdus_of(path):
    """[(header, bytes of its cards without END)] as astropy finds them; nothing when it refuses the file. Compressed images are the tables that they are in the file."""
    with warnings.catch_warnings(), unpacked(path) as file:
        try:
            hdus = fits.open(file, memmap=False, disable_image_compression=True)
            found = [(hdus[n].header, hdus[n]._header_offset, hdus[n]._data_offset) for n in range(len(hdus))]
        except Exception:  # noqa: of many kinds
            return []
        out = []
        file.seek(0)
        for header, begin, end in found:
            file.seek(begin)
            block = file.read(end - begin)
            cards = [block[i:i + 80] for i in range(0, len(block), 80)]
            out.append((header, cards[:next(i for i, c in enumerate(cards) if c[:8] == b"END     ")]))
        return out


def imheader(*args):
    return run("imheader", "-db", "H", *args, code=0, text=False, stdin="").stdout


def printed(cards):
    return b"".join(c + b"\n" for c in cards) + b"END".ljust(80) + b"\n"


def column_of(keyword):
    name = re.sub("[^A-Z0-9]", "_", keyword.upper())
    own = "FILE HEAP INGESTED CHANGENO CRC HEAPCRC HDU OTHERS DELETED ROOTNAME FILENAME".split()
    return "KEY_" + name if name[:1].isdigit() or name in own else name


def same(value, stored):
    if isinstance(value, bool) or isinstance(stored, bool):
        return value is stored or stored == ("T" if value is True else "F" if value is False else None)
    if isinstance(value, (int, float)):
        if isinstance(stored, str):  # a column of texts, as the card has it
            return int(stored) == value if re.fullmatch("[-+]?[0-9]+", stored) else float(stored.replace("D", "E").replace("d", "e")) == value
        return stored == value
    return value.rstrip() == stored


run("imingest", "-db", "H", FITS, code=4)
known = {r["pathname"] + "/" + r["filename"]: r for r in rows("H/files.db", "-where", "number > 0")}
equal(sorted(known), FILES, "files.db")
table_rows = {}
for path in sorted(glob.glob("H/headers/*.db")):
    name = os.path.basename(path)[:-3]
    for row in rows("H", "-from", name):
        table_rows[row["file"], row["hdu"]] = name, row

counted, listed, headers, unpacked_too = collections.Counter(), {}, 0, 0
dumps, refused = set(), set()
observations = collections.defaultdict(list)  # by ROOTNAME: what imheader must print of each header


def note(reason, where, keyword):
    if keyword not in LISTED[reason].get(where, ()):
        check(False, f"{where} {keyword!r}: {reason}, and is not on the list")
    listed.setdefault(reason, set()).add((where, keyword))


def compare(path, n, header, cards, row):
    """The cards that astropy reads of an HDU, with its row."""
    global headers
    headers += 1
    where, seen, of_file = f"{os.path.relpath(path, FITS)} {n}", set(), {c.decode("latin-1") for c in cards}
    for card in header.cards:
        try:
            keyword, value, image = card.keyword, card.value, card._image
        except fits.VerifyError:
            note("astropy cannot read the card", where, card.keyword)
            continue
        made = "astropy makes the card, the file does not have it so"
        if image is None or image[:80] not in of_file or keyword in LISTED[made].get(where, ()):
            note(made, where, keyword)
            continue
        if keyword in ("COMMENT", "HISTORY", "", "CONTINUE"):
            counted["COMMENT, HISTORY, no keyword"] += 1
            continue
        if image[8:10] != "= " and not image.startswith("HIERARCH"):
            note("astropy takes a card without = for one with a value", where, keyword)
            continue
        if isinstance(value, fits.card.Undefined):
            counted["no value"] += 1
            continue
        column = column_of(keyword)
        got, again = row.get(column.lower()), column in seen
        seen.add(column)
        if isinstance(value, complex):
            note("a complex number has no column", where, keyword)
        elif value == "" and got is None:
            counted["an empty text"] += 1
        elif again and same(value, got):
            counted["stands twice with the same value"] += 1
        elif again:
            note("the keyword, or its column, stands twice: the first counts", where, keyword)
        elif same(value, got):
            counted["equal"] += 1
        elif isinstance(value, str) and isinstance(got, str) and "''" in image and "''" in got.replace("'", "''"):
            note("astropy ends the text at a doubled quote", where, keyword)
        else:
            check(False, f"{where} {keyword}: {got!r}, astropy has {value!r}")


for path, known_row in known.items():
    name, hdus = os.path.relpath(path, FITS), hdus_of(path)
    if known_row["state"] != "done":
        if hdus:
            dumps.add(name)
            equal(read(path)[80:81], b"\n", f"{name}: astropy reads it, and it is {known_row['state']}")
        continue
    if not hdus:
        refused.add(name)
        continue
    if not equal(len(hdus), known_row["hdus"], f"{name}: HDUs"):
        continue
    several, packed = len(hdus) > 1, packing(path)
    wanted = []
    unpacked_too += packed is not None
    for n, (header, cards) in enumerate(hdus):
        if not check((known_row["number"], n) in table_rows, f"{name}: HDU {n} has no row"):
            continue
        table, row = table_rows[known_row["number"], n]
        equal(row["filename"], os.path.basename(path), f"{name}: its name")
        compare(path, n, header, cards, row)
        wanted.append((f"# {path} HDU {n}, table {table}\n".encode(), printed(cards)))
        if packed and n in (0, 1, len(hdus) - 1) or headers % 4 == 0:
            equal(imheader(path, "-hdu", n), printed(cards), f"imheader {name} -hdu {n}")
    equal(imheader(path), b"\n".join(title + text for title, text in wanted) if several else wanted[0][1], f"imheader {name}")
    rootname = hdus[0][0].get("ROOTNAME")
    if isinstance(rootname, str) and rootname.strip():
        observations[rootname.strip().lower()].append((path, wanted))

equal(dumps - DUMPS, set(), "files that only astropy reads")
equal(refused - set(REFUSED), set(), "files that astropy refuses")
for reason, wanted in AT_MOST.items():
    check(counted[reason] <= wanted, f"{reason}: {counted[reason]}, {wanted} are known")
check(counted["equal"] >= AT_LEAST, f"only {counted['equal']} values were compared and equal")
check(unpacked_too >= 20, f"only {unpacked_too} packed files")
check(headers >= 590, f"only {headers} headers were compared")

# An observation: all of its files. (One of the ACS is named by eight characters, too.)
check(len(observations) > 10, f"{len(observations)} observations with ROOTNAME")
for rootname, files in observations.items():
    parts = [part for _, wanted in sorted(files) for part in wanted]
    equal(imheader(rootname), b"\n".join(title + text for title, text in parts) if len(parts) > 1 else parts[0][1], f"imheader {rootname}")
check(any(len(files) > 1 for files in observations.values()), "one of several files")

for reason, found in sorted(listed.items()):
    print(f"{len(found)} x {reason}")
for reason, number in sorted(counted.items()):
    print(f"{number} x {reason}")
print(f"{headers} headers; {len(dumps)} dumps as texts, which only astropy reads; {len(refused)} files that astropy refuses")
finish()
