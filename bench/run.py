# Runs every benchmark and prints ours, peer, ratio, goal, met or not: run.py BUILD_DIR BENCH_DIR
#
# Each program BUILD_DIR/bench/*_bench is a Google Benchmark program that measures our work and the peer's in one run. Its
# results go to BENCH_DIR/results/<program>.json; BENCH_DIR/goals.tsv says which names belong together. Of several
# repetitions the fastest counts. A goal that is not met is printed, never an error: only equal work that fails is.
import glob
import json
import os
import subprocess
import sys

build, bench = sys.argv[1], sys.argv[2]
SECONDS = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0}


def best_times(path):
    """name -> (seconds of one iteration, items per second)"""
    out = {}
    with open(path) as file:
        runs = json.load(file)["benchmarks"]
    for run in runs:
        if run.get("run_type") != "iteration" or run.get("error_occurred"):
            continue
        # "name/iterations:5/real_time" and the like are the same benchmark.
        name = "/".join(p for p in run["run_name"].split("/") if ":" not in p and p not in ("real_time", "process_time"))
        time = run["real_time"] * SECONDS[run["time_unit"]]
        if name not in out or time < out[name][0]:
            out[name] = (time, run.get("items_per_second", 0))
    return out


def shown(seconds):
    for unit, size in (("s", 1), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"


results, failed = {}, False
os.makedirs(os.path.join(bench, "results"), exist_ok=True)
for program in sorted(glob.glob(os.path.join(build, "bench", "*_bench"))):
    name = os.path.basename(program)
    out = os.path.join(bench, "results", name + ".json")
    print(f"== {name}", flush=True)
    code = subprocess.run([program, f"--benchmark_out={out}", "--benchmark_out_format=json", "--benchmark_repetitions=3"]).returncode
    if code != 0:
        print(f"{name}: ended with {code}")
        failed = True
        continue
    results[name] = best_times(out)

print("\n%-16s %-34s %12s %12s %8s %8s  %s" % ("program", "work", "ours", "peer", "ratio", "goal", ""))
with open(os.path.join(bench, "goals.tsv")) as file:
    for line in file:
        if line.startswith("#") or not line.strip():
            continue
        program, ours, peer, goal, note = line.rstrip("\n").split("\t")
        times = results.get(program, {})
        if ours not in times or (peer != "items_per_second" and peer not in times):
            print("%-16s %-34s not measured (%s, %s)" % (program, note[:34], ours, peer))
            continue
        mine, rate = times[ours]
        if peer == "items_per_second":
            theirs, ratio = "-", rate / float(goal)
            goal_text, met = "%.3g/s" % float(goal), rate >= float(goal)
        else:
            theirs, ratio = shown(times[peer][0]), times[peer][0] / mine
            goal_text, met = goal, ratio >= float(goal)
        print("%-16s %-34s %12s %12s %8.2f %8s  %s" % (program, note[:34], shown(mine), theirs, ratio, goal_text, "met" if met else "NOT met"))
sys.exit(1 if failed else 0)
