# Runs clang-tidy-16 over src/ and bin/, two files at a time: tidy.py BUILD_DIR [FILE...]
# A file that was clean is not read again until its text, a header or .clang-tidy changes.
import hashlib
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

build, only = sys.argv[1], {os.path.realpath(f) for f in sys.argv[2:]}
root = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
with open(os.path.join(build, "compile_commands.json")) as file:
    commands = {os.path.realpath(entry["file"]): entry["command"] for entry in json.load(file)}  # a checkout behind a link too
sources = sorted(f for f in commands if os.path.relpath(f, root).split(os.sep)[0] in ("src", "bin") and (not only or f in only))
if not sources:
    sys.exit(f"tidy.py: {build} compiles no such file of src/ or bin/ of {root}")
cache = os.path.join(build, "tidy-cache")
os.makedirs(cache, exist_ok=True)

common = hashlib.sha256()
for name in [os.path.join(root, ".clang-tidy")] + sorted(
        os.path.join(where, n) for top in (os.path.join(root, "include"), os.path.join(root, "src"), os.path.join(build, "generated"))
        for where, _, names in os.walk(top) for n in names if n.endswith(".h")):
    common.update(open(name, "rb").read())


def tidy(source):
    digest = common.copy()
    digest.update((source + commands[source]).encode() + open(source, "rb").read())
    stamp = os.path.join(cache, digest.hexdigest())
    if os.path.exists(stamp):
        return None
    done = subprocess.run(["clang-tidy-16", "-p", build, "--quiet", source], capture_output=True, text=True)
    if done.returncode == 0:
        open(stamp, "w").close()
        return None
    print(done.stdout or done.stderr, flush=True)
    return source


with ThreadPoolExecutor(2) as pool:
    faults = [source for source in pool.map(tidy, sources) if source]
print(f"clang-tidy: {len(sources)} files, {len(faults)} with faults")
sys.exit(1 if faults else 0)
