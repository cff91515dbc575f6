"""A person at imstatus' prompt, in a terminal of tmux: editing, completion by Tab, history, pictures, Ctrl-C and Ctrl-D. And the page of a night."""
import time
from harness import *
from terminal import *

run("imsim", "-rows", 3000, "-db", "n.db", "-seed", 3, code=0)
os.environ["IMREG_DB"] = os.path.join(work, "n.db")


def typed():
    tmux("kill-server")
    tmux("new-session", "-d", "-s", "s", "-x", "90", "-y", "30", os.path.join(BIN, "imstatus") + "; echo ended with $?; sleep 1000")
    shows(r"^imstatus> ?$", "the prompt")
    keys("stat fwh", "Tab")
    shows(r"^imstatus> stat fwhm ?$", "Tab completes a field")
    keys("-type ob", "Tab")
    shows(r"stat fwhm -type object ?$", "and a value")
    keys("Enter")
    shows(r"^fwhm +\d+ ", "the answer")
    keys("sta", "Tab")
    shows(r"^imstatus> stat ?$", "and a verb")
    keys("C-u")
    keys("s = sky/exptime", "Enter", "vectors", "Enter")
    shows(r"^s  3000 numbers", "a vector lives on")
    keys("s", "Tab", "Tab")
    shows(r"select\s.*subset|stat", "many that fit are listed")
    keys("C-u", "Up", "Up", "Enter")
    shows(r"^imstatus> s = sky/exptime\n(.*\n)*imstatus> s = sky/exptime", "the history")
    keys("stat nonsense(", "Enter")
    shows(r"^imstatus: ", "a mistake is told, and the shell goes on")
    keys("clear-no-verb", "Enter")
    shows(r"there is no verb", "another")
    keys("half a line", "C-c")
    keys("stat sky", "Enter")
    shows(r"^sky +3000 ", "Ctrl-C forgets the line only")
    tmux("clear-history", "-t", "s")
    keys("plot obstime sky -style braille", "Enter")
    shows(r"sky over obstime", "a picture")
    shows("[\u2801-\u28ff]", "in dots of braille")
    keys("C-d")
    shows(r"ended with 0", "Ctrl-D ends it")
    check("stat fwhm -type object" in read(".local/state/imreg/imstatus.history").decode().replace("\\040", " "), "the history is kept")
    check(os.stat(".local/state/imreg/imstatus.history").st_mode & 0o077 == 0, "for nobody else")
    tmux("kill-server")


def page():
    run("imsim", "-o", "night", "-ccds", 3, "-objects", 6, "-size", "200x300", "-seed", 2, code=0)
    run("imsort", "-db", "t.db", "night", code=0)
    run("imelixir", "-db", "t.db", "-once", "-j", 2, code=0)
    os.environ.pop("IMREG_DB")
    day = run("imsearch", "-db", "t.db", "-sort", "obstime", "-limit", 1, "-format", "csv", "-fields", "obstime", code=0).stdout.split("\n")[1][:10]
    run("imstatus", "report", day, "2d", "-db", "t.db", "-o", "night.html", code=0)
    text = read("night.html").decode()
    exposures = {r["filename"] for r in rows("t.db")}
    for name in exposures:
        check(f"<td>{name}</td>" in text, f"{name} is on the page")
    check(f"{len(exposures)} exposures, {len(rows('t.db'))} images" in text, "the numbers")
    import xml.etree.ElementTree as tree
    pictures = {root.get("aria-label"): root for root in map(tree.fromstring, re.findall(r"<svg .*?</svg>", text, re.S))}
    for name in ("Seeing", "Sky", "Bias", "Focus", "Seeing by CCD", "Pointings"):
        check(name in pictures, f"the picture {name}: {list(pictures)}")
    for name, root in pictures.items():
        check(len(list(root.iter())) > 20 and root.get("viewBox"), f"{name} is a picture")
        check(not any(one.get("id") for one in root.iter()), f"{name} has ids, which could be another picture's")
    style = re.search(r"<style>(.*?)</style>", text, re.S).group(1)
    selectors = " ".join(re.findall(r"(?:^|[{}])([^{}@]+)\{", style))
    for element in re.findall(r"(?<![.\w-])([a-z]\w*)", selectors):
        check(f"<{element}" in text, f"the page has a rule for <{element}> and none of it")
    check(re.search(r"\.grid svg\{[^}]*width:100%;height:auto", style), "pictures are as wide as their place: nothing of them is cut")
    check(not re.search(r'(src|href)="(?!data:|#)', text) and not re.search(r'https?://(?!www\.w3\.org/2000/svg")', text), "nothing is loaded from anywhere")
    check("What failed" not in text, "nothing failed")
    # A statistic that failed, and a line of a queue that failed, are on the page; names are texts, not markup.
    name = sorted(exposures)[-1]
    run("imstatreg", "-db", "t.db", stdin=json.dumps({"file": name, "ccd": 1, "extension": 2, "fwhm": None, "fwhm_state": "failed", "reason": "clouds"}) + "\n", code=None)
    image("night/odd <b>&amp.fits", DATE_OBS=day + "T23:00:00", OBJECT="<script>")
    run("imsort", "-db", "t.db", "night/odd <b>&amp.fits", code=0)
    write("night/odd <b>&amp.fits", b"no image any more")
    run("imelixir", "-db", "t.db", "-once", "-D", "TRIES_IMSTAT", 1, code=4)
    run("imstatus", "report", day, "2d", "-db", "t.db", "-o", "night.html", code=0)
    text = read("night.html").decode()
    check("What failed" in text and "queue IMSTAT: odd &lt;b&gt;&amp;amp.fits" in text, "the failed line")
    check(f"{name} CCD 1: fwhm could not be measured" in text, "the failed measurement")
    # A line that failed for a file which is registered nowhere is on the page of its folder, or of its time, and on no other.
    os.makedirs("else", exist_ok=True)
    image("night/lost.fits", DATE_OBS=day + "T23:10:00"), image("else/new.fits", DATE_OBS=day + "T23:10:00")
    os.utime("night/lost.fits", (1e9, 1e9)), os.utime("else/new.fits", (1e9, 1e9))
    run("imsort", "-db", "t.db", "night/lost.fits", "else/new.fits", code=0)
    run("imrm", "-db", "t.db", "night/lost.fits", "else/new.fits", code=0)
    run("imelixir", "-db", "t.db", "-once", "-D", "TRIES_IMSTAT", 1, code=4)
    run("imstatus", "report", day, "2d", "-db", "t.db", "-o", "night.html", code=0)
    text = read("night.html").decode()
    check(re.search(r"queue IMSTAT: lost.fits CCD \d+, which is not registered: ", text), "the failed line of a file in the night's folder")
    check("new.fits" not in text, "and not that of another folder and time")
    check("<script>" not in text and "<b>" not in text and "&lt;script&gt;" in text, "names are no markup")
    fails(1, ["nothing is selected", "1970-01-01"], "imstatus", "report", "1970-01-01", "-db", "t.db", "-o", "no.html")
    check(not os.path.exists("no.html"), "no page of nothing")
    fails(2, ["report takes a date"], "imstatus", "report", "-db", "t.db", "-o", "no.html")
    fails(2, ["month 13"], "imstatus", "report", "2001-13-01", "-db", "t.db", "-o", "no.html")
    # -follow: the page is written again when rows come.
    follow = subprocess.Popen([os.path.join(BIN, "imstatus"), "report", day, "2d", "-db", "t.db", "-o", "f.html", "-follow"], stderr=subprocess.PIPE, text=True)

    def page_has(what):
        end = time.monotonic() + 60
        while time.monotonic() < end and not (os.path.exists("f.html") and what in read("f.html").decode()):
            time.sleep(0.1)
        return what in read("f.html").decode()

    check(page_has("http-equiv=\"refresh\""), "the page that follows")
    image("night/late.fits", DATE_OBS=day + "T23:30:00")
    run("imregister", "-db", "t.db", "night/late.fits", code=0)
    check(page_has("late.fits"), "a row that came later is on it")
    follow.terminate()
    equal(follow.wait(60), 0, "it ends when told")


guarded(typed)
tmux("kill-server")
guarded(page)
finish()
