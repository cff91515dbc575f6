#!/usr/bin/python3
"""Reading fails: each call that lists a folder, looks at, opens, reads or maps a file of the job fails once with EIO (strace --inject).
A program ends with 0 only when it did what it does without the fault: the same files, the same rows, the same words. And whatever it
says, no file and no row is gone that the fault-free run keeps."""
import hashlib, random, re, threading
from concurrent.futures import ThreadPoolExecutor
from harness import *

need_strace()
MOST = 3  # faults of one call of one job, of those whose kind matters little
rnd = random.Random(6)
CALLS = ["getdents64", "openat", "pread64", "read", "newfstatat", "statx", "mmap"]
OWN = ("regtime", "changeno", "crc")  # of a row that is registered at another moment
MADE = (".lock", ".journal", ".idx", ".backup")  # theirs to make, of the moment
FAR = tempfile.mkdtemp(prefix="imreg-far-", dir="/dev/shm") if os.path.isdir("/dev/shm") and os.stat("/dev/shm").st_dev != os.stat(work).st_dev else None


# --- what the jobs start from: two nights in folders, one with a file that nobody registered; a database folder with all that belongs to it
os.makedirs("seed")
for seed, name in ((1, "n"), (2, "n2")):
    run("imsim", "-o", f"seed/{name}", "-ccds", 2, "-objects", 1, "-seed", seed, code=0)
    os.remove(f"seed/{name}/truth.csv")
    folder = os.path.join("seed", name, os.listdir(f"seed/{name}")[0])
    for image_ in sorted(os.listdir(folder))[6:]:
        os.remove(os.path.join(folder, image_))
write("seed/n2/notes.txt", "nobody registered this")
shutil.copytree("seed/n", "seed/n3")
os.makedirs("seed/fold/headers")
os.makedirs("seed/fold/Imreg.db.queue")
write("seed/fold/Imreg.db.queue/note", "waiting")
run("imsim", "-rows", 40, "-db", "seed/fold/Imreg.db", code=0)
run("imsim", "-rows", 20, "-seed", 2, "-db", "seed/fold/headers/w.db", code=0)
run("imsim", "-rows", 10, "-seed", 3, "-db", "seed/fold/more.db", code=0)
run("imrelocate", "-db", "seed/fold/Imreg.db", "-go", "-make-root", "ALL=/data", code=0)
run("imbackup", "-db", "seed/fold", "seed/copy", code=0)


class Job:
    """A command in a folder of its own; what of the seed it needs; the databases whose rows are compared; how it ends when all is well."""

    def __init__(self, name, line, seed, databases, code=0):
        self.name, self.line, self.seed, self.databases, self.code = name, line, seed, databases, code

    def start(self, folder):
        os.makedirs(folder)
        for name in self.seed:
            shutil.copytree(f"seed/{name}", f"{folder}/{name}")
        if "-restore" in self.line:
            os.makedirs(f"{folder}/new")
        if "@/m.db" in self.line:  # a database that knows these very files
            started(["imregister", "-db", f"{folder}/m.db", *(f"{folder}/{n}" for n in self.seed if n != "n3")])

    def command(self, folder):
        far = f"{FAR}/{os.path.basename(folder)}"
        if any("%" in a for a in self.line):
            os.makedirs(far)
        return [os.path.join(BIN, self.line[0]), *(a.replace("@", folder).replace("%", far) for a in self.line[1:])]


FOLD = ["Imreg.db", "headers/w.db", "more.db"]
JOBS = [
    Job("register", ["imregister", "-db", "@/x.db", "@/n"], ["n"], ["x.db"]),
    Job("register again", ["imregister", "-db", "@/m.db", "@/n"], ["n"], ["m.db"]),
    Job("imsort", ["imsort", "-db", "@/x.db", "@/n"], ["n"], ["x.db"]),
    Job("remove", ["imrm", "-db", "@/m.db", "-r", "@/n"], ["n"], ["m.db"]),
    Job("refuse to remove", ["imrm", "-db", "@/m.db", "-r", "@/n2"], ["n", "n2"], ["m.db"], 4),
    Job("move", ["immv", "-db", "@/m.db", "@/n", "@/k"], ["n"], ["m.db"]),
    Job("first backup", ["imbackup", "-db", "@/fold", "@/bk"], ["fold"], [f"bk/{n}" for n in FOLD]),
    Job("backup again", ["imbackup", "-db", "@/fold", "@/copy"], ["fold", "copy"], [f"copy/{n}" for n in FOLD]),
    Job("restore", ["imbackup", "-restore", "@/copy", "@/new/Imreg.db"], ["copy"], [f"new/{n}" for n in FOLD]),
    Job("files", ["imcheck", "-db", "@/m.db", "-files"], ["n"], []),
    Job("search", ["imcheck", "-db", "@/m.db", "-files", "-search", "@/n"], ["n"], []),
    Job("exists", ["imrelocate", "-db", "@/m.db", "-exists", "all", "@/n", "@/n3"], ["n", "n3"], []),
]
if FAR:
    JOBS.append(Job("move far", ["immv", "-db", "@/m.db", "@/n", "%/"], ["n"], ["m.db"]))


def started(line):
    line = [os.path.join(BIN, line[0]), *line[1:]]
    return subprocess.run(line, capture_output=True, text=True, timeout=120)


def clean_text(text, folder):
    """Without what may differ: a plain file of a copy that cannot be compared is copied again."""
    far = f"{FAR}/{os.path.basename(folder)}"
    text = re.sub(r"; \d+ other files? copied", "", text.replace(folder, "@").replace(far, "%"))
    return [l for l in text.splitlines() if not l.startswith("strace: ")]


def result(job, folder):
    """{file: what is in it}, and the rows of the databases."""
    files = {}
    for top, as_ in ((folder, "@"), (f"{FAR}/{os.path.basename(folder)}", "%")):
        for at, folders, names in os.walk(top):
            for name in folders:
                files[as_ + os.path.join(at, name)[len(top):]] = "folder"
            for name in names:
                path = os.path.join(at, name)
                if name.endswith(MADE):
                    continue
                of_the_moment = name.endswith((".db", ".history", ".queue"))
                files[as_ + path[len(top):]] = "there" if of_the_moment else hashlib.md5(read(path)).hexdigest()
    rows_ = {}
    for database in job.databases:
        out = started(["imsearch", "-db", f"{folder}/{database}", "-format", "json"])
        found = [json.loads(line) for line in "\n".join(clean_text(out.stdout, folder)).splitlines()]
        rows_[database] = sorted(json.dumps({k: v for k, v in row.items() if k not in OWN}, sort_keys=True) for row in found)
    return files, rows_


def remove(folder):
    shutil.rmtree(folder, ignore_errors=True)
    if FAR:
        shutil.rmtree(f"{FAR}/{os.path.basename(folder)}", ignore_errors=True)


def prepare(job):
    """A run without faults: its result, and the numbers of its calls on our files: one of each kind of file, or all."""
    folder = f"{work}/{job.name.replace(' ', '_')}"
    job.start(folder)
    line, trace = job.command(folder), f"{work}/{job.name}.trace"
    out = strace(trace, CALLS, line)
    equal(out.returncode, job.code, f"{job.name}: {out.stderr}")
    job.result, job.said = result(job, folder), clean_text(out.stdout, folder)
    job.errors = clean_text(out.stderr, folder)
    numbers, kinds = {}, {}
    far = f"{FAR}/{os.path.basename(folder)}"
    for text in read(trace).decode("latin-1").splitlines():
        found = re.match(r"(\d+) +(\w+)\((.*)", text)
        if not found or "resumed>" in text:
            continue
        thread, call, rest = found.groups()
        numbers[thread, call] = numbers.get((thread, call), 0) + 1
        paths = [p for p in re.findall(r'["<]([^">]*)[">]', rest) if p.startswith((folder, far))]
        if paths:
            kind = call, re.sub(r"\d+", "0", paths[-1]), "ENOENT" in rest
            kinds.setdefault(kind, []).append(numbers[thread, call])
    # By default all that decide what is there, and a few of the others.
    sure = {kind: those for kind, those in kinds.items() if kind[0] == "getdents64" or kind[1].endswith(("/w.db", "/headers", ".history"))}
    job.calls = {(kind[0], nth) for kind, those in sure.items() for nth in those[:1] + those[-1:]}
    for call in CALLS:
        others = sorted(those[0] for kind, those in kinds.items() if kind[0] == call and kind not in sure)
        job.calls |= {(call, nth) for nth in rnd.sample(others, min(MOST, len(others)))}
    job.others = {(kind[0], nth) for kind, those in kinds.items() for nth in those} - job.calls
    remove(folder)
    return job


tally, lock = {}, threading.Lock()


def fail(job, call, nth):
    folder = f"{work}/{job.name}-{call}-{nth}".replace(" ", "_")
    job.start(folder)
    out, lines = inject(folder + ".trace", call, "error=EIO", nth, job.command(folder))
    what = f"{job.name}: {call} {nth} {(lines[0] if lines else '').replace(folder, '@')[:160]}"
    if lines and "x86_64-linux-gnu" not in lines[0] and "/etc/" not in lines[0]:
        errors = clean_text(out.stderr, folder)
        check(all(e.startswith(job.line[0] + ": ") for e in errors), f"{what}: messages: {errors}")
        check(out.returncode in (0, 2, 3, 4), f"{what}: exit code {out.returncode}: {errors}")
        files, rows_ = result(job, folder)
        with lock:
            tally[out.returncode] = tally.get(out.returncode, 0) + 1
        if out.returncode == 0 or (out.returncode, errors) == (job.code, job.errors):
            wanted_files, wanted_rows = job.result
            differ = {k for k in files.keys() | wanted_files.keys() if files.get(k) != wanted_files.get(k)}
            check(out.returncode == job.code, f"{what}: exit code {out.returncode}, without the fault {job.code}")
            check(not differ, f"{what}: ends with {out.returncode}, and other files: {sorted(differ)[:5]}")
            check(rows_ == wanted_rows, f"{what}: ends with {out.returncode}, and other rows: { {k: len(v) for k, v in rows_.items()} }")
            if errors == job.errors:
                equal(clean_text(out.stdout, folder), job.said, f"{what}: says something else, and not why")
        else:
            check(errors or "-files" in job.line or "-exists" in job.line, f"{what}: exit code {out.returncode} and not a word")
        if job.code == 4:
            check(os.path.exists(f"{folder}/n2/notes.txt"), f"{what}: a file that nobody registered is gone")
    remove(folder)


try:
    with ThreadPoolExecutor(2 * (os.cpu_count() or 1)) as pool:
        only = os.environ.get("IMREG_JOB")
        jobs = list(pool.map(prepare, [j for j in JOBS if not only or j.name == only]))
    in_threads(2 * (os.cpu_count() or 1), long_form(*([(fail, job, *call) for job in jobs for call in sorted(calls(job))]
                                                      for calls in (lambda job: job.calls, lambda job: job.others))))
finally:
    if FAR:
        shutil.rmtree(FAR, ignore_errors=True)
print("exit codes behind a fault:", dict(sorted(tally.items())))
if not only:
    check(sum(tally.values()) > 200, tally)
finish()
