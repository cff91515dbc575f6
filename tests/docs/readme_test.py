# The examples of README.md print what README.md says: blocks ```console with "$ " lines, and ```pycon as doctests.
import doctest
import os
import re
import signal
import subprocess
import sys
import time

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

# The telescope: the lines of its block with /data in this folder, while exposures come; then with its lines of configuration.
telescope = re.search(r"^```sh\n(mkdir[^`]*imwatch[^`]*)^```$.*?^```\n(QUEUE_[^`]*)^```$", text, re.M | re.S)
data = os.path.join(place.folder, "data")
lines = [line.split("  #")[0].strip() for line in telescope[1].replace("/data", data).splitlines()]
begin = "\n".join(lines[:3])
if not all("&" in line for line in lines[1:3]) or any(name not in telescope[1] for name in ("imwatch@data-tonight", "imelixir@data-tonight")):
    bad.append(f"the lines of a telescope are not those of this test:\n{telescope[1]}")
for program, line in zip(("imwatch", "imelixir"), telescope[1].splitlines()[1:]):  # the units do the same
    unit = open(os.path.join(root, f"share/systemd/{program}@.service.in")).read()
    words = re.search(r"^ExecStart=@bindir@/(.*)$", unit, re.M)[1].replace("$OPTIONS ", "").replace("${JOBS}", "2").replace("%f", "/data/tonight")
    if line.split(" &")[0] != words:
        bad.append(f"the unit runs {words!r}, README {line!r}")


def night(seed, done):
    """Exposures come while both run: what the queues have when so many lines are done, or nothing more happens."""
    services = subprocess.Popen(["bash", "-c", begin + "\nwait"], cwd=place.folder, env=place.environment, start_new_session=True, stdin=subprocess.DEVNULL,
                                stdout=subprocess.DEVNULL, stderr=open(os.path.join(place.folder, "services.log"), "a"))
    try:
        place.run(f"mkdir -p data/tonight; imsim -o sky{seed} -ccds 2 -objects 2 -seed {seed}; mv sky{seed} data/tonight/")
        queues, end = {}, time.time() + 120
        while time.time() < end and queues != done:
            time.sleep(0.1)
            table = [line.split() for line in place.run(lines[3])[1].splitlines()]
            queues = {row[0]: (int(row[5]), int(row[2])) for row in table if len(row) == 9 and row[0].isupper()}
        return queues
    finally:
        os.killpg(services.pid, signal.SIGTERM)
        services.wait()


for seed, done in ((1, {"IMSTAT": (24, 0), "PTOLEMY": (0, 4)}), (4, {"IMSTAT": (48, 0), "PTOLEMY": (8, 0), "LONG": (4, 0)})):
    queues = night(seed, done)
    objects, follow = place.run(lines[4])[1], place.run("timeout -s INT 1 " + lines[5])[1]
    if queues != done or len(objects.splitlines()) != (5 if seed == 1 else 9) or any(float(word) == 0 for line in objects.splitlines()[1:] for word in line.split()[2:]) or follow:
        bad.append(f"a telescope: {queues} {objects}{follow}{open(os.path.join(place.folder, 'services.log')).read()[-2000:]}")
    place.run("mkdir -p bin; printf '#!/bin/sh\necho $1 $2\n' | tee bin/ptolemy > bin/reduce; chmod +x bin/*")
    with open(os.path.join(data, "tonight", "ptolemy.rc"), "w") as file:
        file.write(telescope[2].replace("/opt", place.folder))

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
