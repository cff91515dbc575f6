"""What a person reads in the headers of each family of instruments: rules over astropy, written from the headers, their
comments and the standards, without a look at the camera tables.

`family_of(header, hdus)` gives the rules of a header. A rule gives a list of answers that are right; the first is the
one a person would give first, None among them means that to know nothing is right too. An empty list: the header does
not tell, and a value would be a guess. ANY: no opinion. """
import re
import warnings

import astropy.units as u
import numpy as np
from astropy.coordinates import FK4, FK5, ICRS, Galactic, SkyCoord
from astropy.time import Time, TimeDelta
from astropy.utils import iers
from astropy.wcs import WCS

warnings.filterwarnings("ignore")
iers.conf.auto_download = False
iers.conf.auto_max_age = None
ANY = object()
MIDDLE = r"\bmid(dle|-?point|[- ]?exp\w*|[- ]time)?\b"
NOTHING = {"", "unknown", "_unknown_", "n/a", "none", "filter_name", "undefined", "null", "no value", "indef", "??",
           "?", "notset",
           "not used", "nan", "unspecified"}
CLEAR = re.compile(r"(clear|open|air$|empty|notpresent|not ?used|none$|free$|no ?filter|hole|white$|clr|blank_open"
                   r"|\d+mm_open|out$)", re.I)


# --- dates and times -------------------------------------------------------------------------------------------------
MONTHS = {m: i + 1 for i, m in enumerate("jan feb mar apr may jun jul aug sep oct nov dec".split())}


def century(year):
    return year + (1900 if year >= 40 else 2000) if year < 100 else year


def day_of(text):
    """(year, month, day) of a date in the spellings of headers; None for no date."""
    text = str(text).strip()
    head = re.split(r"[T_, ]+(?=\d\d?:)|T| GMT|Z$", text)[0].strip()
    m = re.fullmatch(r"(\d{4})[-/:.](\d\d?)[-/:.](\d\d?)",
                     head) or re.fullmatch(r"((?:19|20)\d\d)(\d\d)(\d\d)(?:\.0)?", head)
    if m:
        y, mo, d = (int(x) for x in m.groups())
    else:
        m = re.fullmatch(r"(\d\d?)[/-] ?(\d\d?)[/-](\d\d(?:\d\d)?)", head)
        if m:
            d, mo, y = (int(x) for x in m.groups())
            y = century(y)
        else:
            m = re.fullmatch(r"(?:[A-Za-z]+, *)?(\d\d?)[- ]([A-Za-z]{3})[a-z]*[- ](\d\d(?:\d\d)?)", head)
            if not m or m.group(2).lower() not in MONTHS:
                return None
            d, mo, y = int(m.group(1)), MONTHS[m.group(2).lower()], century(int(m.group(3)))
    return (y, mo, d) if 1 <= mo <= 12 and 1 <= d <= 31 and 1850 < y < 2100 else None


def clock_of(text):
    """Seconds of the day of "6:15:39.35", "06 15 39", "12:57" or of an hour as a number; None for none."""
    if text is None or isinstance(text, bool):
        return None
    m = re.search(r"(?:^|[T_ ])(\d\d?)[: ](\d\d?)(?:[: ](\d\d?(?:\.\d*)?))?Z?(?:_TAI| GMT| UT)?$", str(text).strip())
    if m:
        h, mi, s = int(m.group(1)), int(m.group(2)), float(m.group(3) or 0)
        return h * 3600 + mi * 60 + s if h < 24 and mi < 60 and s < 61 else None
    try:
        hours = float(text)
    except ValueError:
        return None
    return hours * 3600 if 0 <= hours < 24 else None


def unix(day, seconds=0.0, scale="utc"):
    """Seconds since 1970 UTC of a day and a time in it."""
    try:
        t = Time("%04d-%02d-%02d" % day, scale=scale)
    except ValueError:
        return None
    return float((t + TimeDelta(seconds, format="sec", scale="tai" if scale in ("utc", "tai") else scale)).utc.unix)


def of_mjd(value, scale="utc"):
    if value is None or not 1000 < value < 88000:
        return None
    return float(Time(value, format="mjd", scale=scale).utc.unix)


def of_jd(value, scale="utc"):
    return None if value is None else of_mjd(value - 2400000.5, scale)


def scale_of(h, *names):
    """The time scale of these cards: what their comments say, else TIMESYS, else UTC."""
    said = " ".join(h.comment(n) for n in names).upper()
    values = " ".join(str(h.get(n)) for n in names)
    if values.endswith("_TAI") or re.search(r"\bTAI\b", said) and not re.search(r"\bUTC?\b", said):
        return "tai"
    if re.search(r"\bUTC?\b|UNIVERSAL", said):
        return "utc"
    scale = (h.text("TIMESYS") or "utc").lower().split()[0]
    return {"tai": "tai", "tt": "tt", "tdt": "tt", "et": "tt", "tdb": "tdb", "iat": "tai", "gps": "utc"}.get(scale,
                                                                                                             "utc")


def moment(h, date, clock=None):
    """The time of a date card, with the time of day of another card when the first has none. (seconds, has a time)"""
    day = day_of(h.get(date)) if h.get(date) is not None else None
    if day is None:
        return None, False
    seconds = clock_of(h.get(date)) if re.search(r"\d:\d", str(h.get(date))) else None
    if seconds is not None and clock is None:
        return unix(day, seconds, scale_of(h, date)), True
    if clock is not None:
        seconds = clock_of(h.get(clock))
        if seconds is not None:
            return unix(day, seconds, scale_of(h, date, clock)), True
    return None, False


# --- positions -------------------------------------------------------------------------------------------------------
def angle(h, name, hours):
    """Degrees of a card: sexagesimal text (hours for right ascension), a number in degrees, or what the comment
    says."""
    value = h.get(name)
    if value is None or isinstance(value, bool):
        return None
    text = str(value).strip()
    if re.search(r"\d[: dhm]+\d", text):
        m = re.match(r"([+-]?) *(\d+)[: dhm]+(\d+)(?:[: dhm]+(\d+(?:\.\d*)?))?", text)
        if not m:
            return None
        out = int(m.group(2)) + int(m.group(3)) / 60 + float(m.group(4) or 0) / 3600
        return (-1 if m.group(1) == "-" else 1) * out * (15 if hours else 1)
    try:
        out = float(text)
    except ValueError:
        return None
    said = h.comment(name).lower()
    if "radian" in said:
        return float(np.degrees(out))
    if hours and re.search(r"\[h\]|\(h\)|hour", said) and "degree" not in said:
        return out * 15
    return out


class Place:
    """A direction, ICRS degrees, and how far from it (arcsec) a reading is still right."""

    def __init__(self, ra, dec, tolerance=1.0):
        self.ra, self.dec, self.tolerance = ra % 360, dec, tolerance

    def __repr__(self):
        return "%.5f %+.5f" % (self.ra, self.dec)


def icrs(ra, dec, equinox, frame):
    """ICRS of mean coordinates. An apparent place is taken as a mean one of date: good to the aberration (40")."""
    if frame == "FK4" or (not frame and equinox and equinox < 1984):
        system, tolerance = FK4(equinox=Time(equinox or 1950.0, format="byear")), 1.0
    elif frame in ("GAPPT", "APPT", "GEOCENTRIC"):
        if not equinox:
            return None
        system, tolerance = FK5(equinox=Time(equinox, format="jyear")), 40.0
    elif equinox and frame != "ICRS":
        # An equinox written with two decimals is known to 0.005 years, a quarter of a second of arc.
        system, tolerance = FK5(equinox=Time(equinox, format="jyear")), 1.0
    else:
        system, tolerance = ICRS(), 1.0
    c = SkyCoord(ra * u.deg, dec * u.deg, frame=system).icrs
    return Place(c.ra.deg, c.dec.deg, tolerance)


def wcs_centre(h):
    """The sky at the image centre by the header's own WCS (astropy), else at its reference pixel; None when it is no
    sky."""
    h = h.own if h.own.has("CTYPE1") else h  # the primary's EPOCH and EQUINOX are those of its RA and DEC
    c1, c2 = (h.text("CTYPE1") or "").upper(), (h.text("CTYPE2") or "").upper()
    if {"RA", "DEC"} & {c1[:3].rstrip("-"), c2[:3].rstrip("-")} == set():
        for i, j in ((2, 3), (1, 3)):
            a, b = (h.text("CTYPE%d" % i) or "").upper(), (h.text("CTYPE%d" % j) or "").upper()
            if {a[:3].rstrip("-"), b[:3].rstrip("-")} == {"RA", "DEC"}:
                lon, lat = h.number("CRVAL%d" % i), h.number("CRVAL%d" % j)
                lon, lat = (lat, lon) if a.startswith("DEC") else (lon, lat)
                return None if lon is None or lat is None or abs(lat) > 90 or (lon, lat) == (0, 0) else Place(lon, lat)
    names = {c1[:4].rstrip("-"), c2[:4].rstrip("-")}
    if names not in ({"RA", "DEC"}, {"GLON", "GLAT"}):
        return None
    x, y = h.number("CRVAL1"), h.number("CRVAL2")
    if x is None or y is None:
        return None
    lon, lat = (y, x) if c1.startswith(("DEC", "GLAT")) else (x, y)
    if (lon, lat) == (0, 0) or not -180 <= lon <= 360 or abs(lat) > 90:
        return None
    axes = h.axes()
    if any(h.has(k) for k in ("CD1_1", "CDELT1", "PC1_1", "CD1_2")) and len(axes) >= 2 and 0 not in axes[:2]:
        if "-" not in c1:
            return None  # no projection: a ramp, not a sky
        header = h.fits()
        header["NAXIS"] = len(axes)
        for i in (1, 2):
            header["NAXIS%d" % i] = axes[i - 1]
        if c1.endswith("-TAN") and "PV1_5" in header:
            header["CTYPE1"], header["CTYPE2"] = c1[:-3] + "TPV", c2[:-3] + "TPV"  # as SCAMP writes it
        # Distortions in a table of another HDU are below a second of arc; then what astropy refuses as a whole.
        for without in (("CPDIS", "D2IM", "DP1", "DP2"), ("PV",), ("A_", "B_", "AP_", "BP_")):
            for name in [k for k in header if k.startswith(without)]:
                del header[name]
            try:
                c = WCS(header, naxis=2).pixel_to_world((axes[0] - 1) / 2, (axes[1] - 1) / 2).icrs
                if np.isfinite(c.ra.deg):
                    return Place(c.ra.deg, c.dec.deg)
            except Exception:
                pass
    if names == {"GLON", "GLAT"}:
        c = Galactic(lon * u.deg, lat * u.deg).transform_to(ICRS())
        return Place(c.ra.deg, c.dec.deg)
    equinox = h.number("EQUINOX", "EPOCH")
    return icrs(lon, lat, equinox if equinox and 1800 < equinox < 2100 else None,
                (h.text("RADESYS", "RADECSYS") or "").upper())


# --- types -----------------------------------------------------------------------------------------------------------
TYPES = (("bias", r"bias|zero|dark/bias|overscan|offset"), ("dark", r"dark"),
         ("flat", r"flat|.*flat$|twilight|domeflat|skyflat|lampflat|dflat|led|flatfield|calibration_flat"),
         ("mask", r"mask|bpm|bad ?pixel"), ("fringe", r"fringe"), ("scatter", r"scatter"), ("frpts", r"frpts"),
         ("object", r"object|obj|science|sci|light|expose|exposure|standard|trailed|skyexp|std|astronomical|target"
                    r"|image|wide|sky"))
TYPE_KEYS = ("OBSTYPE", "IMAGETYP", "OBS_TYPE", "IMGTYPE", "IMG_TYPE", "EXPTYPE", "FLAVOR", "DATA-TYP", "OBJTYPE",
             "ESO DPR TYPE", "IMAGTYPE", "PICTTYPE", "SEQ_TYPE", "ESO OBS TYPE", "IMATYPE",
             "ESO GEN EXPO TYPE", "DATATYPE")


def type_of_word(text):
    """Our word for a type word of a header; None for words that are none of ours (arc, focus, ...)."""
    text = text.strip().lower()
    first = re.split(r"[ ,;]", text)[0]
    for ours, pattern in TYPES:
        if re.fullmatch(pattern, text) or re.fullmatch(pattern, first):
            return ours
    return None


def h_text(h, name):
    return h.text(name) or ""


class Rules:
    """The common habits: FITS standard, and what nearly all observatories do."""

    name = "generic"
    dates = ("DATE-BEG", "DATE-OBS", "DATE_OBS", "DATEOBS", "DATE_BEG", "UTDATE", "UTCDATE", "UTC_DATE", "UT-DATE",
             "UT_DATE", "OBSDATE")
    clocks = ("UTC-OBS", "UTSTART", "UT-STR", "TIME-OBS", "UT-OBS", "TIME_OBS", "UTIME", "UT", "UTC", "TIME-BEG",
              "UT_START", "STARTUT", "TM-START")
    days_mjd = ("MJD-OBS", "MJD_OBS", "MJDOBS", "MJD-STR", "EXPSTART", "MJDATE", "MJD-BEG", "MJD")
    days_jd = ("JD", "JD-OBS", "JULDATE", "JDATE", "JD_OBS")
    times = ("EXPTIME", "XPOSURE", "EXPOSURE", "EXP_TIME", "INTTIME", "ITIME", "EXPOSED", "EXPOTIME", "TEXPTIME",
             "EXP-TIME", "TEXP", "ESO DET WIN1 DIT1")
    coadds = None
    filters = ("FILTER", "FILTNAM1", "FILTER01", "BAND", "ESO INS FILT1 NAME", "ESO INS FILT NAME", "FILTNAME",
               "FILTERS", "FILTER_NAME", "WFFBAND")
    wheels = ("FILTER1", "FILTER2", "FILTER3")
    extra = ("GRATING", "GRISM", "PUPIL", "FILTER3", "GRATNAME", "OPT_ELEM")
    places = (("RA", "DEC"), ("RA_DEG", "DEC_DEG"), ("RATEL", "DECTEL"), ("TELRA", "TELDEC"), ("RA_TEL", "DEC_TEL"),
              ("OBJCTRA", "OBJCTDEC"),
              ("RA_TARG", "DEC_TARG"), ("RA_OBJ", "DEC_OBJ"), ("OBJRA", "OBJDEC"), ("TARGRA", "TARGDEC"), ("RA-MNT",
                                                                                                           "DEC-MNT"))
    temperatures = ("DETTEMP", "CCD-TEMP", "CCDTEMP", "CCD_TEMP", "DET-TEMP", "DET_TEMP", "DETTEM", "CCDTEM",
                    "TEMP_CCD", "TEMP-DET", "TEMP_DET", "CCDATEMP", "DET-TMP", "DETECTOR_TEMP", "CCDTMEAN", "CCDTEMP1",
                    "CAMTEMP")  # 90Prime: "Camera temperature in C", beside that of the dewar
    masses = ("AIRMASS", "AMSTART", "SECZ", "AIRM_START", "ESO TEL AIRM START", "SECZ-STR", "AMASS")
    objects = ("OBJECT", "TARGNAME", "OBJNAME", "TARGET", "ESO OBS TARG NAME", "FIELD")
    instruments = ("INSTRUME", "INSTRUMENT")

    def __init__(self, h, hdus, index):
        self.h, self.hdus, self.index = h, hdus, index

    # Times
    def obstime(self):
        h, only_day = self.h, None
        for date in self.dates:
            if h.get(date) is None:
                continue
            t, full = moment(h, date)
            if t is not None and abs(t) < 3600:
                continue  # the zero of the computer's clock is no date
            if full and t is not None and not self.middle(date):
                return [t]
            if day_of(h.get(date)) is None:
                continue
            for clock in self.clocks:
                if h.get(clock) is None or re.search(r"local|HST\b|" + MIDDLE, h.comment(clock), re.I):
                    continue
                if re.search(r"\d:\d", str(h.get(clock))) or re.search(r"\[?h(our|r|\])|\(h\)", h.comment(clock)):
                    t, full = moment(h, date, clock)
                    if t is not None:
                        return [t]
            only_day = only_day or unix(day_of(h.get(date)))
        t = self.by_days()
        if t is not None and (only_day is None or abs(t - only_day) < 2 * 86400):
            return [t]
        return [only_day] if only_day is not None else []

    def middle(self, name):
        return bool(re.search(MIDDLE + "|average|central", self.h.comment(name), re.I))

    def by_days(self):
        h = self.h
        for name in self.days_mjd:
            value = h.number(name)
            if value is not None and not re.search(r"\bend\b|" + MIDDLE, h.comment(name), re.I):
                t = of_jd(value, scale_of(h, name)) if value > 2.3e6 else of_mjd(value, scale_of(h, name))
                if t is not None:
                    return t
        for name in self.days_jd:
            t = of_jd(h.number(name), scale_of(h, name))
            if t is not None:
                return t
        return None

    def exptime(self):
        h = self.h
        for name in self.times:
            value = h.number(name)
            if value is None or value < 0 or value > 1e7:
                continue
            said = h.comment(name).lower()
            if "minute" in said or said.startswith("[min"):
                value *= 60
            elif re.search(r"millisec|\[ms\]|\(ms\)", said):
                value /= 1000
            if self.coadds and h.number(self.coadds) and h.number(self.coadds) > 0:
                value *= h.number(self.coadds)
            return [value]
        return []

    # What it is
    def type(self):
        for name in TYPE_KEYS:
            text = self.h.text(name)
            if text is None or text.lower() in NOTHING:
                continue
            ours = type_of_word(text)
            if ours:
                # A weight map or an inverse variance is no picture of the sky, whatever it was made from.
                weight = re.search(r"wtmap|weight|invvar|dqmask|resampmask", h_text(self.h, "PRODTYPE"), re.I)
                return [ours, "mask", None] if weight else [ours]
            if name not in ("IMAGETYP", "EXPTYPE"):
                continue
        return []

    def lit(self, text):
        return text is not None and text.lower() not in NOTHING and not CLEAR.match(text)

    def filter(self):
        """Answers are (needed, allowed): names that must be there, and names that may (gratings, masks)."""
        h = self.h
        allowed = [h.text(k) for k in self.extra if self.lit(h.text(k))]
        for name in self.filters:
            text = h.text(name)
            if isinstance(h.get(name), str) and text and text.lower() not in NOTHING:
                if CLEAR.match(text):
                    return [([text], allowed)] + [(allowed, [])] * bool(allowed) + [None]
                return [([text], allowed)]
        wheels = [h.text(k) for k in self.wheels if isinstance(h.get(k), str)]
        lit = [w for w in wheels if self.lit(w)]
        if lit:
            return [(lit, allowed)]
        clear = [w for w in wheels if w and CLEAR.match(w)]
        out = [(["CLEAR"], allowed + clear)] * bool(clear) + [([w], allowed) for w in clear]
        return out + [(allowed, [])] * bool(allowed) + [None]

    # Where
    def equinox(self):
        for name in ("EQUINOX", "EPOCH", "OBJEQUIN", "TELEQUIN"):
            text = self.h.text(name)
            if text:
                m = re.match(r"[JB]?(\d{4}(?:\.\d*)?)$", text)
                if m and 1800 < float(m.group(1)) < 2100:
                    return float(m.group(1))
        return None

    def frame(self):
        return (self.h.text("RADESYS", "RADECSYS", "FRAME") or "").upper()

    def in_hours(self, ra_key, ra):
        """A number without a unit is in hours when sidereal time less hour angle says so."""
        h = self.h
        sidereal, hour_angle = clock_of(h.get("LST")), angle(h, "HA", True)
        if ra > 24 or not isinstance(h.get(ra_key),
                                     (int, float)) or h.comment(ra_key) or sidereal is None or hour_angle is None:
            return False
        hours = (sidereal / 3600 - hour_angle / 15) % 24
        return abs(ra - hours) < 0.3 < abs(ra / 15 - hours)

    def position(self):
        h = self.h
        for ra_key, dec_key in self.places:
            ra, dec = angle(h, ra_key, True), angle(h, dec_key, False)
            if ra is None or dec is None or (ra, dec) == (0, 0) or not -360 <= ra <= 360 or abs(dec) > 90:
                continue
            out = icrs(ra * (15 if self.in_hours(ra_key, ra) else 1), dec, self.equinox(), self.frame())
            if out is not None:
                return [out]
        out = wcs_centre(h)
        # A piece of a header without axes: whether the reference point is the image's centre is not known.
        return [out] + [None] * (len(h.axes()) < 2) if out is not None else []

    # The rest
    def instrument(self):
        text = self.h.text(*self.instruments)
        return [text] if text and text.lower() not in NOTHING else ANY

    def object(self):
        for name in self.objects:
            text = self.h.text(name)
            if text and text.lower() not in NOTHING:
                return [text]
        return []

    def airmass(self):
        for name in self.masses:
            value = self.h.number(name)
            if value is not None and 0.99 <= value < 60:
                return [value]
        return []

    def dettemp(self):
        h = self.h
        for name in self.temperatures:
            value = h.number(name)
            if value is None or value <= -273.2 or value == 0 and "CCDTEM" not in name:
                continue
            said = h.comment(name)
            if re.search(r"\[K\]|\(K\)|\bK\b|[Kk]elvin", said) or value > 45:
                value -= 273.15
            if -273.2 < value < 60:
                return [value]
        return []

    def ccds(self):
        return [ccd_count(self.hdus, science(self.hdus))]


# --- which HDUs are science images ----------------------------------------------------------------------------------
NOT_SCIENCE = {"ERR", "DQ", "VAR", "WHT", "CTX", "SAMP", "TIME", "MASK", "WCSDVARR", "D2IMARR", "UDL", "QUALITY",
               "NOISE", "WEIGHT", "VARIANCE", "FLAG"}


def science(hdus):
    """Numbers of the HDUs that are a science image, by name; masks and weights count when they are alone."""
    images = []
    for i, h in enumerate(hdus):
        if h.has_pixels():
            images.append((i, (h.text("EXTNAME") or "").upper(), (h.text("EXTTYPE") or "").upper()))
    good = [i for i, name, kind in images if name not in NOT_SCIENCE and kind not in ("MASK", "VARIANCE")]
    return good or [i for i, name, kind in images if name in ("MASK", "WHT", "WEIGHT", "FLAG")]


def ccd_count(hdus, chosen):
    """CCDs behind these HDUs: amplifiers of one CCD count once."""
    chips = [hdus[i] for i in chosen]
    if chips and all((h.text("EXTNAME") or "").startswith("Segment") for h in chips):
        return 1
    if chips and all(any(str(n).startswith("amp") for n in h.all_of("EXTNAME")) for h in chips):
        return (len(chips) + 1) // 2
    pairs = [(h.text("CCDNAME") or "", h.text("AMPNAME") or "") for h in chips]
    if len(set(pairs)) == len(pairs) and all(c and a for c, a in pairs):
        return len({c for c, _ in pairs})
    return len(chips)
