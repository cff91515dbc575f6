# The examples of README.md print what README.md says: blocks ```console with "$ " lines, and ```pycon as doctests.
import doctest
import os
import re
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import examples

root, programs = sys.argv[1], sys.argv[2]
text = open(os.path.join(root, "README.md"), encoding="utf-8").read()
blocks = re.findall(r"^```(console|pycon)\n(.*?)^```$", text, re.M | re.S)
bad, count, place = examples.faults("README.md", [body for kind, body in blocks if kind == "console"], programs)

here = os.getcwd()
os.chdir(place.folder)
python = doctest.DocTestParser().get_doctest("\n".join(body for kind, body in blocks if kind == "pycon"), {}, "README.md", "README.md", 0)
results = doctest.DocTestRunner(optionflags=doctest.REPORT_NDIFF).run(python)
os.chdir(here)

# Files and folders that the text names in `...` must exist, and so must the targets of its links.
for name in set(re.findall(r"\]\(([A-Za-z][^):]*)\)", text)) | set(re.findall(r"`((?:man|formats|src|tests|bench|include|share)/[A-Za-z0-9_./-]*)`", text)):
    if not os.path.exists(os.path.join(root, name)):
        bad.append(f"README.md names {name}, which does not exist")

if count < 8 or results.attempted < 5:
    bad.append(f"README.md has only {count} commands and {results.attempted} lines of Python: is the test reading its blocks?")
for fault in bad:
    print(fault)
print(f"README.md: {count} commands, {results.attempted} lines of Python, {len(bad) + results.failed} faults")
sys.exit(1 if bad or results.failed else 0)
