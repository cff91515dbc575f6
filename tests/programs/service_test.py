"""The units of systemd as they are installed: systemd finds nothing wrong in them, and both services, started as it would start them,
say when they are ready and when they end, and read the configuration beside the database."""
import shlex, signal, socket, time
from harness import *

BUILD = os.path.dirname(BIN)
night = os.path.abspath("data/the night")
os.makedirs(night)
name = subprocess.run(["systemd-escape", "-p", night], capture_output=True, text=True).stdout.strip() if shutil.which("systemd-escape") else "data-night"


def install(prefix, destdir=""):
    done = subprocess.run(["cmake", "--install", BUILD, "--prefix", prefix], capture_output=True, text=True, env={**os.environ, "DESTDIR": destdir})
    check(done.returncode == 0, f"cmake --install: {done.stdout[-500:]} {done.stderr[-500:]}")
    return {program: f"{destdir}{prefix}/lib/systemd/system/{program}@.service" for program in ("imwatch", "imelixir", "imingest")}


def settings(unit):
    """Of [Service]."""
    found = {}
    for line in read(unit).decode().split("\n[Service]\n")[1].split("\n[Install]\n")[0].splitlines():
        if "=" in line and not line.startswith("#"):
            key, value = line.split("=", 1)
            found[key] = value
    return found


# As systemd does: %f is the folder of the instance, ${NAME} a word or a part of one, $NAME none or some words.
def start(unit, notify, **changed):
    service = settings(unit)
    variables = dict(word.split("=", 1) for word in shlex.split(service.get("Environment", "")))
    variables.update(changed)
    words = []
    for word in shlex.split(service["ExecStart"]):
        many = re.fullmatch(r"\$(\w+)", word)
        words += variables[many[1]].split() if many else [re.sub(r"\$\{(\w+)\}", lambda m: variables[m[1]], word).replace("%f", night)]
    check(os.path.isabs(words[0]), f"{unit}: {words[0]} is no path")
    return play(words, notify, service.get("WorkingDirectory", "/").replace("%f", night), variables)


def play(words, notify, folder="/", variables={}):
    log = open(os.path.basename(words[0]) + ".log", "a+")
    return subprocess.Popen(words, cwd=folder, stderr=log, stdin=subprocess.DEVNULL, stdout=log,
                            env={**variables, "PATH": "/usr/bin:/bin", "NOTIFY_SOCKET": notify.getsockname()})


def told(notify, what, program):
    try:
        equal(notify.recv(100).decode(), what, f"what {program} tells systemd")
    except TimeoutError:
        check(False, f"{program} does not tell {what}: {read(program + '.log').decode()[-500:]}")


def until(good):
    end = time.time() + 30
    while time.time() < end and not good():
        time.sleep(0.05)


notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
notify.bind(os.path.abspath("notify"))
notify.settimeout(60)

# Installed into another place than it will be in, and into its own.
for program, unit in install("/opt/imreg", os.path.abspath("dest")).items():
    check(settings(unit)["ExecStart"].startswith(f"/opt/imreg/bin/{program} "), f"{program}: {settings(unit)['ExecStart']}")
units = install(os.path.abspath("prefix"))
if shutil.which("systemd-analyze"):
    for program, unit in [*units.items(), ("timer", units["imingest"].replace(".service", ".timer"))]:
        instance = unit.replace("@.", f"@{name}.")
        os.symlink(unit, instance)
        done = subprocess.run(["systemd-analyze", "verify", "--man=no", instance], capture_output=True, text=True)
        check(done.returncode == 0 and program not in done.stderr, f"systemd-analyze verify: {done.stderr}")
else:
    print("no systemd-analyze: the units are not verified")

# The configuration beside the database names a queue of its own; nothing else does.
write(os.path.join(night, "ptolemy.rc"), "QUEUE_ONLY all\nSTEP_ONLY /usr/bin/test {ccd} = 0\n")
db = os.path.join(night, "Imreg.db")
running = {}
daily = units.pop("imingest")
for program, unit in units.items():
    running[program] = start(unit, notify)
    told(notify, "READY=1", program)
image(os.path.join(night, "a.fits"))
queue = lambda: [r["state"] for r in rows(db + ".queue/ONLY.queue", code=None)] if os.path.exists(db + ".queue/ONLY.queue") else []
until(lambda: queue() == ["done"])
equal(queue(), ["done"], f"a line of the queue of the configuration: {read('imwatch.log').decode()} {read('imelixir.log').decode()}")
check(not os.path.exists(db + ".queue/IMSTAT.queue"), "only the queue of the configuration")
for program, process in running.items():
    process.send_signal(signal.SIGTERM)
    told(notify, "STOPPING=1", program)
    equal(process.wait(60), 0, f"{program} is told to end: {read(program + '.log').decode()[-500:]}")

# Options of an instance.
for name in os.listdir(night):
    if name.startswith("Imreg.db") and os.path.isfile(os.path.join(night, name)):
        os.remove(os.path.join(night, name))
running = start(units["imwatch"], notify, OPTIONS="-split -v")
told(notify, "READY=1", "imwatch")
until(lambda: os.path.exists(db))  # nobody knows how many CCDs there are: two seconds
running.terminate()
told(notify, "STOPPING=1", "imwatch")
running.wait(60)
equal([r["mode"] for r in rows(db)], ["SPLIT"], f"OPTIONS of the unit: {read('imwatch.log').decode()[-500:]}")

# From /, without any other variable.
for words in (["imwatch", "-db", db, night], ["imelixir", "-db", night, "-j", "2"]):
    process = play([os.path.join(BIN, words[0]), *words[1:]], notify)
    told(notify, "READY=1", words[0])
    process.send_signal(signal.SIGTERM)
    told(notify, "STOPPING=1", words[0])
    equal(process.wait(60), 0, f"{words[0]}, from /")

# The daily run: ends by itself, with the headers and images beside the archive; a file that cannot be read is no failure of it.
write(os.path.join(night, "bad.fits"), b"")
for found in (4, 0):  # what has failed is no news
    process = start(daily, notify)
    equal(process.wait(60), found, f"a run: {read('imingest.log').decode()[-500:]}")
check(settings(daily)["SuccessExitStatus"] == "4", "which the unit knows")
equal([r["filename"] for r in rows(night + ".headers")], ["a.fits"], "images")
equal(len(os.listdir(night + ".headers/logs")) > 0, True, "its log")
process = start(daily, notify, OPTIONS="-layout nothing-here/*.fits -v")
equal(process.wait(60), 0, "OPTIONS of the unit")
check("outside of the layout" in read("imingest.log").decode(), f"OPTIONS: {read('imingest.log').decode()[-300:]}")

# Its timer: each day, also when the machine was off at that time; it starts the service of its own name, and enabled it waits for that.
timer = daily.replace(".service", ".timer")
said = read(timer).decode().split("[Timer]\n")[1].split("\n\n")[0]
wanted = dict(line.split("=", 1) for line in said.splitlines())
equal({k: wanted.get(k) for k in ("OnCalendar", "Persistent", "Unit")}, {"OnCalendar": "daily", "Persistent": "yes", "Unit": None}, "the timer")
if shutil.which("systemd-analyze"):
    out = subprocess.run(["systemd-analyze", "calendar", "--iterations=3", wanted["OnCalendar"]], capture_output=True, text=True, env={**os.environ, "TZ": "UTC"}).stdout
    days = [time.mktime(time.strptime(d, "%Y-%m-%d %H:%M:%S")) for d in re.findall(r"(?:Next elapse|Iter[a-z]*\.? #\d|#\d): \w+ (\S+ \S+)", out)]
    check(len(days) == 3 and all(abs(b - a - 86400) <= 7200 for a, b in zip(days, days[1:])), f"once a day: {out}")
if shutil.which("systemctl"):
    os.makedirs("root/usr/lib/systemd/system")
    for unit in (timer, daily):
        shutil.copy(unit, "root/usr/lib/systemd/system")
    out = subprocess.run(["systemctl", "--root=" + os.path.abspath("root"), "enable", f"imingest@{name}.timer"], capture_output=True, text=True)
    check(out.returncode == 0 and os.path.islink(f"root/etc/systemd/system/timers.target.wants/imingest@{name}.timer"), f"enabled: {out.stderr}")
finish()
