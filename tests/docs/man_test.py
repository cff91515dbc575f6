# The examples of the man pages print what the pages say, and the pages name the words of options as -help all does.
import glob
import os
import re
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import examples

root, programs = sys.argv[1], sys.argv[2]
SECTIONS = ["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "EXIT STATUS", "EXAMPLES", "SEE ALSO"]


def option_words(text):
    """{"db": "PATH"} of the section OPTIONS: .BI \\-db " PATH" and the like, without roff."""
    section = re.search(r"^\.SH OPTIONS\n(.*?)(?=^\.SH |\Z)", text, re.M | re.S)
    found = {}
    for line in re.findall(r"^\.T[PQ].*\n\.B[RI]? (\\-.*)$", section.group(1) if section else "", re.M):
        pieces = re.findall(r'"([^"]*)"|(\S+)', line)  # macros join their arguments without a blank between them
        name, _, words = "".join(a or b for a, b in pieces).replace("\\-", "-").partition(" ")
        found[name[1:]] = re.sub(r"\s*\|\s*", "|", words).strip()
    return found


bad, total = [], 0
for path in sorted(glob.glob(os.path.join(root, "bin", "*.cc"))):
    name = os.path.basename(path)[:-3]
    page = f"man/{name}.1"
    text = open(os.path.join(root, page), encoding="utf-8").read()
    sections = re.findall(r'^\.SH "?([A-Z ]+)', text, re.M)
    if [s for s in sections if s in SECTIONS] != SECTIONS:
        bad.append(f"{page}: its sections are {', '.join(sections)}; all of these in this order are wanted: {', '.join(SECTIONS)}")
    shown = subprocess.run([os.path.join(programs, name), "-help", "all"], capture_output=True, text=True, timeout=60).stdout
    described = option_words(text)
    for option, words in re.findall(r"^  -(\S+)(?: (\S+(?: \S+)*))?  +\S", shown, re.M):
        if option in described and described[option] != words:
            bad.append(f"{page}: -{option} takes \"{described[option]}\" in the page and \"{words}\" in -help all")
    faults, count, place = [], 0, None
    blocks = examples.page_blocks(text)
    if any("$ " in block for block in blocks):
        faults, count, place = examples.faults(page, blocks, programs)
    else:  # a page that shows commands without their output: they must at least succeed, in this order
        place = examples.Place(programs)
        for command in "".join(blocks).strip("\n").split("\n"):
            count += 1
            code, printed = place.run(command)
            if code != 0:
                faults.append(f"{page}: {command}\n--- ends with {code} and prints\n{printed}")
    if count == 0:
        bad.append(f"{page}: no example")
    bad += faults
    total += count
for path in sorted(glob.glob(os.path.join(root, "man", "*.5"))):  # of a file format: where there are examples
    page = os.path.relpath(path, root)
    with open(path, encoding="utf-8") as file:
        blocks = examples.page_blocks(file.read())
    if any("$ " in block for block in blocks):
        faults, count, _ = examples.faults(page, blocks, programs)
        bad += faults
        total += count
for fault in bad:
    print(fault)
print(f"man pages: {total} commands, {len(bad)} faults")
sys.exit(1 if bad or total < 15 else 0)
