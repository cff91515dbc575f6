# The date grammar against Python's datetime and astropy.time: thousands of random moments in generated spellings.
# Python knows no year 0; that one is tested in date_test.cc.
import calendar
import datetime as dt
import os
import random
import subprocess
import sys

from astropy.time import Time

TOOL = os.path.join(sys.argv[2], "..", "tests", "date_tool")
random.seed(20030127)
EPOCH = dt.datetime(1970, 1, 1)
SEPARATORS = "/-:,;_|~!@#$%^&*=<>()[]{}'\"`?\\"
lines, checks = [], []


def ask(line, check):
    lines.append(line)
    checks.append(check)


def near(expected, tolerance):
    def check(answer):
        word, _, value = answer.partition(" ")
        return word == "ok" and abs(float(value) - expected) <= tolerance
    check.__doc__ = "ok %.6f" % expected
    return check


def is_text(expected):
    def check(answer):
        return answer == expected
    check.__doc__ = expected
    return check


def is_error(column):
    def check(answer):
        return answer.startswith("error ") and ": column %d: " % column in answer
    check.__doc__ = "error at column %d" % column
    return check


def parse(text, check, now=0.0, tz=0.0, reference="-"):
    ask("parse\t%r\t%r\t%s\t%s" % (now, tz, reference, text), check)


def seconds(moment):
    delta = moment - EPOCH
    return delta.days * 86400 + delta.seconds + delta.microseconds / 1e6


def random_moment(first=1, last=9999):
    year = random.randint(first, last)
    month = random.randint(1, 12)
    day = random.randint(1, calendar.monthrange(year, month)[1])
    return dt.datetime(year, month, day, random.randint(0, 23), random.randint(0, 59), random.randint(0, 59),
                       random.randint(0, 999) * 1000)


# [yy]yy/mm/dd,hh:mm:ss[.fff]: any separators, fields dropped from the right, one digit or two.
for _ in range(8000):
    m = random_moment()
    fields = random.randint(1, 6)
    parts = [m.year, m.month, m.day, m.hour, m.minute, m.second][:fields]
    default = [None, 1, 1, 0, 0, 0]
    whole = dt.datetime(*(parts + default[fields:]))
    two = fields >= 1 and 1950 <= m.year <= 2049 and random.random() < 0.5
    text = "%02d" % (m.year % 100) if two else "%04d" % m.year
    clock_separator = None
    for i, part in enumerate(parts[1:], 1):
        separator = random.choice(SEPARATORS)
        if i == 5 and clock_separator == ":" and separator in "+-":
            separator = ":"  # there it would be a zone
        if i == 4:
            clock_separator = separator
        text += separator + (random.choice(["%02d", "%d"]) % part)
    expected = seconds(whole)
    if fields == 6 and random.random() < 0.5:
        text += ".%03d" % (m.microsecond // 1000)
        expected += m.microsecond / 1e6
    tz = random.choice([0, 0, -10, 5.5, 14])
    expected -= tz * 3600
    if -62135596800 < expected < 253402300800:
        parse(text, near(expected, 1e-4 if abs(expected) > 1e10 else 1e-6), tz=tz)

# Two digits: the century rule, in every year.
for yy in range(100):
    parse("%02d" % yy, near(seconds(dt.datetime(2000 + yy if yy < 50 else 1900 + yy, 1, 1)), 0))

# ISO 8601 as Python reads it, offsets in three spellings, basic format; a tz setting does not move them.
for _ in range(3000):
    m = random_moment(2, 9998)
    hours, minutes = random.randint(0, 14), random.choice([0, 30, 45])
    sign = random.choice("+-")
    kind = random.randint(0, 3)
    if kind == 0:
        zone, delta = random.choice("Zz"), 0
    elif kind == 1:
        zone, delta = "%s%02d" % (sign, hours), hours * 3600
    else:
        zone, delta = "%s%02d%s%02d" % (sign, hours, ":" if kind == 2 else "", minutes), hours * 3600 + minutes * 60
    expected = seconds(m) - (-delta if sign == "-" else delta)
    if random.random() < 0.3:
        text = m.strftime("%Y").zfill(4) + m.strftime("%m%dT%H%M%S") + ".%03d" % (m.microsecond // 1000)
    else:
        text = m.isoformat(sep=random.choice("Tt"), timespec="milliseconds")
        if random.random() < 0.2:
            text = text.replace(".", ",")
    parse(text + zone, near(expected, 1e-4), tz=random.choice([0, 7]))
    back = m.isoformat(timespec="milliseconds").rstrip("0").rstrip(".") if m.microsecond else m.isoformat()
    ask("iso\t%r\t-1\t0" % seconds(m) if abs(seconds(m)) < 1e10 else "elixir\t%r\t0" % (seconds(m) // 1),
        is_text(back + "Z" if abs(seconds(m)) < 1e10 else m.strftime("%Y").zfill(4) + m.strftime("/%m/%d,%H:%M:%S")))

# Nonsense fields: the column is that of the field.
for _ in range(2000):
    m = random_moment()
    field = random.randint(1, 5)
    parts = [m.year, m.month, m.day, m.hour, m.minute, m.second]
    bad = {1: [0, 13, 99], 2: [0, calendar.monthrange(m.year, m.month)[1] + 1, 32, 77], 3: [25, 99], 4: [60, 99], 5: [61, 99]}
    parts[field] = random.choice(bad[field])
    column = [1, 6, 9, 12, 15, 18][field]
    parse("%04d/%02d/%02d,%02d:%02d:%02d" % tuple(parts), is_error(column))

# Julian dates with many digits, against astropy's two doubles (in TAI: days of 86400 seconds, as POSIX has them).
days = [(random.randint(20000, 70000), "".join(random.choices("0123456789", k=random.randint(1, 11)))) for _ in range(2000)]
fractions = [float("0." + digits) for _, digits in days]
origin = Time(2440587.5, 0.0, format="jd", scale="tai")
by_mjd = (Time([float(day) for day, _ in days], fractions, format="mjd", scale="tai") - origin).sec
by_jd = (Time([2400000.0 + day for day, _ in days], fractions, format="jd", scale="tai") - origin).sec
for (day, digits), from_mjd, from_jd in zip(days, by_mjd, by_jd):
    parse("%d.%sJ" % (day, digits), near(from_mjd, 1e-6), tz=-3)
    parse("%s%d.%s" % (random.choice(["mjd", "MJD", "Mjd"]), day, digits), near(from_mjd, 1e-6))
    parse("24%05d.%sj" % (day, digits), near(from_jd, 1e-6))
    parse("%s24%05d.%s" % (random.choice(["jd", "JD", "jD"]), day, digits), near(from_jd, 1e-6), tz=8)


def months_later(m, count):
    index = m.year * 12 + m.month - 1 + count
    year, month = divmod(index, 12)
    if not 1 <= year <= 9999:
        return None
    return m.replace(year=year, month=month + 1, day=min(m.day, calendar.monthrange(year, month + 1)[1]))


# Number + unit: from 1970, from a reference, and as a range.
UNITS = {"s": 1, "S": 1, "m": 60, "h": 3600, "H": 3600, "d": 86400, "D": 86400}
for _ in range(3000):
    m = random_moment(1900, 2100).replace(microsecond=0)
    unit = random.choice("sSmhHdDMyY")
    sign = random.choice(["", "+", "-"])
    factor = -1 if sign == "-" else 1
    if unit in "MyY":
        count = random.randint(0, 300 if unit == "M" else 99)
        later = months_later(m, factor * count * (1 if unit == "M" else 12))
        since = months_later(EPOCH, factor * count * (1 if unit == "M" else 12))
        amount = str(count)
        expected, plain = seconds(later), seconds(since)
    else:
        amount = random.choice(["%d", "%.3f"]) % random.uniform(0, 20000)
        plain = factor * float(amount) * UNITS[unit]
        expected = seconds(m) + plain
    word = sign + amount + unit
    ask("move\t%r\t%s" % (seconds(m), word), near(expected, 1e-5))
    parse(word, near(plain, 1e-5), tz=3)
    parse(word, near(expected, 1e-5), reference=repr(seconds(m)))

# NOW and TODAY in zones.
for _ in range(500):
    m = random_moment(1950, 2100)
    now = seconds(m)
    tz = random.choice([0, -10, 5.5])
    local = m + dt.timedelta(hours=tz)
    midnight = seconds(local.replace(hour=0, minute=0, second=0, microsecond=0)) - tz * 3600
    parse(random.choice(["NOW", "now", "Now"]), near(now, 0), now=now, tz=tz)
    today = random.choice(["TODAY", "today", "ToDay"])
    parse(today, near(midnight, 0), now=now, tz=tz)
    h, mi, s = random.randint(0, 23), random.randint(0, 59), random.randint(0, 59)
    parse("%s,%02d" % (today, h), near(midnight + h * 3600, 0), now=now, tz=tz)
    parse("%s,%d:%02d" % (today, h, mi), near(midnight + h * 3600 + mi * 60, 0), now=now, tz=tz)
    parse("%s,%d:%02d:%d" % (today, h, mi, s), near(midnight + h * 3600 + mi * 60 + s, 0), now=now, tz=tz)

# Formats: zones, fixed decimals, floor for Elixir; microseconds of datetime are exact near 1970.
for _ in range(4000):
    m = random_moment(1800, 2200).replace(microsecond=random.choice([0, 500, 999499, 999500, 999999, 1, 123456]))
    zone = random.choice([0, 90, -600, 345])
    shifted = m + dt.timedelta(minutes=zone)
    mark = "Z" if zone == 0 else "%s%02d:%02d" % ("-" if zone < 0 else "+", abs(zone) // 60, abs(zone) % 60)
    ask("elixir\t%r\t%r" % (seconds(m), zone / 60), is_text(shifted.strftime("%Y/%m/%d,%H:%M:%S")))
    rounded = shifted + dt.timedelta(microseconds=500)
    if m.microsecond % 1000 != 500:  # a tie, which the double may not hold
        ask("iso\t%r\t3\t%r" % (seconds(m), zone / 60), is_text(rounded.isoformat(timespec="milliseconds") + mark))
        rounded = shifted + dt.timedelta(microseconds=500000)
        ask("iso\t%r\t0\t%r" % (seconds(m), zone / 60), is_text(rounded.isoformat(timespec="seconds") + mark))

answers = subprocess.run([TOOL], input="\n".join(lines) + "\n", capture_output=True, text=True, check=True).stdout.split("\n")
assert len(answers) == len(lines) + 1, (len(answers), len(lines))
bad = 0
for line, check, answer in zip(lines, checks, answers):
    if not check(answer):
        bad += 1
        if bad <= 20:
            print("%r\n  expected %s\n  got      %s" % (line, check.__doc__, answer))
print("%d questions, %d wrong answers" % (len(lines), bad))
sys.exit(1 if bad or len(lines) < 30000 else 0)
