# The programs in imreg(3) and in README.md compile and print what the texts say; what is installed is complete.
import os
import re
import sys

sys.dont_write_bytecode = True
root, programs = sys.argv[1], sys.argv[2]
sys.path.insert(0, os.path.join(root, "tests", "docs"))
import examples

build = os.path.dirname(os.path.abspath(programs))
if not os.path.exists(os.path.join(build, "libimreg.a")):
    print("no libimreg.a in this build")
    sys.exit(77)
FLATS = "".join(f"6000{n:02}f.fits\n" for n in (10, 9, 8, 7, 6))  # what the program of README.md prints
bad, total = [], 0


def check(name, sources, blocks):
    """Writes the sources into an empty folder and runs the commands there."""
    global total
    place = examples.Place(programs)
    place.environment["PKG_CONFIG_PATH"] = os.path.join(build, "uninstalled")
    for file, text in sources.items():
        with open(os.path.join(place.folder, file), "w", encoding="utf-8") as out:
            out.write(text)
    for command, expected in [pair for block in blocks for pair in examples.commands(block)]:
        total += 1
        code, printed = place.run(command)
        if printed != expected or code != 0:
            bad.append(f"{name}: $ {command}\n--- the text says\n{expected}--- it prints (exit {code})\n{printed}")


page = open(os.path.join(root, "man", "imreg.3"), encoding="utf-8").read()
blocks = examples.page_blocks(page)
codes = [block for block in blocks if block.startswith("#include")]
names = re.findall(r"^\.BR (\w+\.(?:cc|c)) :$", page, re.M)
if len(names) != len(codes) or len(codes) < 2:
    bad.append(f"man/imreg.3: {len(codes)} programs, {len(names)} names of programs")
check("man/imreg.3", dict(zip(names, codes)), [block for block in blocks if block.startswith("$ ")])

text = open(os.path.join(root, "README.md"), encoding="utf-8").read()
codes = re.findall(r"^```cpp\n(.*?)^```$", text, re.M | re.S)
if len(codes) != 1:
    bad.append(f"README.md has {len(codes)} C++ programs, not one")
build_line = re.search(r"^c\+\+ .*flats\.cc .*$", text, re.M)
check("README.md", {"flats.cc": "".join(codes)},
      ["$ imsim -o night -ccds 4 -seed 1 > log\n$ imregister -db Imreg.db night > log 2>&1\n"
       f"$ {build_line.group(0) if build_line else 'false'}\n$ ./flats\n" + FLATS])

# Each installed header finds the headers that it includes.
with open(os.path.join(root, "cmake", "library.cmake"), encoding="utf-8") as file:
    listed = re.search(r"^set\(headers ([a-z_ ]+)\)", file.read(), re.M).group(1).split()
for header in listed:
    with open(os.path.join(root, "include", "imreg", header + ".h"), encoding="utf-8") as file:
        text = file.read()
    for name in re.findall(r'^#include "imreg/(\w+)\.h"', text, re.M):
        if name not in listed:
            bad.append(f"cmake/library.cmake does not install imreg/{name}.h, which imreg/{header}.h includes")
for fault in bad:
    print(fault)
print(f"{total} commands, {len(bad)} faults")
sys.exit(1 if bad or total < 8 else 0)
