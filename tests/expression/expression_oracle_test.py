# The language of -where against SQLite: random records in both, random expressions of a typed grammar, the same text in both
# (or its translation where imreg differs on purpose, below), answers compared record by record: values, yes, no and unknown.
# The tool also holds the conjuncts of each condition against its truth.
#
# Translations (why: man/imreg-expression.7, DIFFERENCES FROM SQL): whole numbers get ".0", because 7/2 is 3.5 here; & and the
# functions that count give integers there; % is mod(); == on texts is COLLATE BINARY; GLOB is made case-blind; a text that
# becomes empty is unknown; dates, units, bare code words, night-sky functions are spelt out.
import math
import os
import random
import re
import sqlite3
import subprocess
import sys
import tempfile

source, programs = sys.argv[1], sys.argv[2]
tool = os.path.join(os.path.dirname(os.path.abspath(programs)), "tests", "expression_tool")
COUNT = int(os.environ.get("IMREG_ORACLE", "20000"))
ROWS, WINDOW = 3000, 120
rng = random.Random(20030127)

TYPES = ["none", "object", "dark", "bias", "flat", "mask"]
MODES = ["none", "MEF", "SPLIT", "SINGLE"]
FILTERS = ["r", "i", "g", "R", "Ha.off", "u z", "a_b", "50%", "Ré", "[x]*"]
OBJECTS = ["M31", "m31", "NGC 1", "SA 95", "Deep 2", "O'Neil", "ngc 1", "é", "flat", "*"]
NAMES = ["600020o.fits", "600021f.fits", "58a*o.fits", "w/wNN.fits", "600020O.FITS", "x"]
NUMBERS = ["ra", "dec", "bias", "filesize", "exptime", "slice", "fwhm", "sky", "ccd", "flag"]
TEXTS = ["filename", "filter", "object", "pathname"]


# --- records: (what the tool gets, what SQLite gets), in the order of the fields of the tool's schema
def number(low, high, step, unknown=0.15, stored=("",)):
    if rng.random() < unknown:
        return rng.choice(stored), None
    value = rng.randint(int(low / step), int(high / step)) * step
    return repr(float(value)), float(value)


def whole(low, high, zero_unknown=False):
    value = rng.randint(low, high)
    return str(value), None if zero_unknown and value == 0 else float(value)


def text(words):
    value = None if rng.random() < 0.12 else rng.choice(words)
    return value or "", value


def word(words):
    code = rng.randrange(len(words) + 1)  # one code has no word
    return str(code), words[code] if code < len(words) else str(code)


def flag():
    value = rng.randint(0, 1)
    return str(value), value


def time():
    if rng.random() < 0.1:
        return "", None
    value = rng.choice([rng.randint(0, 2**31), 1043680800 + rng.randint(-3, 3) * 43200, 1043625600])
    return str(value), float(value)


def big():
    value = rng.choice([2**53, 2**62, -(2**60), 0, 5]) + rng.randint(-2, 2)
    return str(value), value


COLUMNS = [("obstime", time), ("ra", lambda: number(0, 360, 0.25)), ("dec", lambda: number(-90, 90, 0.5)),
           ("bias", lambda: number(-1, 3, 0.5, 0.2, ("", "0", "-1"))), ("filesize", lambda: whole(0, 6, True)), ("changeno", big),
           ("exptime", lambda: number(0, 8, 0.125)), ("slice", lambda: whole(-3, 3)), ("mode", lambda: word(MODES)),
           ("fwhm", lambda: number(-1, 4, 0.25)), ("sky", lambda: number(1, 5, 0.5, 0.2, ("", "0", "-1"))),
           ("t0", lambda: number(-1, 5, 0.5)), ("t1", lambda: number(-1, 5, 0.5)), ("t2", lambda: number(-1, 5, 0.5)),
           ("t3", lambda: number(-1, 5, 0.5)), ("ccd", lambda: whole(-2, 9)), ("type", lambda: word(TYPES)),
           ("flag", lambda: whole(0, 7)), ("deleted", flag), ("filename", lambda: text(NAMES)), ("filter", lambda: text(FILTERS)),
           ("object", lambda: text(OBJECTS)), ("pathname", lambda: text(["/data/a", "/data/b", "/DATA/a"]))]


def record():
    cells = [make() for _, make in COLUMNS]
    for i, (name, _) in enumerate(COLUMNS):  # 0 and -1 of Elixir's statistics are not known, however they came about
        if name in ("bias", "sky") and cells[i][1] in (0.0, -1.0):
            cells[i] = (cells[i][0], None)
    return cells


# --- expressions: pairs (ours, SQLite's)
def case(word):
    return rng.choice([word, word, word.upper(), word.capitalize()])


def literal(value):
    shown = repr(value)
    if value == int(value) and rng.random() < 0.7:
        shown = str(int(value))
    if value < 0:
        return f"({shown})", f"({float(value)!r})"
    return shown, repr(float(value))


def quoted(value):
    doubled = value.replace("'", "''")
    mine = f'"{value}"' if rng.random() < 0.3 and value not in ("flat", "x") else f"'{doubled}'"
    return mine, f"'{doubled}'"


def join(sign, a, b, parentheses=0.5):
    pair = f"{a[0]} {sign} {b[0]}", f"{a[1]} {sign} {b[1]}"
    return wrap(pair) if rng.random() < parentheses else pair


def wrap(pair):
    return f"({pair[0]})", f"({pair[1]})"


def call(name, *arguments, theirs=None):
    return (f"{case(name)}({', '.join(a[0] for a in arguments)})",
            f"{theirs or name}({', '.join(a[1] for a in arguments)})")


def num(depth):
    kind = rng.random()
    if depth <= 0 or kind < 0.25:
        if rng.random() < 0.25:
            return literal(rng.choice([0, 1, 2, 3, 5, 0.5, 1.25, 100, -1, 4]))
        if rng.random() < 0.1:
            i = rng.randrange(4)
            return rng.choice([f"teltemp[{i}]", f"TELTEMP{i}"]), f"t{i}"
        name = rng.choice(NUMBERS)
        return (case(name) if rng.random() < 0.9 else f"`{name}`"), name
    if kind < 0.55:
        return join(rng.choice("+-*/"), num(depth - 1), num(depth - 1))
    if kind < 0.60:
        a, b = num(depth - 1), num(depth - 1)
        return f"(({a[0]}) % ({b[0]}))", f"mod({a[1]}, {b[1]})"
    if kind < 0.65:
        a = wrap(num(depth - 1))
        return f"- {a[0]}", f"- {a[1]}"
    if kind < 0.69:
        a, b = wrap(num(depth - 1)), wrap(num(depth - 1))
        sign = rng.choice("&|")
        return f"({a[0]} {sign} {b[0]})", f"(1.0 * ({a[1]} {sign} {b[1]}))"
    if kind < 0.76:
        return call(rng.choice(["abs", "sqrt", "floor", "ceil", "ln", "log10", "log", "exp", "sin", "cos", "round", "degrees", "radians", "sign",
                                "trunc"]), num(depth - 1))
    if kind < 0.80:
        return call(rng.choice(["min", "max"]), num(depth - 1), num(depth - 1), num(depth - 1))
    if kind < 0.85:
        return call(rng.choice(["coalesce", "ifnull", "nullif"]), num(depth - 1), num(depth - 1))
    if kind < 0.90:
        a = txt(depth - 1)
        if rng.random() < 0.5:
            return call("length", a)[0], f"(1.0 * nullif(length({a[1]}), 0))"
        b = txt(depth - 1)
        return call("instr", a, b)[0], f"(1.0 * instr(lower({a[1]}), lower({b[1]})))"
    if kind < 0.94:
        part, format_ = rng.choice([("year", "%Y"), ("month", "%m"), ("day", "%d"), ("hour", "%H"), ("minute", "%M"), ("second", "%S")])
        return f"{case(part)}(obstime)", f"cast(strftime('{format_}', obstime, 'unixepoch') as real)"
    return choice(depth, num)


def choice(depth, make):
    parts = [(cond(depth - 1), make(depth - 1)) for _ in range(rng.randint(1, 2))]
    otherwise = make(depth - 1) if rng.random() < 0.6 else None
    both = []
    for i in range(2):
        shown = "case" + "".join(f" when {c[i]} then {r[i]}" for c, r in parts)
        both.append(shown + (f" else {otherwise[i]}" if otherwise else "") + " end")
    return wrap(tuple(both))


def txt(depth):
    kind = rng.random()
    if depth <= 0 or kind < 0.5:
        if rng.random() < 0.2:
            return quoted(rng.choice(FILTERS + OBJECTS + NAMES))
        name = rng.choice(TEXTS + ["type", "mode"])
        return ("`object`" if name == "object" else case(name)), name  # beside a type, the bare word is one of its words
    if kind < 0.62:
        return call(rng.choice(["lower", "upper"]), txt(depth - 1))
    if kind < 0.75:
        a, b, c = txt(depth - 1), literal(rng.randint(-4, 5)), literal(rng.randint(-2, 4))
        mine, theirs = call(rng.choice(["substr", "substring"]), a, b, *([c] if rng.random() < 0.6 else []))
        return mine, f"nullif({theirs}, '')"
    if kind < 0.82:
        a, b = txt(depth - 1), txt(depth - 1)
        return call("concat", a, b)[0], f"nullif(ifnull({a[1]}, '') || ifnull({b[1]}, ''), '')"
    if kind < 0.9:
        return call("coalesce", txt(depth - 1), txt(depth - 1))
    return choice(depth, txt)


DATES = [("2003-01-27", 1043625600), ("2003/01/27,12:00", 1043668800), ("2003-01-27T12:00:00Z", 1043668800), ("mjd52666.5", 1043668800),
         ("52666.5J", 1043668800), ("2003-01", 1041379200), ("2003", 1041379200), ("'2003-01-27 12:00:00'", 1043668800), ("now", 1044631201.25),
         ("timestamp '2003-01-27'", 1043625600), ("20030127T1200", 1043668800)]


def tim(depth):
    kind = rng.random()
    if depth <= 0 or kind < 0.5:
        return case("obstime"), "obstime"
    if kind < 0.7:
        days = rng.randint(1, 400)
        unit, seconds = rng.choice([("d", 86400), ("h", 3600), ("min", 60), ("days", 86400), ("s", 1), ("week", 604800)])
        sign = rng.choice("+-")
        return f"{rng.choice(['now', 'obstime'])} {sign} {days}{unit}".replace("now", "now()"), None, sign, days * seconds
    if kind < 0.85:
        return "date(obstime)", "cast(unixepoch(date(obstime, 'unixepoch')) as real)"
    return "night(obstime)", "cast(unixepoch(date(obstime - 43200.0, 'unixepoch')) as real)"


def time_pair(depth):
    made = tim(depth)
    if len(made) == 2:
        return made
    base = "1044631201.25" if made[0].startswith("now") else "obstime"
    return made[0], f"{base} {made[2]} {float(made[3])!r}"


def compare():
    return rng.choice(["=", "<>", "!=", "<", "<=", ">", ">="])


def cond(depth):
    kind = rng.random()
    if depth > 0 and kind < 0.34:
        sign, theirs = rng.choice([("and", "and"), ("or", "or"), ("AND", "and"), ("OR", "or"), ("&&", "and"), ("||", "or")])
        a, b = cond(depth - 1), cond(depth - 1)
        pair = f"{a[0]} {sign} {b[0]}", f"{a[1]} {theirs} {b[1]}"
        return wrap(pair) if rng.random() < 0.5 else pair
    if depth > 0 and kind < 0.42:
        a = cond(depth - 1)
        if rng.random() < 0.3:
            return f"!({a[0]})", f"(not ({a[1]}))"
        return f"not {a[0]}", f"not {a[1]}"
    if depth > 0 and kind < 0.46:
        a = wrap(cond(depth - 1))
        what = rng.choice(["null", "not null", "true", "false", "not true", "not false"])
        return f"({a[0]} is {what})", f"({a[1]} is {what})"
    if depth > 0 and kind < 0.48:
        a, b = wrap(cond(depth - 1)), wrap(cond(depth - 1))
        return join(rng.choice(["=", "<>"]), a, b, 1)
    negation = rng.choice(["", "", "not "])
    kind = rng.random()
    if kind < 0.25:
        a, b, sign = num(depth - 1), num(depth - 2), compare()
        if rng.random() < 0.6:
            name = rng.choice(NUMBERS)
            a, b = (name, name), literal(rng.choice([0, 1, 2, 3, 0.5, 2.5, -1, 4]))
            if rng.random() < 0.3:
                a, b = b, a
        return f"{a[0]} {sign} {b[0]}", f"{a[1]} {sign} {b[1]}"
    if kind < 0.27:  # the precedence of the signs for bits
        a, b = literal(rng.randint(0, 3)), literal(rng.randint(1, 4))
        shape, right = rng.choice(["flag & {} + {}", "flag | {} * {}", "{} + flag & {}", "flag & {} | {}", "{} << 1 + {}"]), literal(rng.randint(0, 7))
        sign = compare()
        return tuple(f"{shape.format(a[i], b[i])} {sign} {right[i]}" for i in range(2))
    if kind < 0.31:
        a, b, c = rng.choice([num(depth - 1), ("exptime", "exptime"), ("ccd", "ccd")]), num(depth - 2), num(depth - 2)
        if rng.random() < 0.6:
            b, c = literal(rng.randint(0, 4)), literal(rng.randint(0, 6))
        return f"{a[0]} {negation}between {b[0]} and {c[0]}", f"{a[1]} {negation}between {b[1]} and {c[1]}"
    if kind < 0.38:
        a = rng.choice([num(depth - 1), ("ccd", "ccd"), ("sky", "sky"), ("exptime", "exptime")])
        items = [rng.choice([literal(rng.randint(-1, 6)), literal(rng.randint(-1, 6)), num(0), ("null", "null")]) for _ in range(rng.randint(1, 4))]
        return tuple(f"{a[i]} {negation}in ({', '.join(x[i] for x in items)})" for i in range(2))
    if kind < 0.46:
        a, b, sign = txt(depth - 1), txt(depth - 2), compare()
        if rng.random() < 0.5:
            name = rng.choice(TEXTS)
            a, b = (name, name), quoted(rng.choice(FILTERS + OBJECTS))
        if rng.random() < 0.2:
            return f"{a[0]} == {b[0]}", f"({a[1]}) collate binary = {b[1]}"
        return f"{a[0]} {sign} {b[0]}", f"({a[1]}) collate nocase {sign} {b[1]}"  # SQLite lets the left side decide
    if kind < 0.52:
        name = rng.choice(["filter", "object"])
        items = [quoted(rng.choice(FILTERS + OBJECTS)) for _ in range(rng.choice([1, 2, 3, 12]))]
        return tuple(f"{name} {negation}in ({', '.join(x[i] for x in items)})" for i in range(2))
    if kind < 0.60:
        field, words = rng.choice([("type", TYPES), ("mode", MODES)])
        chosen = [rng.choice(words) for _ in range(rng.randint(1, 3))]
        mine = [rng.choice([case(w), f"'{w}'", f'"{w}"']) if w.lower() not in ("t", "f") else f"'{w}'" for w in chosen]
        theirs = [f"'{w}'" for w in chosen]
        if rng.random() < 0.5:
            sign = rng.choice(["=", "<>", "!="])
            return f"{field} {sign} {mine[0]}", f"{field} {sign} {theirs[0]} collate nocase"
        return f"{field} {negation}in ({', '.join(mine)})", f"{field} collate nocase {negation}in ({', '.join(theirs)})"
    if kind < 0.68:
        a = rng.choice([txt(depth - 1), ("filename", "filename"), ("filter", "filter"), ("object", "object")])
        pattern = rng.choice(["%", "6%", "%o.fits", "%00%", "_", "M__", "r%", "600020o.fits", "%!%", "a!_b", "a_b", "50!%", "%1", "é", "_é", "%*%", "[%"])
        escape = " escape '!'" if "!" in pattern else ""
        return tuple(f"{a[i]} {negation}{('like', 'like')[i]} '{pattern}'{escape}" for i in range(2))
    if kind < 0.74:
        a = rng.choice([txt(depth - 1), ("filename", "filename"), ("object", "object")])
        pattern = rng.choice(["*", "6*", "*o.fits", "60002[0-1]?.fits", "M??", "m31", "*[!0-9]", "58a[*]*", "[a-n]*"])
        theirs = pattern.replace("[!", "[^").lower()
        return f"{a[0]} {negation}glob '{pattern}'", f"lower({a[1]}) {negation}glob '{theirs}'"
    if kind < 0.79:
        a = rng.choice([txt(depth - 1), ("filename", "filename"), ("object", "object")])
        pattern = rng.choice(["^6", "o\\.fits$", "^m\\d+$", "a|b", "[0-9]{3}", "^$", "."])
        sign = rng.choice(["~", "!~", "regexp", "not regexp"])
        theirs = "not regexp" if sign in ("!~", "not regexp") else "regexp"
        return f"{a[0]} {sign} '{pattern}'", f"{a[1]} {theirs} '{pattern}'"
    if kind < 0.84:
        a = rng.choice([num(depth - 1), txt(depth - 1), ("sky", "sky"), ("filter", "filter"), ("obstime", "obstime")])
        mine, theirs = rng.choice([("is null", "is null"), ("is not null", "is not null"), ("isnull", "isnull"), ("notnull", "notnull")])
        return f"({a[0]}) {mine}", f"({a[1]}) {theirs}"
    if kind < 0.87:
        a, b = num(depth - 2), num(depth - 2)
        word_ = rng.choice(["is", "is not", "is distinct from", "is not distinct from"])
        return f"{a[0]} {word_} {b[0]}", f"{a[1]} {word_} {b[1]}"
    if kind < 0.94:
        date = rng.choice(DATES)
        sign, a = compare(), time_pair(depth)
        if rng.random() < 0.2:
            other = rng.choice(DATES)
            return f"{a[0]} {negation}between {date[0]} and {other[0]}", f"{a[1]} {negation}between {float(date[1])!r} and {float(other[1])!r}"
        return f"{a[0]} {sign} {date[0]}", f"{a[1]} {sign} {float(date[1])!r}"
    if kind < 0.97:
        shown = str(rng.choice([2**53, 2**62, -(2**60), 0, 5]) + rng.randint(-2, 2))
        sign = rng.choice(["=", "<>", "<", "<=", ">", ">="])
        return f"changeno {sign} {shown}", f"changeno {sign} {shown}"
    return rng.choice([("deleted", "deleted"), ("not deleted", "not deleted"), ("deleted = true", "deleted = true"), ("deleted = 0", "deleted = 0"),
                       ("deleted <> 'T'", "deleted <> 1"), ("deleted is false", "deleted is false")])


# --- both machines
def same(mine, theirs, kind):
    if theirs is None:
        return mine == ("unknown" if kind == "c" else "-")
    if kind == "c":
        return mine == ("yes" if theirs else "no")
    if kind == "n":
        if mine == "-":
            return False
        value = float(mine)
        return value == theirs or math.isclose(value, theirs, rel_tol=1e-12, abs_tol=1e-12)
    return mine == str(theirs)


def main():
    rows = [record() for _ in range(ROWS)]
    base = sqlite3.connect(":memory:")
    base.create_function("regexp", 2, lambda p, t: None if p is None or t is None else bool(re.search(p, t, re.I)), deterministic=True)
    kinds = {"type": "text", "mode": "text", "deleted": "integer", "changeno": "integer", **{t: "text" for t in TEXTS}}
    base.execute("create table t (" + ", ".join(f"{n} {kinds.get(n, 'real')} {'collate nocase' if kinds.get(n) == 'text' else ''}"
                                                for n, _ in COLUMNS) + ")")
    base.executemany(f"insert into t values ({', '.join('?' * len(COLUMNS))})", [[c[1] for c in row] for row in rows])
    questions = []
    with tempfile.TemporaryFile("w+", encoding="utf-8") as script:
        for row in rows:
            script.write("row\t" + "\t".join(c[0] for c in row) + "\n")
        for number_ in range(COUNT):
            kind = rng.choice("cccccnt")
            pair = {"c": cond, "n": num, "t": txt}[kind](rng.randint(1, 4))
            first = rng.randrange(ROWS - WINDOW)
            questions.append((kind, *pair, first))
            script.write(f"rows\t{first}\t{first + WINDOW}\nexpr\t{pair[0]}\n")
        script.seek(0)
        done = subprocess.run([tool], stdin=script, capture_output=True, encoding="utf-8", timeout=500)
    answers = done.stdout.split("\n")[:-1]
    bad, refused, counts = [], {}, {"yes": 0, "no": 0, "unknown": 0, "values": 0}
    if done.returncode != 0 or len(answers) != len(questions):
        print(done.stderr[-2000:])
        sys.exit(f"the tool ended with {done.returncode} after {len(answers)} of {len(questions)} answers")
    for (kind, mine, theirs, first), answer in zip(questions, answers):
        if " is never '" in answer:  # a text that is none of a field's words: an error here
            continue
        if answer.startswith("error"):
            refused[re.sub(r"^error column \d+: ", "", answer.split(" | ")[0])] = mine
            continue
        got = answer.split("\t")
        try:
            wanted = [r[0] for r in base.execute(f"select {theirs} from t where rowid > {first} and rowid <= {first + WINDOW} order by rowid")]
        except sqlite3.Error as error:
            bad.append(f"SQLite: {error}\n  {mine}\n  {theirs}")
            continue
        wrong = [i for i in range(WINDOW) if i >= len(got) or not same(got[i], wanted[i], kind)]
        for value in got:
            counts[value if kind == "c" and value in counts else "values"] += 1
        if wrong or len(got) != WINDOW:
            i = wrong[0] if wrong else 0
            shown = {n: rows[first + i][k][1] for k, (n, _) in enumerate(COLUMNS) if re.search(rf"\b{n}\b", theirs)}
            bad.append(f"{len(wrong)} records differ: {got[i] if i < len(got) else answer!r} here, {wanted[i]!r} in SQLite\n  {mine}\n  {theirs}\n  {shown}")
    for fault in bad[:12]:
        print(fault)
    for reason, mine in list(refused.items())[:12]:
        print(f"refused: {reason}: {mine}")
    print(f"{len(questions)} expressions, {counts}, {len(refused)} refused, {len(bad)} faults")
    sys.exit(1 if bad or refused or min(counts.values()) < COUNT else 0)


main()
