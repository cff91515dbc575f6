"""Which inputs are worth keeping: choose_corpus.py TARGET FOUND KEPT, where TARGET is a libFuzzer program, FOUND the folder in
which it has collected inputs and KEPT is tests/fuzz/corpus/<target>. Keeps those that reach most beyond the target's own seeds
for their bytes: at most 100 files and 300 kB. Found only from our own seeds: never let inputs made from real files in here."""
import hashlib
import os
import subprocess
import sys
import tempfile

MOST_FILES, MOST_BYTES = 100, 300_000
target, found, kept = sys.argv[1:]
with tempfile.TemporaryDirectory() as folder:
    control, seeds = os.path.join(folder, "control"), os.path.join(folder, "seeds")
    os.mkdir(seeds)  # the target writes its seeds here
    subprocess.run([target, "-set_cover_merge=1", f"-merge_control_file={control}", "-timeout=60", "-rss_limit_mb=4096", "-max_len=1048576", seeds, found],
                   check=True, stderr=subprocess.DEVNULL)
    lines = open(control).read().split("\n")
    number, own = int(lines[0]), int(lines[1])
    names, reached = lines[2:2 + number], [set() for _ in range(number)]
    for line in lines[2 + number:]:
        words = line.split()
        if words[:1] == ["FT"]:
            reached[int(words[1])] = {int(word) for word in words[2:]}
    covered = set().union(*reached[:own])
    everything = set().union(*reached)
    contents = [open(name, "rb").read() for name in names]
chosen, size, by_seeds = [], 0, len(covered)
rest = set(range(own, number))
while rest and len(chosen) < MOST_FILES:
    best = max(rest, key=lambda i: (len(reached[i] - covered) / (len(contents[i]) + 100), -i))
    if not reached[best] - covered:
        break
    rest.remove(best)
    if size + len(contents[best]) <= MOST_BYTES:
        chosen.append(best)
        size += len(contents[best])
        covered |= reached[best]
os.makedirs(kept, exist_ok=True)
for name in os.listdir(kept):
    os.remove(os.path.join(kept, name))
for i in chosen:
    with open(os.path.join(kept, hashlib.sha1(contents[i]).hexdigest()), "wb") as file:
        file.write(contents[i])
print(f"{os.path.basename(target)}: {len(chosen)} of {number - own} files, {size} bytes; features: {by_seeds} by the seeds, {len(covered)} with these, {len(everything)} by all")
