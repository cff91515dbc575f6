# Order, limits, groups and aggregates against SQLite, over a table that astropy writes: nothing of imreg makes the data
# or the answers.
import math
import os
import random
import sqlite3
import subprocess
import sys
import tempfile

try:
    import numpy
    from astropy.table import Table
except ImportError as missing:
    print("skipped:", missing)
    sys.exit(77)

programs = sys.argv[2]
tool = os.path.join(os.path.dirname(os.path.abspath(programs)), "tests", "query_tool")
ROWS, QUESTIONS = 3000, 400
random.seed(1962)


def make(path):
    """The table as a FITS file, and in SQLite, where NULL is what FITS has as NaN or an empty text."""
    def some(values, gaps):
        return [random.choice(values) if random.random() > gaps else None for _ in range(ROWS)]
    columns = {
        "a": some([i / 8 for i in range(-40, 40)], 0.1), "b": some([-1e300, -2.5, 0.0, 7.125, 1e-300, 3e200], 0.2),
        "i": some(range(-5, 6), 0), "k": some([-2**62, 0, 5, 2**62, 2**62 + 1], 0),
        "t": some(["r", "R", "i", "Ha", "hA", "z.MP", "z"], 0.1), "u": some(["n%03d" % i for i in range(700)], 0),
    }
    nan = float("nan")
    Table({
        "a": numpy.array([nan if v is None else v for v in columns["a"]], "f4"),
        "b": numpy.array([nan if v is None else v for v in columns["b"]], "f8"),
        "i": numpy.array(columns["i"], "i2"), "k": numpy.array(columns["k"], "i8"),
        "t": numpy.array([v or "" for v in columns["t"]], "S6"), "u": numpy.array(columns["u"], "S5"),
    }).write(path, format="fits")
    base = sqlite3.connect(":memory:")
    base.execute("create table x (n integer primary key, a real, b real, i integer, k integer, t text, u text)")
    base.executemany("insert into x values (?, ?, ?, ?, ?, ?, ?)", zip(range(ROWS), *columns.values()))
    return base


def median(values):
    values = sorted(v for v in values if v is not None)
    return None if not values else (values[(len(values) - 1) // 2] + values[len(values) // 2]) / 2


class Median:
    def __init__(self):
        self.values = []

    def step(self, value):
        self.values.append(value)

    def finalize(self):
        return median(self.values)


def order(keys):
    """Unknown last in both directions; texts without case, then by bytes; rows that agree in file order."""
    out = []
    for name, down in keys:
        out.append(f"{name} is null")
        out += [f"{e} {'desc' if down else 'asc'}" for e in ([f"lower({name})", name] if name in "tu" else [name])]
    return ", ".join(out)


def question():
    """A question to imreg, and the same in SQL."""
    between = "i between -2 and 3 and a is not null"
    where, sql = random.choice([("", "1"), ("a > 1.5", "a > 1.5"), (between, between), ("t = 'r'", "lower(t) = 'r'"),
                                ("b < 0 or k >= 5", "b < 0 or k >= 5"), ("a > 1000", "0")])
    asked = {"where": where} if where else {}
    if random.random() < 0.5:
        keys = [(name, random.random() < 0.5) for name in random.sample("abiktu", random.randint(1, 3))]
        asked["sort"] = ",".join(("-" if down else "") + name for name, down in keys)
        limit, offset = random.choice([0, 1, 10, 5000]), random.choice([0, 0, 3, 4000])
        asked.update(limit=limit, offset=offset)
        return asked, (f"select a, b, i, k, t, u from x where {sql} order by {order(keys)}, n "
                       f"limit {limit or -1} offset {offset}")
    keys = random.sample("aiktu", random.randint(1, 2))
    functions = random.sample(["count", "count(a)", "min(a)", "max(b)", "max(k)", "min(u)", "sum(i)", "mean(a)",
                               "median(a)", "median(i)"], 4)
    asked["group"], asked["aggregates"] = ",".join(keys), ",".join(functions)
    spoken = ["count(*)" if f == "count" else f.replace("mean(", "avg(") for f in functions]
    return asked, (f"select {', '.join(keys + spoken)} from x where {sql} group by {', '.join(keys)} "
                   f"order by {order([(k, False) for k in keys])}")


def same(text, value):
    if value is None or text == "":
        return (value is None or value == "") and text == ""
    if isinstance(value, str):
        return text == value
    if isinstance(value, int):
        return int(text) == value
    return math.isclose(float(text), value, rel_tol=1e-12, abs_tol=1e-12)


with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "x.fits")
    base = make(path)
    base.create_aggregate("median", 1, Median)
    questions = [question() for _ in range(QUESTIONS)]
    lines = "".join("\t".join(f"{k}={v}" for k, v in asked.items()) + "\n" for asked, _ in questions)
    done = subprocess.run([tool, path], input=lines, capture_output=True, text=True, timeout=300)
    if done.returncode != 0:
        sys.exit(done.stderr)
    answers, rows, given = [], [], 0
    for line in done.stdout.split("\n")[:-1]:
        if line == "." or line.startswith("!"):
            answers.append(line if line != "." else rows)
            rows = []
        else:
            rows.append([part.split("=", 1)[1] for part in line.split("\t")])
    bad = 0 if len(answers) == QUESTIONS else 1
    for (asked, sql), answer in zip(questions, answers):
        expected = base.execute(sql).fetchall()
        given += len(expected)
        if isinstance(answer, str) or len(answer) != len(expected) or not all(
                len(a) == len(e) and all(map(same, a, e)) for a, e in zip(answer, expected)):
            bad += 1
            if bad < 4:
                wrong = [(a, e) for a, e in zip(answer, expected) if not all(map(same, a, e))][:2]
                print(f"{asked}\n{sql}\nimreg {len(answer)} rows, SQLite {len(expected)}; {wrong or answer[:80]}")
    print(f"SQLite: {QUESTIONS} questions, {given} rows, {bad} faults")
    sys.exit(1 if bad or given < 10000 else 0)
