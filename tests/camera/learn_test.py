#!/usr/bin/env python3
"""imcamera learn: the table of each camera with real files is taken away, a draft is learnt from each half of the files,
and they must give 90 % of the values that the table gave; cameras below are named, and why, and the draft must ask for
what it does not know: a line that is to be filled in counts for nothing.

usage: learn_test.py SOURCE_DIR PROGRAM_DIR DATA_DIR
"""
import os
import re
import subprocess
import sys

FLOOR = 90.0
# What no header says: a person must write it. Camera: reason, and the lines in which the draft says so.
BELOW = {
    "dss": ("emulsion and glass of the plates stand as a code, whose meanings are constants of the table",
            [r"# fill in: filter = NAME if BANDPASS 6\.\.6 .*bandpass code"]),
    "hinode-sot": ("two temperatures of two detectors, without comments, and no keyword says which of them took the image",
                   [r"# \? dettemp T_FGCCD ", r"# fill in: dettemp KEYWORD .*differ"]),
    "omm-cpapir": ("T1, T3 and T4 are called Detector in turn; types in words of the place; TEFF is of a coadd or of all",
                   [r"# \? words type WORD REDUC "]),
    "palomar-p48": ("TELRA, TELDEC are of date and not where the field that was asked for is; four CCDs have temperatures",
                    [r"# \? position OBJRAD OBJDECD ", r"# fill in: position RA DEC .*of date", r"# \? dettemp CCD9TEMP ",
                     r"# fill in: dettemp KEYWORD .*differ"]),
}


def main(source, programs, data):
    tree = os.path.join(data, "fits")
    tool = os.path.join(os.path.dirname(programs), "tests", "learn_tool")
    if not os.path.isdir(tree):
        print("skipped: no real data in " + data)
        return 77
    out = subprocess.run([tool, "-v", tree], capture_output=True, text=True, check=True, timeout=500).stdout
    line = re.compile(r"^(\S+) +\d+ files +draft +([\d.]+) % .*\n", re.M)
    cameras, drafts, begin = {}, {}, 0
    for match in line.finditer(out):
        cameras[match[1]] = float(match[2])
        drafts[match[1]] = out[begin:match.start()]
        begin = match.end()
        print(match[0], end="")
    print(out[begin:])
    total, generic = (float(x) for x in re.search(r"^all +draft +([\d.]+) % +generic +([\d.]+) %", out, re.M).groups())
    faults = []
    if len(cameras) < 5:
        faults.append(f"only {len(cameras)} cameras with two files: is the data complete?")
    if total < FLOOR:
        faults.append(f"the drafts give {total} % of what the tables gave, less than {FLOOR} %")
    if total <= generic:
        faults.append(f"the drafts ({total} %) are no better than the generic table ({generic} %)")
    for name, draft in sorted(cameras.items()):
        if draft < FLOOR:
            reason, asked = BELOW.get(name, ("no reason is known", []))
            print(f"below {FLOOR} %: {name} ({draft} %): {reason}")
            if name not in BELOW:
                faults.append(f"the draft of {name} gives {draft} % and no reason is known")
            for line in asked:
                if not re.search("^" + line, drafts[name], re.M):
                    faults.append(f"the draft of {name} does not say: {line}")
        elif name in BELOW:
            faults.append(f"{name} has {draft} %: take it out of BELOW")
    for fault in faults:
        print("learn_test: " + fault, file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:4]))
