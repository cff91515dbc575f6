"""Cards as imreg's dump_headers prints them, held against astropy's: for the tests of this folder.

Every accepted difference is in accept() with its reason; there are no file names in them.
"""
import re

from astropy.io import fits

failures = []
accepted = {}
compared = {}


def fail(*words):
    failures.append(" ".join(str(w) for w in words))


def accept(reason):
    accepted[reason] = accepted.get(reason, 0) + 1


def count(what):
    compared[what] = compared.get(what, 0) + 1


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
    count("cards")
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
            if text == " ".join(want.split("\t")):
                return accept("a tab is a blank for us")
            if len(raw) > 80 and text == raw[8:80].rstrip():
                return accept("a remark and CONTINUE: one card in astropy, several in ours as in the text")
        elif kind == "text":
            if text == value.rstrip():
                return compare_comment(where, comment, their_comment, raw)
        if "?" in value and any(ord(c) > 126 for c in text):
            return accept("bytes other than ASCII: '?' in astropy, UTF-8 in ours")
        if "=" in raw[:9] and raw[8:10] != "= ":
            return accept("'=' without its blank: a value for us, a commentary for astropy")
        if kind == "text" and len(raw) > 80 and text == value.rstrip() + "&":
            return accept("'&' at the end of the last CONTINUE: a letter of the text for us, left out by astropy")
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


def finish(least_cards):
    """Prints what was found; the exit code."""
    print(compared)
    for reason, times in sorted(accepted.items(), key=lambda item: -item[1]):
        print("accepted %6d  %s" % (times, reason))
    for line in failures[:60]:
        print("DIFFERENT", line)
    print(len(failures), "differences")
    return 1 if failures or compared.get("cards", 0) < least_cards else 0
