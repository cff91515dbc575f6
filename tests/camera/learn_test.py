#!/usr/bin/env python3
"""imcamera learn: the table of each camera with real files is taken away, a draft is learnt from half of the files, and
must give 90 % of the values that the table gave; cameras below are named, and why.

usage: learn_test.py SOURCE_DIR PROGRAM_DIR DATA_DIR
"""
import os
import re
import subprocess
import sys

FLOOR = 90.0
# What no header says: a person must write it.
BELOW = {
    "cfht-spirou-guide": "ETIME is one of NAXIS3 exposures, and only DATE tells the time",
    "cfht-stack": "no header says MegaPrime, nor that a weight map is one",
    "dss": "the emulsions and filters of the plates are constants of the table",
    "gemini-phoenix": "the filter is the number of its position; planes of a cube are no images",
    "gemini-texes": "OBSTIME of no comment is the exposure; planes of a cube are no images",
    "gong": "RA and DEC are there and are of the sun",
    "hinode-sot": "two temperatures of two detectors; WAVE is the filter",
    "lsst-sim": "DATE-OBS is TAI and no keyword says so",
    "omm-cpapir": "TEFF, T_TOT and T3 have no comments; types in words of the place",
    "gemini-speckle": "the draft refines gemini, whose times and coadds are not those of visitors",
    "palomar-p48": "TELRA and TELDEC are of date; four temperatures of CCDs say the same",
    "soho-eit": "CFTEMP and not CCDTEMP is the temperature of the detector",
}


def main(source, programs, data):
    tree = os.path.join(data, "fits")
    tool = os.path.join(os.path.dirname(programs), "tests", "learn_tool")
    if not os.path.isdir(tree):
        print("skipped: no real data in " + data)
        return 77
    out = subprocess.run([tool, tree], capture_output=True, text=True, check=True, timeout=500).stdout
    print(out)
    line = re.compile(r"^(\S+) +(\d+) files +draft +([\d.]+) % +generic +([\d.]+) %", re.M)
    cameras = {name: (float(draft), float(generic)) for name, _, draft, generic in line.findall(out)}
    total, generic = (float(x) for x in re.search(r"^all +draft +([\d.]+) % +generic +([\d.]+) %", out, re.M).groups())
    faults = []
    if len(cameras) < 5:
        faults.append(f"only {len(cameras)} cameras with two files: is the data complete?")
    if total < FLOOR:
        faults.append(f"the drafts give {total} % of what the tables gave, less than {FLOOR} %")
    if total <= generic:
        faults.append(f"the drafts ({total} %) are no better than the generic table ({generic} %)")
    for name, (draft, _) in sorted(cameras.items()):
        if draft < FLOOR:
            print(f"below {FLOOR} %: {name} ({draft} %): {BELOW.get(name, 'no reason is known')}")
            if name not in BELOW:
                faults.append(f"the draft of {name} gives {draft} % and no reason is known")
    for fault in faults:
        print("learn_test: " + fault, file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:4]))
