"""A terminal of tmux that a person types into, for tests of imstatus' prompt."""
import time
from harness import *

if not shutil.which("tmux"):
    skip("no tmux")

os.environ.update(TERM="xterm-256color", LC_ALL="C.UTF-8")
TMUX = ["tmux", "-L", f"imreg{os.getpid()}", "-f", "/dev/null"]
patience = 120 if SANITIZED else 60


def tmux(*words):
    return subprocess.run([*TMUX, *words], capture_output=True, text=True, timeout=60)


def screen():
    return tmux("capture-pane", "-p", "-t", "s").stdout


def keys(*words):
    """Names of keys, or texts as they are."""
    for word in words:
        named = re.fullmatch(r"Tab|Enter|Up|C-[a-z]", word)
        tmux("send-keys", "-t", "s", *([] if named else ["-l"]), "--", word)


def shows(pattern, what):
    end = time.monotonic() + patience
    while time.monotonic() < end:
        if re.search(pattern, screen(), re.M):
            return check(True, what)
        time.sleep(0.05)
    return check(False, f"{what}: {pattern!r} is not on the screen:\n{screen()}")
