# Runs every benchmark and prints ours, peer, ratio, goal, met or not: run.py BUILD_DIR BENCH_DIR
#
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
REPETITIONS = os.environ.get("REPETITIONS", "5")
SECONDS = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0}


def plain_name(name):
    """"name/iterations:5/real_time" and the like are the same benchmark."""
    return "/".join(p for p in name.split("/") if ":" not in p and p not in ("real_time", "process_time", "manual_time"))


def medians(path):
    """name -> (seconds of one iteration, items per second)"""
    with open(path) as file:
        runs = json.load(file)["benchmarks"]
    times, rates = {}, {}
    for run in runs:
        if run.get("run_type") != "iteration" or run.get("error_occurred"):
            continue
        name = plain_name(run["run_name"])
        times.setdefault(name, []).append(run["real_time"] * SECONDS[run["time_unit"]])
        rates.setdefault(name, []).append(run.get("items_per_second", 0))
    return {name: (statistics.median(times[name]), statistics.median(rates[name])) for name in times}


def shown(seconds):
    for unit, size in (("s", 1), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"


results, failed = {}, False
os.makedirs(os.path.join(bench, "results"), exist_ok=True)
for program in sorted(glob.glob(os.path.join(build, "bench", "*_bench"))):
    name = os.path.basename(program)
    if only and name not in only:
        continue
    out = os.path.join(bench, "results", name + ".json")
    print(f"== {name}", flush=True)
    code = subprocess.run([program, f"--benchmark_out={out}", "--benchmark_out_format=json", "--benchmark_display_aggregates_only=true",
                           f"--benchmark_repetitions={REPETITIONS}", "--benchmark_enable_random_interleaving=true"]).returncode
    if code != 0:
        print(f"{name}: ended with {code}")
        failed = True
        continue
    results[name] = medians(out)

print("\n%-15s %-62s %9s %9s %6s %9s" % ("program", "work", "ours", "peer", "ratio", "goal"))
with open(os.path.join(bench, "goals.tsv")) as file:
    for line in file:
        if line.startswith("#") or not line.strip():
            continue
        program, ours, peer, goal, note = line.rstrip("\n").split("\t")
        ours, peer = plain_name(ours), plain_name(peer)
        times = results.get(program, {})
        if only and program not in only:
            continue
        if ours not in times or (peer not in ("items_per_second", "seconds") and peer not in times):
            print("%-15s %-62s not measured (%s, %s)" % (program, note[:62], ours, peer))
            continue
        mine, rate = times[ours]
        if peer == "items_per_second":
            theirs, ratio, goal_text = "-", rate / float(goal), "%.3g M/s" % (float(goal) / 1e6)
        elif peer == "seconds":
            theirs, ratio, goal_text = "-", float(goal) / mine, shown(float(goal))
        else:
            theirs, ratio, goal_text = shown(times[peer][0]), times[peer][0] / mine, goal
        met = ratio >= (1 if theirs == "-" else float(goal))
        print("%-15s %-62s %9s %9s %6.2f %9s  %s" % (program, note[:62], shown(mine), theirs, ratio, goal_text, "met" if met else "NOT met"))
sys.exit(1 if failed else 0)
