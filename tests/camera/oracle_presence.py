"""Whether any HDU of a file holds a time of observation, an exposure time or a type of image, in any spelling: by the
look of keyword, comment and value alone, and liberally."""
import re

from oracle_rules import day_of, type_of_word

NOT_OBSERVED = re.compile(
    r"file|creat|written|process|reduc|modification|modified (?!jul)|calib|release|made|version|software|wcs|valid"
    r"|publi|proposal|epoch of|generat|ingest|header|stamp|checksum|when (?:it|the) |archiv|local|tape|reference time"
    r"|coordinat|extract|flat ?field", re.I)
OTHER_DATES = ("DATE", "DATE_RF0", "IRAF-TLM", "SOFTDATE", "REL_DATE", "MET_DATE", "DATEPROC", "PROCDATE")
NO_START = re.compile(r"END|STOP|REL|PROC|CAL|TAU|WVM|SEE|DARK|BIAS|FLAT|TV|RF\d|_DP|MOD|CREA|SOFT|MDF|ODF|OBT")
EXPOSURES = re.compile(r"T?EXP(OSURE|TIME|_TIME|OSED|OTIME|TIM)?|EXP-TIME|XPOSURE|EXPTIME1|INT_TIME|INTTIME|ITIME"
                       r"|TEXPTIME|EXPMEAS|DEXPTIME|SHT_MDUR|OBJTIME")
NO_EXPOSURE = re.compile(r"req|mid|start|end|until|per|each|frame|gui|count|asked|minimum|maximum|overhead|number|ratio"
                         r"|lookup|index|position|mode|LUT|reference", re.I)
TYPE_WORDS = re.compile(r"(OBS|IMAG|IMG|IMA|EXP|DATA|DPR|FRAME|FRM|PICT|OBJ|EXPO|SEQ)[-_ ]?TYPE?$"
                        r"|^(ETYPE|FLAVOR|PRODCATG)$")


def a_time(name, value, comment):
    if NOT_OBSERVED.search(comment) or name in OTHER_DATES:
        return False
    if isinstance(value, str):
        if value.startswith("1970-01-01"):  # a clock that was not set
            return False
        return bool(day_of(value) and re.search(r"OBS|BEG|STR|START|DATE|UT", name) and not NO_START.search(name))
    if isinstance(value, (int, float)) and re.match(r"(MJD|JD|HJD)", name) and not re.search(r"END|REF|WVM", name):
        if 0 <= value - 40587 < 0.01:
            return False
        return 15000 < value < 88000 or 2.415e6 < value < 2.48e6
    return False


def an_exposure(name, value, comment):
    try:
        number = float(value)
    except (TypeError, ValueError):
        return False
    if isinstance(value, bool) or number < 0:
        return False
    if EXPOSURES.fullmatch(name):
        return True
    said = re.search(r"exposure (time|duration|length)|integration time|(time|length) of exposure", comment, re.I)
    return bool(said and number > 0 and re.search(r"EXP|INT|TIME|DIT|DUR", name) and not NO_EXPOSURE.search(comment))


def a_type(name, value, comment):
    if not isinstance(value, str) or not TYPE_WORDS.search(name) or name in ("EXTTYPE", "DATATYPE"):
        return False
    return type_of_word(value) is not None or value.strip().upper() in ("EXT", "SCI")


KINDS = {"obstime": a_time, "exptime": an_exposure, "type": a_type}


def held_by(hdus, field):
    """The card of an HDU with that fact, as text; None when there is none."""
    for h in hdus:
        for name, value, comment in h.cards:
            if value is not None and KINDS[field](name, value, comment or ""):
                return "%s = %r / %s" % (name, value, comment)
    return None
