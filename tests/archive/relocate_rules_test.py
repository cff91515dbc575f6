#!/usr/bin/python3
"""The rules of imrelocate, random ones on random paths, against python's re, sed -E, and lists of components."""
import os, random, re, shutil, subprocess, sys

BIN = os.path.abspath(sys.argv[2])
TOOL = os.path.join(os.path.dirname(BIN), "tests", "rules_tool")
LONG = os.environ.get("IMREG_LONG") == "1"
rnd = random.Random(17)
bad = []


def ask(lines):
    out = subprocess.run([TOOL], input="".join(l + "\n" for l in lines).encode("utf-8", "surrogateescape"), capture_output=True)
    if out.returncode:
        sys.exit(f"rules_tool ends with {out.returncode}")
    return out.stdout.decode("utf-8", "surrogateescape").split("\n")[:-1]


PARTS = ["a", "ab", "b", "data", "piko", "x y", "é", "a.b", "\udcff", "a+b", "$A", "run1", "run12"]


def normal(path):
    """As a shell's cd would see it."""
    out = []
    for part in path.split("/"):
        if part == "..":
            out = out[:-1]
        elif part not in ("", "."):
            out.append(part)
    return "/" + "/".join(out)


def folder():
    return "/" + "/".join(rnd.choice(PARTS) for _ in range(rnd.randint(0, 4)))


# --- OLD NEW, against lists of components
lines, wanted = [], []
for _ in range(20000 if LONG else 4000):
    at, name = folder(), rnd.choice(PARTS) + ".fits"
    whole = [*filter(None, at.split("/")), name]
    old = "/" + "/".join(whole[:rnd.randint(0, len(whole))]) if rnd.random() < 0.6 else folder()
    new = folder()
    mess = lambda p: p.replace("/", rnd.choice(["/", "//", "/./", "/q/../"])) + rnd.choice(["", "/", "//", "/."])
    old_typed, new_typed = mess(old), mess(new)
    key, fresh = [*filter(None, old.split("/"))], [*filter(None, new.split("/"))]
    if old == new:
        continue
    # A rule's words stand with blanks between them; what has blanks itself cannot.
    if " " in old_typed + new_typed:
        continue
    lines.append(f"{old_typed} {new_typed}\t{at}\t{name}")
    if whole[:len(key)] != key:
        wanted.append("=")
    else:
        moved = fresh + whole[len(key):]
        wanted.append("/" + "/".join(moved) if moved else "!")
for line, got, want in zip(lines, ask(lines), wanted):
    if got != want and not (want == "!" and got.startswith("!")):
        bad.append(f"{line!r}: {got!r}, not {want!r}")
moved = sum(w != "=" for w in wanted)
print(f"{len(wanted)} pairs, {moved} of them move")
if moved < 500:
    bad.append("too few of the pairs move")

# --- substitutions, against python's re and sed
SED = shutil.which("sed")
ATOMS = ["a", "b", "run[0-9]+", "(a|ab)", "[^/]+", "(piko|data)", "/", ".", "x y", "(run)([0-9])", "\\.fits", "a\\+b", "[/.]", "(.)", "é"]
NEWS = ["", "Z", "&", "\\1", "/n/", "<&>", "\\&", "..", "\\\\", "q/\\1/r"]
lines, wanted, sed_rules = [], [], []
for _ in range(20000 if LONG else 4000):
    at, name = folder(), rnd.choice(PARTS) + ".fits"
    path = at.rstrip("/") + "/" + name
    if rnd.random() < 0.7:  # something that is there
        first = rnd.randrange(len(path))
        some = [rnd.choice([re.escape(c)] * 5 + [".", "(.)", "[^/]*"]) for c in path[first:first + rnd.randint(1, 8)] if c != "\udcff"]
        expression = rnd.choice(["", "", "", "(a|" + ".*)?"]) + "".join(some) or "a"
    else:
        expression = rnd.choice(["", "", "^", "^/"]) + "".join(rnd.choice(ATOMS) for _ in range(rnd.randint(1, 4))) + rnd.choice(["", "", "$"])
    new = "".join(rnd.choice(NEWS) for _ in range(rnd.randint(0, 3)))
    groups = re.compile(expression).groups
    if groups == 0:
        new = new.replace("\\1", "Y")
    flags, delimiter = "", rnd.choice("|#,!")
    if rnd.random() < 0.4:
        flags += "g"
    if rnd.random() < 0.2:
        flags += "i"
    if rnd.random() < 0.2 and "g" not in flags:
        flags += str(rnd.randint(1, 3))
    rule = f"s{delimiter}{expression}{delimiter}{new}{delimiter}{flags}"
    lines.append(f"{rule}\t{at}\t{name}")
    sed_rules.append((rule, path))
    # A path in UTF-8 has letters, any other has bytes.
    text, code = path.encode("utf-8", "surrogateescape"), expression.encode()
    letters = "\udcff" not in path
    which, count, behind = int(re.sub("[^0-9]", "", flags) or 0), 0, -1
    pattern = re.compile(expression if letters else code, re.S | (re.I if "i" in flags else 0))
    subject = path if letters else text

    def replaced(match):
        global count, behind
        if match.start() == match.end() == behind:  # as sed does, and python does not
            return match.group()
        behind = match.end()
        count += 1
        if which and count != which:
            return match.group()
        piece = lambda i: (match.group(i) or ("" if letters else b""))
        out = "" if letters else b""
        for token in re.findall(r"\\.|&|[^\\&]+", new, re.S):
            if token == "&":
                out += match.group()
            elif token == "\\1":
                out += piece(1)
            else:
                token = token[1:] if token[0] == "\\" else token
                out += token if letters else token.encode()
        return out

    made = pattern.sub(replaced, subject, count=0 if "g" in flags or which else 1)
    hit = count >= max(which, 1)
    made = made if letters else made.decode("utf-8", "surrogateescape")
    if not hit:
        wanted.append("=")
    elif not made.startswith("/") or normal(made) == "/":
        wanted.append("!")
    else:
        wanted.append(normal(made))
for line, got, want in zip(lines, ask(lines), wanted):
    if got != want and not (want == "!" and got.startswith("!")):
        bad.append(f"{line!r}: {got!r}, not {want!r}")
changed = sum(w not in "=!" for w in wanted)
print(f"{len(wanted)} substitutions, {changed} of them change a path")
if changed < 500:
    bad.append("too few of the substitutions change a path")
if SED:  # another implementation; alternatives are longest-first there, so expressions with | stay out
    same = 0
    for (rule, path), want in list(zip(sed_rules, wanted))[:400]:
        if "(a|ab)" in rule or want in "=!" or "\udcff" in path:
            continue
        out = subprocess.run([SED, "-E", rule], input=path, capture_output=True, text=True, env={**os.environ, "LC_ALL": "C.UTF-8"})
        if out.returncode:
            continue
        same += 1
        if normal(out.stdout.rstrip("\n")) != want:
            bad.append(f"sed {rule!r} {path!r}: {out.stdout!r}, and we {want!r}")
    print(f"{same} of them as sed does them")

# --- what makes no sense, and what people type
for rule, path, want in [
        ("s|^/data/(piko|niele)|/data/sessions|", "/data/niele\tx", "/data/sessions/x"),
        ("s|a*|x|g", "/b\tb", "!"), ("s/b/c/", "/b\tb", "/c/b"), ("s/b/c/2", "/b\tb", "/b/c"), ("s|[|]|c|", "/b\ta|b", "/b/acb"),
        ("/data/a /x", "/data/ab\tf", "="), ("/data/a /x", "/data/a\tf", "/x/f"), ("/ /x", "/data\tf", "/x/data/f"),
        ("/data/f /x/g", "/data\tf", "/x/g"), ("/data/a /", "/data/a/b\tf", "/b/f"), ("/data /", "/data\tf", "/f")]:
    got = ask([f"{rule}\t{path}"])[0]
    if got != want and not (want == "!" and got.startswith("!")):
        bad.append(f"{rule!r} {path!r}: {got!r}, not {want!r}")
for rule, words in [("s|(|b|", "closed"), ("s|a|\\1|", "group"), ("s|a|b|x", "flags"), ("s||b|", "empty"), ("s|(a)\\1|b|", "RE2"), ("s|(?=a)|b|", "RE2"),
                    ("s|((a{1,100}){1,100}){1,100}|b|", "RE2"), ("s|a", "three |"), ("a b", "relative"), ("/a", "OLD NEW"), ("/a /b /c", "OLD NEW"), ("/a /a/", "same"),
                    ("$X/a /b", "$X"), ("s|a|\\U|", "\\U"), ("s a b ", "no substitution"), ("/a b", "relative")]:
    got = ask([f"{rule}\t/a\tb"])[0]
    if not (got.startswith("!") and words in got and "line 1 of rules" in got):
        bad.append(f"{rule!r}: {got!r} should speak of {words!r}")
for line in bad[:20]:
    print("FAILED", line)
print(f"{len(bad)} failures")
sys.exit(1 if bad else 0)
