# Runs every benchmark and prints ours, peer, ratio, goal, met or not: run.py BUILD_DIR BENCH_DIR [PROGRAM...]
#
# ROWS=1M,10M,100M (1M when it is not given): search_bench runs once for each of these sizes, and {rows} in goals.tsv is each.
# Each program BUILD_DIR/bench/*_bench is a Google Benchmark program that measures our work and the peer's in one run. Its
# results go to BENCH_DIR/results/<program>.json; BENCH_DIR/goals.tsv says which names belong together. Repetitions of all
# benchmarks of a program are interleaved at random, so that a neighbour on the machine hits all of them, and medians count.
# A goal that is not met is printed, never an error: only equal work that fails is.
import glob
import json
import os
import statistics
import subprocess
import sys

build, bench = sys.argv[1], sys.argv[2]
only = sys.argv[3:]  # names of programs, all when none is given
SIZED = "search_bench"
ROWS = [size.strip().lower() for size in os.environ.get("ROWS", "1M").split(",")]
REPETITIONS = os.environ.get("REPETITIONS", "5")
SECONDS = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0}


def plain_name(name):
    """"name/iterations:5/real_time" and the like are the same benchmark."""
    return "/".join(p for p in name.split("/") if ":" not in p and p not in ("real_time", "process_time", "manual_time"))


def measured(path):
    """name -> medians: seconds of one iteration, and every counter by its name"""
    with open(path) as file:
        runs = json.load(file)["benchmarks"]
    values = {}
    for run in runs:
        if run.get("run_type") != "iteration" or run.get("error_occurred"):
            continue
        of_name = values.setdefault(plain_name(run["run_name"]), {})
        of_name.setdefault("time", []).append(run["real_time"] * SECONDS[run["time_unit"]])
        for counter in ("items_per_second", "private_bytes"):
            of_name.setdefault(counter, []).append(run.get(counter, 0))
    return {name: {what: statistics.median(all_) for what, all_ in of_name.items()} for name, of_name in values.items()}


def shown(seconds):
    for unit, size in (("s", 1), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"


def run_program(program, rows):
    """Its results, or None when it failed."""
    name = os.path.basename(program)
    out = os.path.join(bench, "results", name + (f"_{rows}" if rows else "") + ".json")
    print(f"== {name} {rows}", flush=True)
    code = subprocess.run([program, f"--benchmark_out={out}", "--benchmark_out_format=json", "--benchmark_display_aggregates_only=true",
                           f"--benchmark_repetitions={REPETITIONS}", "--benchmark_enable_random_interleaving=true"],
                          env={**os.environ, "ROWS": rows or ",".join(ROWS)}).returncode
    if code != 0:
        print(f"{name}: ended with {code}")
        return None
    return measured(out)


def goals():
    """program, ours, peer, goal, note: of each line, for each size that {rows} stands for"""
    with open(os.path.join(bench, "goals.tsv")) as file:
        for line in file:
            if line.startswith("#") or not line.strip():
                continue
            for rows in ROWS if "{rows}" in line else [""]:
                row = line.rstrip("\n").replace("{rows}", rows).split("\t")
                sizes = {name.split("/")[1] for name in row[1:3] if name.count("/") == 2}
                if row[0] != SIZED or sizes <= set(ROWS):
                    yield row


def line_of(values, ours, peer, goal):
    """ours, peer, ratio, goal as text, above an empty process, met; None when it was not measured"""
    mine = values.get(ours)
    if mine is None or (peer not in KINDS and peer not in values):
        return None
    goal_number = float(goal)
    if peer == "items_per_second":
        ratio, goal, ours_text = mine[peer] / goal_number, "%.3g M/s" % (goal_number / 1e6), shown(mine["time"])
    elif peer == "seconds":
        ratio, goal, ours_text = goal_number / mine["time"], shown(goal_number), shown(mine["time"])
    elif peer == "private_bytes":
        ratio, ours_text = goal_number / mine[peer], "%.3g MiB" % (mine[peer] / 2**20)
        goal = "%.3g MiB" % (goal_number / 2**20)
    else:
        ratio, ours_text = values[peer]["time"] / mine["time"], shown(mine["time"])
    empty = values.get("empty/" + ours.split("/")[1]) if ours.endswith("/imsearch") and peer != "private_bytes" else None
    above = shown(mine["time"] - empty["time"]) if empty else "-"
    theirs, needed = ("-", 1) if peer in KINDS else (shown(values[peer]["time"]), goal_number)
    return ours_text, above, theirs, ratio, goal, "met" if ratio >= needed else "NOT met"



KINDS = ("items_per_second", "seconds", "private_bytes")
results, failed = {}, False
os.makedirs(os.path.join(bench, "results"), exist_ok=True)
for path in sorted(glob.glob(os.path.join(build, "bench", "*_bench"))):
    program = os.path.basename(path)
    for rows in ROWS if program == SIZED else [""]:
        if only and program not in only:
            continue
        found = run_program(path, rows)
        failed = failed or found is None
        results.setdefault(program, {}).update(found or {})

print("\nabove: time above an empty static process")
print("%-15s %-66s %9s %9s %9s %6s %9s" % ("program", "work", "ours", "above", "peer", "ratio", "goal"))
for program, ours, peer, goal, note in goals():
    if only and program not in only:
        continue
    ours, peer = plain_name(ours), plain_name(peer)
    line = line_of(results.get(program, {}), ours, peer, goal)
    if line:
        print("%-15s %-66s %9s %9s %9s %6.2f %9s  %s" % (program, note[:66], *line))
    else:
        print("%-15s %-66s not measured (%s, %s)" % (program, note[:66], ours, peer))
sys.exit(1 if failed else 0)
