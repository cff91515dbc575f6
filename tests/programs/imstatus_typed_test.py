"""At the prompt of imstatus, in a terminal of tmux: Tab completes values with blanks, lists, files; Ctrl-C ends what is being computed, and the vectors stay."""
import time
from harness import *
from terminal import *

run("imsim", "-rows", 60000, "-db", "n.db", "-seed", 3, code=0)
image("a.fits", OBJECT="NGC 891"), image("b.fits", OBJECT="NGC 8911"), image("c.fits", OBJECT="O'Hara")
run("imregister", "-db", "n.db", "a.fits", "b.fits", "c.fits", code=0)
os.mkdir("tables"), write("tables/one file.csv", "a\n1\n"), write("tables/two.csv", "a\n2\n")
os.environ["IMREG_DB"] = os.path.join(work, "n.db")


def completed(typed, wanted, what):
    """Typed and completed by Tab, the line is this; then it is forgotten."""
    keys(typed, "Tab")
    shows("^imstatus> " + re.escape(wanted.rstrip()) + r" ?$", f"{what}: {typed}")
    keys("C-u")
    shows(r"^imstatus> ?\n*\Z", "an empty line")


def typed():
    tmux("new-session", "-d", "-s", "s", "-x", "100", "-y", "30", "-c", work, os.path.join(BIN, "imstatus") + "; echo ended with $?; sleep 1000")
    shows(r"^imstatus> ?$", "the prompt")
    completed("stat fwhm -object NGC8", "stat fwhm -object NGC8", "nothing begins so")
    completed("stat fwhm -object NG", "stat fwhm -object 'NGC ", "what several begin with is in a quote that stays open")
    completed("stat fwhm -object 'NGC 8", "stat fwhm -object 'NGC 891", "within a quote")
    completed("stat fwhm -object NGC\\ 8911", "stat fwhm -object 'NGC 8911'", "behind a backslash")
    completed("stat fwhm -object O", "stat fwhm -object \"O'Hara\"", "a quote within")
    completed("stat fwhm -type object,da", "stat fwhm -type object,dark", "the last of a list")
    completed("read tables/o", "read 'tables/one file.csv'", "a file, in quotes")
    completed("read tables/t", "read tables/two.csv", "a file")
    completed("read tab", "read tables/", "a folder")
    keys("stat fwhm -filter ", "Tab")
    shows(r"^H +Halpha +J", "all values, where nothing is typed")
    keys("C-u")
    keys("stat sky -object 'NGC 8911' ", "Enter")
    shows(r"^sky +\d+ ", "what was completed can be typed")
    keys("read 'tables/one file.csv'", "Enter", "keep = a", "Enter", "vectors", "Enter")
    shows(r"^keep  1 number", "a vector")
    keys("C-l", "x = cumsum(sky)", "Enter", "vectors", "Enter")
    shows(r"^x  \d+ numbers", "it is done before the next line")
    # The key may come before the line is being computed (then it only forgets the line), or behind its end: typed again.
    for wait in (0.4, 1, 2, 4, 0.2, 0.1, 8, 0.4, 1, 2):
        keys("C-l", "stat " + " ".join(f"smooth(x+{i},1001)" for i in range(60)), "Enter")
        time.sleep(wait)
        keys("C-c")
        time.sleep(1)
        if re.search("^imstatus: interrupted$", screen(), re.M):
            break
    shows(r"imstatus: interrupted$", "Ctrl-C ends it")
    keys("C-l")
    keys("vectors", "Enter")
    shows(r"^keep  1 number", "the vectors are still there")
    keys("C-d")
    shows(r"ended with 0", "Ctrl-D ends it")


guarded(typed)
tmux("kill-server")
finish()
