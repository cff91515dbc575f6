"""Where the common rules of oracle_rules.py are wrong: one class a family, its habits in the docstring.

FAMILIES is tried in order; the first whose pattern fits TELESCOP, INSTRUME, DETECTOR, ORIGIN (joined by "|") reads the
header. """
import math
import re

from oracle_rules import (ANY, Rules, angle, clock_of, day_of, icrs, moment, of_mjd, scale_of, science, type_of_word,
                          unix, wcs_centre)


def lists(values):
    """Answers in order, without repetitions and unknowns."""
    out = []
    for v in values:
        if v is not None and v not in out:
            out.append(v)
    return out


class Gemini(Rules):
    """DATE-OBS and UTSTART ("UT at observation start"); UT is when the telescope control was asked, up to 40 s earlier.
    FRAME AZEL_TOPO: RA and DEC hold azimuth and elevation of the parked telescope; the WCS still tells the sky. -9999
    and "No Value" are unknown. OBSTYPE of twilight flats is OBJECT."""

    name = "Gemini"
    clocks = ("UTSTART", "TIME-OBS", "UT", "UTC")
    filters = ()
    wheels = ("FILTER1", "FILTER2")
    extra = ("GRATING", "FILTER3", "GRISM")
    temperatures = ("DETTEMP", "DET-TEMP")

    def home(self):
        """The HDU that holds RA: FRAME, EPOCH and EQUINOX of an extension are those of its WCS."""
        return self.h if self.hdus[self.index].has("RA") else self.hdus[0]

    def position(self):
        if self.frame() in ("AZEL_TOPO", "NO VALUE"):
            out = wcs_centre(self.h)
            # NIFS copies the parked azimuth and elevation into its WCS.
            unsure = [None] * (self.frame() == "NO VALUE")
            return [out] + unsure if out and abs(out.dec) < 89.8 else []
        out = super().position()
        if self.frame() == "APPT":  # a moving target: the WCS knows where the telescope was, offsets and all
            out.append(wcs_centre(self.h))
        return [p for p in out if p]

    def frame(self):
        return (self.home().text("FRAME") or self.home().text("RADECSYS") or "").upper()

    def equinox(self):
        """Apparent places are of EPOCH, the date of the observation; a mean place says its EQUINOX."""
        value = self.home().number("EPOCH" if self.frame() in ("APPT", "GAPPT") else "EQUINOX")
        return value if value and 1800 < value < 2100 else None

    def type(self):
        out = super().type()
        name = (self.h.text("OBJECT") or "").lower()
        if out in (["object"], []) and re.match(r"twilight|gcalflat|dome ?flat|.*flat$", name):
            return ["flat"] + (out or [None])
        if out == ["object"] and self.h.has("GIFRINGE", "FRINGE", "GIFRINGX"):
            return ["fringe", "object"]
        return out


class Gmos(Gemini):
    """The dewar's temperature (DEW-TEMP) is not the detector's, but no other is told."""

    name = "Gemini GMOS"

    def ccds(self):
        """Amplifiers and regions of interest of three CCDs."""
        chips = [self.hdus[i] for i in science(self.hdus)]
        names = {h.text("CCDNAME") for h in chips}
        return [len(names)] if chips and None not in names and len(chips) > 1 else super().ccds()

    def position(self):
        """A row is a CCD of several amplifiers: the centre of one of them is as right as that of the CCD."""
        out = super().position()
        if self.frame() in ("AZEL_TOPO", "NO VALUE"):
            for place in filter(None, out):
                place.tolerance = 300.0
        return out

    def dettemp(self):
        value = self.h.number("DEW-TEMP")
        return super().dettemp() or ([None, value] if value is not None and -200 < value < 0 else [])

    def obstime(self):
        if self.h.text("DATEIMAG"):
            return []  # a mask definition
        return super().obstime()


class GeminiCoadds(Gemini):
    """NIRI, NIFS, GNIRS, F2, GSAOI: EXPTIME is that of one coadd. NIRI's FILTER3 holds pupil masks, grisms and blanks
    besides filters; F2 tells the effective FILTER; NIFS has one FILTER."""

    name = "Gemini infrared"
    coadds = "COADDS"
    temperatures = ("DETTEMP", "TEMP_CH6", "TEMP_CH8")

    def filter(self):
        one = self.h.text("FILTER")
        allowed = lists(self.h.text(k) for k in ("GRATING", "GRISM", "FILTER3", "FILTER1", "FILTER2"))
        if one and one.lower() not in ("open", "unknown"):
            return [([one], allowed)]
        lit = [self.h.text(k) for k in self.wheels + ("FILTER3",) if self.lit(self.h.text(k))
               and not re.search("pupil|grism" if k != "FILTER3" else "pupil|grism|blank", self.h.text(k), re.I)]
        light = [w for w in lit if w.lower() != "blank"]
        third = self.h.text("FILTER3")
        clear = [(["CLEAR"], allowed)] if not lit else []
        return ([(light, allowed + lit)] if light else [(lit, allowed)] if lit else []) + clear + [([third], allowed),
                                                                                                   None] * (not light)

    def dettemp(self):
        """F2's coldhead sensors near the detector are no temperature of the detector itself."""
        value = self.h.number("DETTEMP")
        if value is not None and 0 < value < 100:
            return [value - 273.15]
        return [None]


class Nifs(GeminiCoadds):
    """An integral-field spectrograph: the WCS is of the field that is cut from the image; CRPIX is no pixel of it."""

    name = "Gemini NIFS"

    def position(self):
        out = super().position()
        x, y = self.h.number("CRVAL1"), self.h.number("CRVAL2")
        if self.frame() in ("AZEL_TOPO", "NO VALUE"):
            return [icrs(x, y, None, "")] if out and x is not None and y is not None else []
        return out


class Niri(GeminiCoadds):
    """UT, TIME and TIME-OBS are the beginning; temperatures are in A_TDETAB and the like (K)."""

    name = "Gemini NIRI"

    def dettemp(self):
        value = self.h.number("A_TDETAB")
        return [None] + ([value - 273.15] if value else [])


class Flamingos(Gemini):
    """UTCDATE and UTC of the telescope; DATE-OBS may be the date of the end of the night. RA_TEL, DEC_TEL in
    TARGFRM."""

    name = "Gemini FLAMINGOS"
    dates = ("UTCDATE", "DATE-OBS")
    clocks = ("UTC",)
    times = ("EXP_TIME",)
    filters = ("FILTER",)
    places = (("RA_TEL", "DEC_TEL"), ("RA_BASE", "DEC_BASE"))

    def frame(self):
        return ""

    def position(self):
        return Rules.position(self)

    def filter(self):
        text = self.h.text("FILTER")
        return [([text], lists([self.h.text("GRISM")]))] if text else [None]

    def type(self):
        text = self.h.text("OBS_TYPE")
        out = lists([type_of_word(text or "")])
        if (self.h.text("GRISM") or "") == "true_dark":
            return ["dark"]
        name = (self.h.text("OBJECT") or "").lower()
        return out + ["flat"] * ("flat" in name) + [None] * ("arc" in name)

    def dettemp(self):
        value = self.h.number("ARRAYTEM", "TEMP_DET", "DETTEMP")
        return [None] + ([value, value - 273.15] if value else [])


class Hrwfs(Gemini):
    """UTSTART has date and time. The first headers (2001) give RA in hours without saying so; they have no WCS."""

    name = "Gemini hrwfs"

    def obstime(self):
        t, full = moment(self.h, "UTSTART")
        exact = moment(self.h, "DATE-OBS", "TIME-OBS")[0]
        return lists([exact, t])

    def position(self):
        ra, dec = self.h.number("RA"), self.h.number("DEC")
        if ra is not None and 0 < ra < 24 and (self.h.text("DATE-OBS") or "") < "2002":
            return [icrs(ra * 15, dec, self.equinox(), self.frame())]
        return super().position()


class Trecs(Gemini):
    """A cube of nods; OBJTIME is the time on source, ELAPSED counts chopping too; two filter wheels."""

    name = "Gemini TReCS"
    times = ("OBJTIME", "EXPTIME")

    def ccds(self):
        """One array; the extensions are nods."""
        n = super().ccds()[0]
        return [min(n, 1), n]

    def obstime(self):
        """Each nod has its UTSTART, the primary that of the first."""
        return lists(super().obstime() + [moment(self.hdus[0], "DATE-OBS", "UTSTART")[0]])

    def dettemp(self):
        return [None, ANY]


class Graces(Gemini):
    """ESPaDOnS's CCD at Gemini: SHUTOPEN is the start; RA and DEC in degrees, as texts; spectra only."""

    name = "Gemini GRACES"
    temperatures = ("DETTEM",)

    def obstime(self):
        t, _ = moment(self.h, "SHUTOPEN")
        return [t] if t is not None else super().obstime()

    def filter(self):
        return [None]


class Speckle(Gemini):
    """Alopeke and Zorro: UTC is that of the end; EXPSTART counts seconds since 1970 UTC (its comment says TAI, but it
    agrees with UTC and the file's name to the second). EXPTIME is of one frame of the cube, EXPOSURE of all. CRVAL1 is
    DEC at times."""

    name = "Gemini Alopeke/Zorro"
    times = ("EXPOSURE",)

    def obstime(self):
        h = self.h
        start, end, exposure = h.number("EXPSTART"), h.number("EXPENDTM"), h.number("EXPOSURE") or 0
        by_clock = unix(day_of(h.get("DATE-OBS")),
                        clock_of(h.get("UTC"))) if h.has("DATE-OBS") and clock_of(h.get("UTC")) is not None else None
        out = [start, end - exposure if end else None, by_clock - exposure if by_clock else None]
        return lists(out)

    def filter(self):
        text = self.h.text("FILTER")
        return [([text], [])] + ([None] if text and text.lower() == "clear" else []) if text else [None]

    def position(self):
        return Rules.position(self)

    temperatures = ("CCDTEMP",)


class Cirpass(Gemini):
    """DATE_OBS ("sequence started") is of the instrument's computer, whose clock is off by seconds to an hour, the same
    for exposures of 12 s and of 1800 s; UTC_DATE and UTC are the telescope's, and MJD agrees with them. TARG_RA in
    degrees as texts. OBS_TYPE tells the type; OBSTYPE is "unknown". FILTER is "test"; two wheels tell more."""

    name = "Gemini CIRPASS"
    times = ("INT_TIME", "EXP_TIME")
    places = (("TEL_RA", "TEL_DEC"), ("TARG_RA", "TARG_DEC"))

    def obstime(self):
        h = self.h
        by_clock = unix(day_of(h.get("UTC_DATE")),
                        clock_of(h.get("UTC"))) if h.text("UTC_DATE") and h.text("UTC") else None
        return lists([by_clock]) or lists([moment(h, "DATE_OBS")[0]])

    def ccds(self):
        """Loops of reading one array; each extension is one of them."""
        n = super().ccds()[0]
        return [min(n, 1), n]

    def frame(self):
        return ""

    def position(self):
        return Rules.position(self)

    def filter(self):
        lit = [self.h.text(k) for k in self.wheels if self.lit(self.h.text(k))]
        return [(lit, ["test"])] * bool(lit) + [(["test"], []), None]


class Phoenix(Gemini):
    """UTDATE and UT of Gemini; IMAGETYP; RA in hours as text; EXPTIME "usual" and COADDS; FILT_POS "4308 (6)"."""

    name = "Gemini PHOENIX"
    dates = ("UTDATE",)
    clocks = ("UT",)
    coadds = "COADDS"

    def position(self):
        return Rules.position(self)

    def frame(self):
        return ""

    def filter(self):
        text = self.h.text("FILT_POS")
        return [([text], []), ([text.split()[0]], []), None] if text else [None]

    def dettemp(self):
        return [None, ANY]


class Texes(Gemini):
    """FILTER is the wheel's angle, no name. OBSTIME is the computed time on the sky, SUMTIME what was summed."""

    name = "Gemini TEXES"
    temperatures = ()

    def ccds(self):
        """One array; the extensions are frames of a nod or a scan."""
        n = super().ccds()[0]
        return [min(n, 1), n]

    def exptime(self):
        return lists([self.h.number("OBSTIME"), self.h.number("SUMTIME"), self.h.number("TOTTIME")]) + [None]

    def filter(self):
        return [None, ANY]

    def position(self):
        return Rules.position(self)

    def frame(self):
        return ""

    def dettemp(self):
        return [None]


class Igrins(Gemini):
    """DATE-OBS full; TELRA, TELDEC where the telescope points (J2000); BAND is H or K; OBJTYPE the type; temperatures
    in K."""

    name = "Gemini IGRINS"
    places = (("TELRA", "TELDEC"),)
    filters = ("BAND",)
    temperatures = ("TEMP-DET",)

    def position(self):
        return Rules.position(self)

    def frame(self):
        return ""

    def equinox(self):
        return self.h.number("TELEPOCH")

    def filter(self):
        return Rules.filter(self)

    def type(self):
        text = (self.h.text("OBJTYPE") or "").lower()
        return {"tar": ["object"], "std": ["object"], "sky": ["object", None]}.get(text) or lists([type_of_word(text)])


class Ghost(Gemini):
    """DATE-OBS and UTSTART; EXPTIME -1 is unknown."""

    name = "Gemini GHOST"

    def filter(self):
        return Rules.filter(self) + [None]


class Cfht(Rules):
    """UTC-OBS is when the telescope control answered, SHUTOPEN (with a date) and TIME-OBS when the shutter of ESPaDOnS
    and SITELLE opened: the exposure lasts from that. 1970-00-01 is unknown. GAPPT: a place of date. FILTER NONE,
    Unknown, filter_name are no filters. Detrends of Elixir know their type and filter, not a time."""

    name = "CFHT"
    dates = ("DATE-OBS", "DATEOBS")
    clocks = ("UTC-OBS", "TIME-OBS", "UTIME")
    places = (("RA", "DEC"), ("RA_DEG", "DEC_DEG"))
    temperatures = ("DETTEM", "CCDTEMP", "DETTEMP", "CCDTEM")

    def obstime(self):
        if self.h.text("DATE-OB1"):  # four exposures of a polarimetric sequence
            return lists([moment(self.h, "DATE-OB1", k)[0] for k in ("TIME-OB1", "UTC-OBS1")])
        t, _ = moment(self.h, "SHUTOPEN") if isinstance(self.h.get("SHUTOPEN"), str) else (None, False)
        shutter = moment(self.h, "DATE-OBS",
                         "TIME-OBS")[0] if clock_of(self.h.get("TIME-OBS")) else None  # 0:00:00: it stayed shut
        if "first image" in self.h.comment("DATE"):  # SPIRou's guider
            return lists([moment(self.h, "DATE")[0]])
        if self.h.text("DATE-OBS", "DATEOBS") is None and t is None:
            return [u for u in [self.by_days()] if u] + [unix(day_of(self.h.get("DATE1"))) if self.h.text("DATE1")
                                                         else None]
        return lists([t, shutter] + super().obstime())

    def exptime(self):
        parts = [self.h.number("EXPTIME%d" % i) for i in (1, 2, 3, 4)]
        if not self.h.has("EXPTIME") and parts[0]:
            return [sum(p for p in parts if p), parts[0]]
        axes = self.h.axes()
        if (self.h.text("ETYPE") or "") == "GUIDE" and self.h.number("ETIME"):  # "Integration time per image (ms)"
            one = self.h.number("ETIME") / 1000
            return [one * (axes[2] if len(axes) == 3 else 1), one, None]
        if not self.h.has("EXPTIME") and self.h.number("MJDEND") and self.h.number("MJD-OBS"):
            return [None, (self.h.number("MJDEND") - self.h.number("MJD-OBS")) * 86400]
        one, steps = self.h.number("EXPTIME"), self.h.number("STEPNB")
        if one and steps and len(self.h.axes()) != 2:  # a cube of SITELLE: EXPTIME is of a step
            return [one * steps, one]
        if one and len(axes) == 3 and axes[2] > 1:  # a cube of WIRCam: EXPTIME is of a slice
            return [one, one * axes[2]]
        return super().exptime()

    def airmass(self):
        return super().airmass() or lists([self.h.number("AIRMASS1")])

    def ccds(self):
        """SPIRou's one array: ramps (slope, intercept, errors, reads) and spectra (flux, wave, blaze of fibres) are one
        row."""
        n = super().ccds()[0]
        return [min(n, 1)] if (self.h.text("INSTRUME") or "") == "SPIRou" else [n]

    def type(self):
        word = (self.h.text("OBSTYPE", "ETYPE") or "").lower()
        known = {"trace": [None], "comparison": [None], "guide": [None], "align": [None], "dim": [None],
                 "focus": [None]}
        if not word and self.h.has("TARGETR"):  # what SITELLE's pipeline makes of a cube
            return [None, "object"]
        return known.get(word) or super().type()

    def position(self):
        """WIRCam's chips have their own RA and DEC, and the telescope's in RA_DEG and DEC_DEG."""
        out = []
        for h in {id(self.hdus[0]): self.hdus[0], id(self.h): self.h}.values():
            for ra_key, dec_key in self.places:
                ra, dec = angle(h, ra_key, True), angle(h, dec_key, False)
                if ra is not None and dec is not None and (ra, dec) != (0, 0) and abs(dec) <= 90:
                    out.append(icrs(ra, dec, self.equinox(), (self.h.text("RADECSYS", "RADESYS") or "").upper()))
        ra, dec = angle(self.h, "TARGETR", True), angle(self.h, "TARGETD", False)
        if not out and ra and dec is not None:
            out.append(icrs(ra, dec, 2000.0, "FK5"))
        centre = wcs_centre(self.h)
        out = [p for p in out if p]
        return out + ([centre] if centre and (not out or self.h.has("TARGETR")) else [])

    def frame(self):
        return (self.h.text("RADECSYS", "RADESYS") or "").upper()

    def dettemp(self):
        return super().dettemp() or [None, ANY]


class Dao(Rules):
    """RA and DEC of date (EQUINOX 2017.5), where the telescope was; the 1.2-m parks at a declination beyond the pole:
    no place. Spectrographs: EMFILTER is the exposure meter's, OSFILTER the order sorter. A comparison is an arc."""

    name = "DAO"
    filters = ("FILTER",)
    extra = ("GRATING", "OSFILTER")

    def filter(self):
        text = self.h.text("FILTER")
        osf = self.h.text("OSFILTER")
        if text:
            return [([text], [])]
        lit = [osf] if self.lit(osf) else []
        return [(lit, [self.h.text("GRATING") or "-"]), None] if lit else [None]

    def position(self):
        dec = angle(self.h, "DEC", False)
        if dec is not None and abs(dec) > 90:
            return []
        return super().position()


class Omm(Rules):
    """CPAPIR at OMM and CTIO: DATE-OBS is universal, DATE local; UT the middle or the end; TEXP asked for a coadd,
    T_TOT in all; MJDATE is JD - 2400000 whatever its name. RA in degrees, RATXT as text; zeros are unknown."""

    name = "OMM CPAPIR"
    places = (("RA", "DEC"), ("RATXT", "DECTXT"))

    def obstime(self):
        """The first image of a stack is at MJD_STAR ("first exposure"), a Julian date less 2400000 or an MJD."""
        t, _ = moment(self.h, "DATE-OBS")
        first = self.h.number("MJD_STAR")
        near = [u for u in (of_mjd(first - 0.5), of_mjd(first)) if t and abs(u - t) < 40000] if first else []
        return lists(near + [t])

    def exptime(self):
        """TEFF is per coadd, or the total of a stack, as its comment says; TEXP is what was asked for."""
        h = self.h
        one, total = h.number("TEFF"), h.number("T_TOT")
        if one and "total" in h.comment("TEFF").lower():
            return [one]
        return lists([total, one * (h.number("NCOA") or 1) if one else None]) or lists([h.number("TEXP", "EXPTIME")])

    def dettemp(self):
        value = self.h.number("T3")  # Kelvin; "Detecteur", in some years "Nitrogen"
        return [value - 273.15] if value and "etect" in self.h.comment("T3") else []

    def filter(self):
        return Rules.filter(self) + [None] * ((self.h.text("FILTER") or "").lower() == "dark")

    def type(self):
        """The name of the object is the only thing that tells."""
        name = (self.h.text("OBJECT") or "").lower()
        if not name:
            return [None, ANY]
        if "flat" in name:
            return ["flat", None, "dark"]
        if "dark" in name:
            return ["dark", None]
        if "bias" in name:
            return ["bias", None]
        return ["object", None]


class Neossat(Rules):
    """DATE-OBS full UTC; SHUTTER "1 (closed)" makes a dark; temperatures in K and C."""

    name = "NEOSSat"
    temperatures = ("CCD-TEMP", "TEMP_CCD")
    times = ("AEXPTIME", "EXPOSURE")
    instruments = ("INSTRUME", "DETECTOR")

    def type(self):
        shutter = (self.h.text("SHUTTER") or "").lower()
        name = (self.h.text("OBJECT") or "").lower()
        return ["dark"] if "closed" in shutter or name == "dark" else ["object", None]

    def filter(self):
        return [None, (["CLEAR"], [])]


class Ukirt(Rules):
    """DATE-OBS ends in Z; CGS4 and IRCAM have IDATE and RUTSTART in hours. EXP_TIME is of one exposure, NEXP of them;
    EXPOSED and DEXPTIME*NEXP are totals. RABASE in hours is the zero-point of offsets (RAOFF or TRAOFF, arcsec on the
    sky) that the telescope has moved since; only UIST's WCS and MEANRA hold the sum. Temperatures in K."""

    name = "UKIRT"
    temperatures = ("DET_TEMP",)
    filters = ("FILTER",)
    places = (("RABASE", "DECBASE"),)

    def obstime(self):
        h = self.h
        t, full = moment(h, "DATE-OBS")
        if full:
            return [t]
        day, hours = day_of(h.get("IDATE") or h.get("UTDATE") or ""), h.number("RUTSTART", "UTSTART")
        return [unix(day, hours * 3600)] if day and hours is not None else []

    def exptime(self):
        h = self.h
        total = h.number("EXPOSED")
        if total:
            return [total]
        one = h.number("EXP_TIME", "DEXPTIME")
        return [one * (h.number("NEXP") or 1)] if one is not None else []

    def filter(self):
        text = self.h.text("FILTER")
        wheels = [self.h.text(k) for k in ("FILTER1", "FILTER2") if self.lit(self.h.text(k))]
        allowed = lists([self.h.text("GRISM"), self.h.text("GRATNAME"), self.h.text("GRATING"), self.h.text("FILTERS")])
        return [([text], wheels + allowed), (wheels, allowed)] if text else Rules.filter(self)

    def position(self):
        """The offsets are added here; a WCS that wcslib can read is as right."""
        out = super().position()
        for place in out:
            dec = place.dec + (self.h.number("DECOFF", "TDECOFF") or 0) / 3600
            east = (self.h.number("RAOFF", "TRAOFF") or 0) / 3600 / math.cos(math.radians(place.dec))
            place.ra, place.dec = (place.ra + east) % 360, dec
        centre = wcs_centre(self.h)
        return out + ([centre] if centre else [])

    def type(self):
        return [type_of_word(self.h.text("OBSTYPE") or "")] if self.h.text("OBSTYPE") else super().type()

    def airmass(self):
        return super().airmass()


class Jcmt(Rules):
    """DATE-OBS UTC start; SCUBA has UTDATE 2004:3:12 and UTSTART. Positions are BASEC1, BASEC2 in degrees of TRACKSYS,
    or text of LONG, LAT. EXP_TIME of SCUBA is of a basic measurement."""

    name = "JCMT"
    temperatures = ()

    def position(self):
        h = self.h
        if (h.text("TRACKSYS") or "").upper() in ("J2000", "ICRS") and h.number("BASEC1") is not None:
            return [icrs(h.number("BASEC1"), h.number("BASEC2"), 2000.0, "FK5"), None]
        return [None, ANY]

    def exptime(self):
        return lists([self.h.number("EXP_TIME"), self.h.number("INT_TIME")]) + [None, ANY]

    def type(self):
        word = (self.h.text("OBS_TYPE", "SAM_MODE") or "").lower()
        return ["object"] if word == "science" else [None, ANY]

    def filter(self):
        text = self.h.text("FILTER")
        return [([text], [])] if text else [None]

    def dettemp(self):
        return [None, ANY]


class Lsst(Rules):
    """A clock that was not set says 1970-01-01. All times are TAI, whether TIMESYS says so or not (early files have
    none: then UTC is what the standard says). RA, DEC and RATEL, DECTEL are degrees; zeros and None are unknown.
    IMGTYPE; TESTTYPE is the plan, not the type. The flat field projector of the laboratory has a colour filter and a
    neutral density filter (FILTER2), and the light passes both."""

    name = "LSST"
    places = (("RA", "DEC"), ("RATEL", "DECTEL"), ("RA_DEG", "DEC_DEG"), ("RASTART", "DECSTART"))
    temperatures = ("CCDTEMP",)

    def obstime(self):
        h = self.h
        for name in ("DATE-BEG", "DATE-OBS"):
            day = day_of(h.get(name)) if h.text(name) else None
            if day and day != (1970, 1, 1):
                seconds = clock_of(h.get(name)) or 0
                stated = h.text("TIMESYS")
                if stated and stated.upper() != "TAI":
                    return [unix(day, seconds, scale_of(h, name))]
                return [unix(day, seconds, "tai")] + ([] if stated else [unix(day, seconds)])
        mjd = h.number("MJD-BEG", "MJD-OBS", "TAI")
        return [of_mjd(mjd, "tai")] if mjd and mjd > 41000 else []

    def position(self):
        """Flats of ImSim have a telescope and a WCS that know nothing of each other. Where the clock was not set, RASTART
        contradicts AZSTART and ELSTART (az 0, el 80 is declination -20 there, not -61), and RA is in radians or zero:
        the place is not known."""
        if day_of(self.h.get("DATE-BEG") or "") == (1970, 1, 1):
            return []
        out, centre = super().position(), wcs_centre(self.h)
        return out + [centre] * bool(centre and out and self.h.text("TESTTYPE") == "IMSIM"
                                     and abs(centre.dec - out[0].dec) > 3)

    def type(self):
        word = (self.h.text("IMGTYPE", "OBSTYPE") or "").lower()
        if word == "skyexp" and self.h.number("EXPTIME") == 0:  # ImSim has no word for the bias that this makes
            return ["bias"]
        if word in ("engtest", "acq", "cwfs", "focus", "stuttered", "spot", "ppump"):
            return [None] + ["object"] * (word in ("engtest", "acq", "cwfs", "stuttered", "focus"))
        return lists([type_of_word(word)]) or ([None, ANY] if word else [None, ANY] if self.h.text("TESTTYPE") else [])

    def filter(self):
        text = self.h.text("FILTER")
        grating = self.h.text("GRATING")
        allowed = [grating] if self.lit(grating) else []
        if self.lit(text):
            return [([text] + [x for x in [self.h.text("FILTER2")] if self.lit(x)], allowed)]
        out = [(["CLEAR"], allowed)] * bool(text) + [(allowed, [])] * bool(allowed)
        return out + [([text], allowed)] * bool(text and text.lower() not in ("unknown", "none")) + [None]

    def airmass(self):
        """AMSTART, AMEND of the start and the end; the mean of them is as right."""
        a, b, mean = self.h.number("AMSTART"), self.h.number("AMEND"), self.h.number("AIRMASS")
        return [x for x in lists([mean, a, (a + b) / 2 if a and b else None]) if x >= 0.99]


class LsstProduct(Rules):
    """Products of the LSST pipelines of other cameras: TIMESYS TAI was added and holds for DATE-AVG only; cards of the
    observatory keep UTC, as their comments say. DATE-OBS may be gone: OPENSHUT, or the middle less half of the
    exposure."""

    name = "LSST pipeline"

    def obstime(self):
        h = self.h
        out = []
        for clock in ("UTC-OBS", "TIME-OBS"):
            if h.text("DATE-OBS") and h.text(clock):
                day = day_of(h.get("DATE-OBS"))
                out.append(unix(day, clock_of(h.get(clock))))
        if h.text("OPENSHUT"):
            out.append(unix(day_of(h.get("OPENSHUT")), clock_of(h.get("OPENSHUT"))))
        exposure = h.number("EXPTIME", "EXPREQ", "EXPMEAS")
        if h.text("DATE-AVG") and exposure:
            out.append(unix(day_of(h.get("DATE-AVG")), clock_of(h.get("DATE-AVG")), "tai") - exposure / 2)
        return out

    times = ("EXPTIME", "EXPMEAS", "EXPREQ")

    def exptime(self):
        return lists(self.h.number(k) for k in self.times)


class Euclid(Rules):
    """MER mosaics of many exposures: no time; FILTER is the instrument's band; EXPTIME the sum where told; WCS
    positions."""

    name = "Euclid"

    def ccds(self):
        """Grids of PSFs and models of the background are images to some."""
        return [super().ccds()[0], 0]

    def type(self):
        return [None, ANY]

    def obstime(self):
        return []

    def instrument(self):
        return ANY


class Stack(Rules):
    """Stacks by SWarp (MegaPipe, CFHTLS, Suprime-Cam): MJD-OBS "at start" where there is one, of the first image; else
    DATE1, a day. EXPTIME is the largest of a pixel. Position by the WCS. ORIGIN is a computer."""

    name = "stacks"

    def obstime(self):
        t = self.by_days()
        day = unix(day_of(self.h.get("DATE1"))) if self.h.text("DATE1") else None
        # An MJD without a fraction is a day: midnight is what is known.
        return lists([t, day])

    def type(self):
        return [None, ANY]

    def object(self):
        text = self.h.text("OBJECT")
        return [text, None] if text else []

    def filter(self):
        return Rules.filter(self)


class Suprime(Rules):
    """UT-STR is the start, UT a typical time; DATE-OBS a day. FILTER01 is the filter."""

    name = "Subaru"
    clocks = ("UT-STR", "UT")
    times = ("EXPTIME",)
    temperatures = ("DET-TMP", "T_DET", "DET-TEMP")

    def type(self):
        return super().type() or [None, ANY]

    def airmass(self):
        return lists(super().airmass() + [self.h.number("SECZ-STR")])

    def dettemp(self):
        return super().dettemp() or [None, ANY]


class Solar(Rules):
    """Telescopes that look at the Sun: no RA and DEC (helioprojective or Carrington coordinates). The filter is a
    filter's name or else the wavelength. DATE-BEG is the start where DATE-OBS is a reference; T_OBS in TAI. A map from
    many images has T_START."""

    name = "Sun"
    dates = ("DATE-BEG", "DATE_OBS", "DATE-OBS")
    places = ()
    temperatures = ()

    def obstime(self):
        h = self.h
        if h.text("T_START"):
            return lists([self.tai("T_START"), self.tai("T_OBS"), None])
        if h.text("STARTOBS"):
            return lists([moment(h, "STARTOBS")[0], moment(h, "DATE_OBS")[0]])
        if moment(h, "MAPTIME")[0] is not None:  # ADAPT
            return [moment(h, "MAPTIME")[0], None]
        out = super().obstime()
        if not out and h.text("T_OBS"):
            out = [self.tai("T_OBS"), self.tai("T_REC"), None]
        for other in ("DATE-OBS", "DATE_OBS"):
            if other in ("DATE-OBS", "DATE_OBS") and not h.text("DATE-BEG"):
                t, full = moment(h, other)
                out += [t] * bool(full)
        if h.text("DATE-OBS") and "GPS" in h.comment("DATE-OBS") and out:
            out += [out[0] - 18]
        return out

    def tai(self, name):
        day, seconds = day_of(self.h.get(name) or ""), clock_of(self.h.get(name))
        return unix(day, seconds, "tai") if day and seconds is not None else None

    def exptime(self):
        h = self.h
        one = h.number("XPOSURE", "EXPTIME", "SHT_MDUR")
        out = lists([one, h.number("EXPTIME"), h.number("SHT_MDUR"), one * h.number("NUMSUM") if one
                     and h.number("NUMSUM") else None,
                     (h.number("MEAS_EXP") or 0) / 1000 or None])
        if h.text("INSTRUME") == "SXT":
            return out + [None]
        return out or [None, ANY]

    def filter(self):
        text, wave = self.h.text("FILTER"), self.h.text("WAVELNTH")
        wave = wave or self.h.text("WAVE_LEN")  # TRACE
        if self.h.text("FTR_NAME"):  # SUIT
            return [([self.h.text("FTR_NAME")], []), ([wave], [])]
        wheels = [self.h.text(k) for k in ("EC_FW1_", "EC_FW2_") if self.h.text(k)]
        if wheels:  # XRT
            return [([w for w in wheels if self.lit(w)], []), None]
        if self.h.text("WAVE", "TDESC1"):  # SOT, IRIS
            return [([self.h.text("WAVE", "TDESC1")], []), ([self.h.text("TWAVE1")], []), None]
        wave = None if wave == "0" else wave
        if self.h.text("FILTERID"):
            return [([self.h.text("FILTERID")], []), ([wave], []), None]
        clear = text is None or not self.lit(text)
        out = [([text], [wave or "-"])] * (not clear) + [([wave], [text or "-"])] * bool(wave)
        return out + [([text], [])] * bool(text) + [None] * bool(clear)

    def type(self):
        return [None, "object"]

    def position(self):
        """The K-coronagraph tells where in the sky the Sun was; SECCHI has a celestial WCS "A"."""
        if (self.h.text("CTYPE1A") or "").startswith("RA") and self.h.number("CRVAL1A") is not None:
            return [icrs(self.h.number("CRVAL1A"), self.h.number("CRVAL2A"), None, ""), None]
        ra, dec = angle(self.h, "SOLAR_RA", False), angle(self.h, "SOLARDEC", False)
        return [icrs(ra, dec, None, ""), None] if ra and dec is not None else []

    def object(self):
        return super().object() + [None]

    def dettemp(self):
        """CCDTEMP of EIT is DN/100, those of XRT and SXT are raw; SECCHI tells Celsius."""
        if self.h.text("INSTRUME") in ("XRT", "SXT", "EIT") or "DN" in self.h.comment("CCDTEMP"):
            celsius = [t for t in (self.h.number("CFTEMP"), self.h.number("CCDTEMP")) if t is not None and t < -20]
            return lists([self.h.number("CCD_TMPC")] + celsius) + [None]
        value = self.h.number("TEMP_CCD")
        return [value, None] if value is not None else [None, ANY]

    def airmass(self):
        return []


class Gong(Solar):
    """RA and DEC of the Sun in radians; times of magnetograms are GPS (UTC + 18 s in 2017 and later)."""

    name = "Sun GONG"
    places = (("RA", "DEC"),)

    def position(self):
        ra, dec = angle(self.h, "RA", True), angle(self.h, "DEC", False)
        if ra is None or "radian" not in self.h.comment("RA").lower():
            if ra is None:
                return []
            ra, dec = ra * 180 / 3.14159265358979, dec * 180 / 3.14159265358979
        return [icrs(ra, dec, None, ""), icrs(ra, dec, None, "FK5"), None]

    def airmass(self):
        return Rules.airmass(self)


class Hst(Rules):
    """TDATEOBS and TTIMEOBS are the target's; DATE-OBS and TIME-OBS the start, also EXPSTART (MJD) in the extension;
    times are UTC. OBSTYPE is IMAGING or SPECTROSCOPIC, IMAGETYP of the primary EXT, BIAS, DARK, FLAT. Wheels FILTER1
    and FILTER2, CLEARs out."""

    name = "HST"
    places = (("RA_TARG", "DEC_TARG"), ("RA_APER", "DEC_APER"), ("RA_OBJ", "DEC_OBJ"), ("TARGRA", "TARGDEC"))

    def obstime(self):
        h = self.h
        return lists([moment(h, "DATE-OBS", "TIME-OBS")[0], moment(h, "TDATEOBS", "TTIMEOBS")[0],
                      of_mjd(h.number("EXPSTART") or 0)])

    def type(self):
        word = (self.h.text("IMAGETYP") or "").lower()
        if word == "ext":
            return ["object"]
        return lists([type_of_word(word)]) or [None, ANY]

    def object(self):
        text = self.h.text("TARGNAME", "OBJECT")
        return [text] if text else []

    def position(self):
        out = super().position()
        centre = wcs_centre(self.h)
        return out + ([centre] if centre and out else [centre] if centre else [])

    def dettemp(self):
        """WFPC2: the cold junction of the camera's cooler."""
        value = self.h.number("UCH%dCJTM" % (self.h.number("DETECTOR") or 0))
        return super().dettemp() or lists([value]) + [None]

    def ccds(self):
        """Reference files (no exposure) are images to some, and none to others."""
        n = super().ccds()[0]
        return [n] + [0] * (not self.h.has("DATE-OBS", "EXPTIME", "EXPSTART"))


class Xmm(Rules):
    """TIMESYS TT is of the event times; DATE-OBS and DATE-END of the exposure say UTC in their comments. RA_PNT is the
    pointing, RA_NOM the plan, RA_OBJ the target."""

    name = "XMM"
    places = (("RA_PNT", "DEC_PNT"), ("RA_OBJ", "DEC_OBJ"))

    def exptime(self):
        start, end = moment(self.h, "DATE-OBS")[0], moment(self.h, "DATE-END")[0]
        return super().exptime() or ([end - start] if start and end else [])

    def type(self):
        return [None, "object"]


class Spitzer(Rules):
    """IRAC has no filter wheel: the channel is the band."""

    name = "Spitzer"

    def filter(self):
        return [None, ANY]


class Sdss(Rules):
    """Drift scan: TAI and TAIHMS of the start, in TAI; RA and DEC are of the field's centre."""

    name = "SDSS"

    def obstime(self):
        h = self.h
        if h.text("DATE-OBS") and h.text("TAIHMS"):
            return lists([unix(day_of(h.get("DATE-OBS")), clock_of(h.get("TAIHMS")), "tai"),
                          of_mjd(h.number("TAI") / 86400, "tai") if h.number("TAI") else None])
        return []


class EsoOld(Rules):
    """IHAP, BASIC UX and MIDAS of ESO: TM-START in seconds of the day; MJD-OBS of MIDAS is JD - 2400000, half a day late.
    RA and DEC in degrees, apparent ("Tel. apparent pos."), so of date. Infrared: EXPTIME is DIT, one of NDIT
    integrations; TM-END shows that all were made. EMMI's red filter wheel is OPTI-7. IHAP writes two INSTRUME: the
    system "which created this file", then "Instrument used". Its exposure type stayed SCI through the calibrations: FF
    is a flat field, and the archive's DPR CATG agrees."""

    name = "ESO before 1999"
    filters = ("ESO INS FILTER", "ESO INS OPTI-7 NAME")

    def instrument(self):
        return [self.h.all_of("INSTRUME")[-1]]

    def exptime(self):
        one, n = self.h.number("ESO DET DIT"), self.h.number("ESO DET NDIT")
        return [one * n] if one and n else super().exptime()

    def type(self):
        if (self.h.text("OBJECT") or "").startswith("FF "):
            return ["flat"]
        return super().type() or lists([type_of_word(self.h.text("ESO GEN TYPE") or "")])

    def dettemp(self):
        kelvin = self.h.number("ESO DET TEMPMEAN")
        return [kelvin - 273.15] if kelvin else super().dettemp()

    def obstime(self):
        day, seconds = day_of(self.h.get("DATE-OBS") or ""), self.h.number("TM-START")
        return [unix(day, seconds)] if day and seconds is not None else super().obstime()

    def position(self):
        out, day = super().position(), day_of(self.h.get("DATE-OBS") or "")
        if out and day and self.h.has("RA") and not self.equinox():
            out = [icrs(self.h.number("RA"), self.h.number("DEC"), day[0] + (day[1] - 0.5) / 12, "GAPPT")] + out
        return out


class MidasZeros(Rules):
    """MIDAS fills the descriptors O_POS and O_TIME with zeros when it was told nothing: 01/01/00, second 0, exposure 0."""

    name = "MIDAS without a time"

    def obstime(self):
        return []

    def exptime(self):
        return []


class Decam(Rules):
    """Cutouts of DECam images keep FPA and no INSTRUME; RA_EXP and DEC_EXP are "Transfered from RA": the telescope.
    InstCal is the pipeline's word for a calibrated exposure of the sky."""

    name = "DECam"
    places = (("RA", "DEC"), ("RA_EXP", "DEC_EXP"))

    def type(self):
        cutout = self.h.text("PROCTYPE") == "InstCal" and self.h.text("PRODTYPE") == "image"
        return super().type() or ["object"] * cutout


class Panoptes(Rules):
    """RA-MNT, DEC-MNT in degrees: where the mount points, a degree from what the solved image shows."""

    name = "PANOPTES"

    def position(self):
        centre = wcs_centre(self.h)
        return super().position() + [centre] * bool(centre)


class Timmi2(Rules):
    """DATE-OBS says 04:24:40, UTC ("UT at start", seconds) and MJD-OBS 05:33:58; RA 1117.786 is no angle. OPTI4 is the
    wheel of filters, as its comment says."""

    name = "ESO TIMMI2"
    filters = ("ESO INS OPTI4 NAME",)

    def obstime(self):
        day, seconds = day_of(self.h.get("DATE-OBS") or ""), self.h.number("UTC")
        return ([unix(day, seconds)] if day and seconds else []) + super().obstime()


class Ptf(Rules):
    """OBJRA, OBJDEC: the field that was asked for (J2000). TELRA, TELDEC: where the telescope points, apparent of date,
    though EQUINOX (of the WCS) says 2000. Eleven chips of a mosaic: each has its WCS. Three chips have a sensor; that
    on CCD09 is the one that the cooling is regulated by."""

    name = "PTF"

    def dettemp(self):
        kelvin = self.h.number("CCD9TEMP")
        return [kelvin - 273.15] if kelvin and "servo" in self.h.comment("CCD9TEMP") else super().dettemp()

    def position(self):
        h, day = self.h, day_of(self.h.get("DATE-OBS") or "")
        out = [icrs(angle(h, "TELRA", True), angle(h, "TELDEC", False), day[0] + (day[1] - 0.5) / 12, "GAPPT"),
               icrs(angle(h, "OBJRA", True), angle(h, "OBJDEC", False), 2000.0, "FK5"), wcs_centre(h)]
        return [p for p in out if p]


class Plate(Rules):
    """Scanned plates: day/month/year of this or the last century, times in minutes, position of the plate centre in
    EQUINOX of the plate; the WCS of the Schmidt plates is of the Guide Star Catalog. The letter of the plate's label is
    the survey's, and each survey had one emulsion and one glass: SERC J, Quick V, POSS E. A survey's plate shows the
    sky."""

    name = "plates"
    times = ("EXPOSURE",)
    surveys = {"J": ("IIIaJ", "GG395"), "V": ("IIaD", "GG495"), "E": ("103aE", "plexi")}

    def filter(self):
        emulsion = self.surveys.get((self.h.text("PLTLABEL") or " ")[0])
        return [(["+".join(emulsion)], [])] if emulsion else super().filter()

    def type(self):
        return ["object"] if self.h.text("PLTLABEL") else super().type()


FAMILIES = (
    (r"GMOS", Gmos), (r"\|(F2|GNIRS|GSAOI)\|", GeminiCoadds), (r"\|NIFS\|", Nifs), (r"\|NIRI\|", Niri),
    (r"FLAMINGOS", Flamingos), (r"hrwfs", Hrwfs), (r"TReCS", Trecs), (r"GRACES", Graces), (r"Alopeke|Zorro", Speckle),
    (r"CIRPASS", Cirpass), (r"PHOENIX", Phoenix), (r"TEXES", Texes), (r"IGRINS", Igrins), (r"\|GHOST\|", Ghost),
    (r"Gemini", Gemini),
    (r"CPAPIR", Omm), (r"NEOSSat", Neossat), (r"UKIRT", Ukirt), (r"JCMT", Jcmt),
    (r"McKellar|Cassegrain Spectro|Newtonian Imager|^1\.[28]-m", Dao),
    (r"LSST|LATISS|ComCam|COMCAM|comCam|lsstCam|Simonyi|IMSIM", Lsst),
    (r"sdcit-prod|altecspace", Euclid),
    (r"NSO-GONG", Gong),
    (r"SOHO|SDO|STEREO|SECCHI|HINODE|TRACE|IRIS|GOES|PUNCH|ASO-S|PROBA2|Yohkoh|COSMO|Extreme-ultra|RHESSI", Solar),
    (r"Subaru|SuprimeCam|Hyper Suprime", Suprime),
    (r"^HST|STSDAS|\|(ACS|WFC3|STIS|NICMOS|WFPC2|FOS|HRS)\|", Hst),
    (r"^XMM", Xmm), (r"Spitzer|SIRTF", Spitzer),
    (r"\|SDSS$|2\.5m", Sdss), (r"Schmidt|CASB", Plate), (r"PTF", Ptf), (r"PANOPTES", Panoptes), (r"TIMMI2", Timmi2),
    (r"CFHT|MegaPrime|WIRCam|ESPaDOnS|SITELLE|SPIRou|MegaCam", Cfht),
)


def family_of(h, hdus):
    """The rules' class of a header."""
    where = "|".join((h.text(k) or "") for k in ("TELESCOP", "INSTRUME", "DETECTOR", "ORIGIN"))
    author = h.text("SOFTNAME") or h.text("SOFTWARE") or ""
    if author.lower().startswith("swarp") and not re.search("sdcit", where):
        return Stack
    if h.comment("DATE-AVG").startswith("TAI") and not re.search("LSST|LATISS|Simonyi", where):
        return LsstProduct
    if h.number("TM-START") and re.search("ESO|LA SILLA", where) and "Schmidt" not in where:
        return EsoOld
    if "MIDAS desc" in h.comment("TM-START") and h.text("DATE-OBS") == "01/01/00" and h.number("TM-START") == 0:
        return MidasZeros
    if (h.text("FPA") or "").startswith("DECAM"):
        return Decam
    if h.has("LSST_NUM") or h.has("RAFTNAME") or h.has("RAFTBAY") or re.match("lsst_", h.text("OUTFILE") or ""):
        return Lsst
    if (h.text("CTYPE1") or "").upper().startswith(("HPLN", "SOLAR", "CRLN", "HGLN", "LONG")):
        return Solar
    for pattern, rules in FAMILIES:
        if re.search(pattern, where):
            return rules
    if (h.text("DETECTOR") or "").lower() == "megacam" or h.has("TVSTART"):
        return Cfht
    return Rules
