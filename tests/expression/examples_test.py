# Every example of man/imreg-expression.7, computed for the record that the page shows.
import os
import re
import subprocess
import sys

source, programs = sys.argv[1], sys.argv[2]
tool = os.path.join(os.path.dirname(os.path.abspath(programs)), "tests", "expression_tool")
with open(os.path.join(source, "man", "imreg-expression.7"), encoding="utf-8") as file:
    page = file.read()
for roff, plain in (("\\-", "-"), ("\\(aq", "'"), ("\\(dq", '"'), ("\\(ha", "^"), ("\\(ti", "~"), ("\\(ga", "`"), ("\\&", ""), ("\\e", "\\")):
    page = page.replace(roff, plain)
tables = [[line.split("\t") for line in table.strip("\n").split("\n")] for table in re.findall(r"^\.TS\nl l\.\n(.*?)^\.TE", page, re.M | re.S)]
record, examples = dict(tables[0]), [row for table in tables[1:] for row in table if row[0] != "- + !"]
operators = next(i for i, row in enumerate(examples) if row[0] == "^ **")  # that table explains, and computes nothing
del examples[operators:operators + 10]

# The fields of the format, in its order; what the page does not show is unknown.
cells = []
words = {"type": ["none", "object"], "mode": ["none", "MEF"]}
for line in open(os.path.join(source, "formats", "regimage.fmt"), encoding="utf-8"):
    row = line.split()
    if not row or row[0] != "field":
        continue
    name, kind = row[1], row[3]
    value = record.pop(name, "")
    value = {"2003-01-27T15:20:01Z": "1043680801", "false": "0"}.get(value, value)
    if name in words:
        value = str(words[name].index(value))
    if "[" in kind:
        cells += (value.split(", ") + [""] * 4)[:int(kind.split("[")[1][:-1])]
    else:
        cells.append(value)
cells = ["" if cell == "unknown" else cell for cell in cells]
assert not record, f"the page's record has fields that the format has not: {record}"

script = "row\t" + "\t".join(cells) + "\n" + "".join(f"expr\t{text}\n" for text, _ in examples)
done = subprocess.run([tool, "regimage", "4"], input=script, capture_output=True, encoding="utf-8", timeout=60)
answers = done.stdout.split("\n")[:-1]
bad = []
for (text, wanted), got in zip(examples, answers):
    got = {"yes": "true", "no": "false", "-": "unknown"}.get(got, got)
    close = re.fullmatch(r"-?[\d.]+(e-?\d+)?", got) and re.fullmatch(r"-?[\d.]+", wanted) and abs(float(got) - float(wanted)) < 1e-9
    if got != wanted and not close:
        bad.append(f"{text}\n  the page says {wanted}\n  it is {got}")
print("\n".join(bad + [done.stderr] * bool(done.stderr)))
print(f"imreg-expression(7): {len(examples)} examples, {len(bad)} faults")
sys.exit(1 if bad or done.returncode != 0 or len(answers) != len(examples) or len(examples) < 80 else 0)
