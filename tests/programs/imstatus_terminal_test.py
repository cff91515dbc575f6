"""imstatus in terminals (pseudo-terminals) that show sixels, that do not, and that say nothing: who is asked, what is drawn, what is typed meanwhile."""
import fcntl, pty, select, signal, struct, termios, time
from harness import *

run("imsim", "-rows", 2000, "-db", "n.db", "-seed", 3, code=0)
write("sixel.rc", "PICTURE_STYLE sixel\n")
write("ascii.rc", "PICTURE_STYLE ascii\n")
write("wrong.rc", "PICTURE_STYLE colour\n")
QUESTION, SIXEL = b"\x1b[c", b"\x1bP"
BRAILLE = re.compile("[\u2801-\u28ff]")
PLOT = ["imstatus", "-db", "n.db", "plot", "obstime", "sky"]
patience = 120 if SANITIZED else 60


class Terminal:
    """A program in a terminal of its own, which answers `answer` to the question, None: nothing. `before` has been typed when it starts."""

    def __init__(self, words, answer, before=b"", term="xterm-256color", size=None, **more):
        self.answer, self.shown = answer, b""
        self.go, go = os.pipe()[::-1]
        self.child, self.end = pty.fork()
        if self.child == 0:
            os.read(go, 1)  # what is typed before is there
            os.environ.update(TERM=term, LC_ALL="C.UTF-8", PATH=BIN + ":" + os.environ["PATH"], **more)
            os.execvp(words[0], words)
        self.flags = termios.tcgetattr(self.end)
        if size:  # rows, columns, and the pixels of all
            fcntl.ioctl(self.end, termios.TIOCSWINSZ, struct.pack("HHHH", *size))
        if before:
            os.write(self.end, before)
        os.write(self.go, b"x")

    def look(self, until=None):
        """Reads until the program ends, or until(shown); answers what is asked."""
        end = time.monotonic() + patience
        while time.monotonic() < end and not (until and until(self.shown)):
            if not select.select([self.end], [], [], 0.05)[0]:
                continue
            try:
                piece = os.read(self.end, 65536)
            except OSError:  # the other end is closed
                piece = b""
            if not piece:
                break
            asked = self.shown.count(QUESTION)
            self.shown += piece
            if self.answer is not None and self.shown.count(QUESTION) > asked:
                os.write(self.end, self.answer)
        return self

    def close(self):
        """The exit code."""
        self.look()
        self.left = termios.tcgetattr(self.end)
        os.close(self.end), os.close(self.go)
        return os.waitstatus_to_exitcode(os.waitpid(self.child, 0)[1])


def again(good, words, answer, **more):
    """A terminal whose program has ended. An answer that a loaded machine brings late, behind half a second, is no answer: up to five times."""
    for _ in range(5):
        terminal = Terminal(words, answer, **more)
        terminal.code = terminal.close()
        if good(terminal.shown):
            break
    return terminal


def pictures():
    answers = {"xterm": (b"\x1b[?63;1;2;4;6;9;15;22c", True), "foot": (b"\x1b[?62;4;22c", True), "mlterm": (b"\x1b[?63;1;2;3;4;7;29c", True),
               "4 at the end": (b"\x1b[?62;4c", True), "xterm without": (b"\x1b[?64;1;2;6;9;15;16;17;18;21;22;28c", False),
               "numbers with a 4 in them": (b"\x1b[?64;14;41;44c", False), "what it is, is 4": (b"\x1b[?4;6c", False), "linux": (b"\x1b[?6c", False),
               "nobody answers": (None, False), "half an answer": (b"\x1b[?62;4", False), "nonsense": (b"\x1b[?62;4x", False)}
    for name, (answer, shows) in answers.items():
        terminal = again(lambda shown: (SIXEL in shown) == shows, PLOT, answer)
        check(terminal.code == 0, f"{name}: {terminal.shown[-300:]!r}")
        check(terminal.shown.count(QUESTION) == 1, f"{name}: asked once")
        check((SIXEL in terminal.shown) == shows, f"{name}: sixels {shows}")
        check(bool(BRAILLE.search(terminal.shown.decode(errors="replace"))) == (not shows), f"{name}: braille {not shows}")
        equal(terminal.left, terminal.flags, f"{name}: the terminal is as it was")
    # A picture is as wide as the terminal, whose characters have the pixels that the kernel knows; xterm shows no more than 1000.
    for size, wanted in (((45, 120, 720, 585), (720, 455)), ((45, 100, 1000, 900), (1000, 580)), ((60, 200, 2400, 1440), (1000, 936)), ((24, 80, 0, 0), (640, 368)),
                         ((24, 80, 40, 10), (640, 368))):
        terminal = again(lambda shown: SIXEL in shown, PLOT, answers["xterm"][0], size=size)
        equal(tuple(map(int, re.search(rb'\x1bP[0-9;]*q"1;1;(\d+);(\d+)', terminal.shown).groups())), wanted, f"a terminal of {size}")


def not_asked():
    sixel, ascii_ = b"\x1b[?62;4c", re.compile(rb"\n *\S*\+-+")
    for words, more, wanted in ((["-style", "braille"], {}, "braille"), (["-style", "ascii"], {}, "ascii"), (["-style", "sixel"], {}, "sixel"),
                                (["-c", "ascii.rc"], {}, "ascii"), (["-c", "sixel.rc"], {}, "sixel"), ([], {"term": "dumb"}, "braille"), ([], {"term": ""}, "braille"),
                                (["-c", "sixel.rc", "-style", "ascii"], {}, "ascii"), (["-o", "p.svg"], {}, ""), (["-format", "csv"], {}, "")):
        terminal = Terminal([*PLOT, *words], sixel, **more)
        check(terminal.close() == 0, f"{words} {more}: {terminal.shown[-300:]!r}")
        check(QUESTION not in terminal.shown, f"{words} {more}: nobody is asked")
        drawn = "sixel" if SIXEL in terminal.shown else "braille" if BRAILLE.search(terminal.shown.decode(errors="replace")) else "ascii" if ascii_.search(terminal.shown) else ""
        equal(drawn, wanted, f"{words} {more}")
    for words in (["-style", "auto", "-c", "ascii.rc"], ["-style", "auto"]):
        terminal = again(lambda shown: SIXEL in shown, [*PLOT, *words], sixel)
        check(SIXEL in terminal.shown, f"{words}: the terminal is asked")
    terminal = Terminal([*PLOT, "-c", "wrong.rc"], sixel)
    check(terminal.close() == 2 and b'PICTURE_STYLE: "colour" is none of' in terminal.shown, f"a style that is none: {terminal.shown!r}")
    # Output in a pipe or a file, of a program in a terminal.
    for shell in ("imstatus -db n.db plot obstime sky | cat", "imstatus -db n.db -c sixel.rc plot obstime sky > f.txt; cat f.txt"):
        terminal = Terminal(["sh", "-c", shell], sixel)
        terminal.close()
        check(QUESTION not in terminal.shown and SIXEL not in terminal.shown and BRAILLE.search(terminal.shown.decode(errors="replace")), f"{shell}: {terminal.shown[:200]!r}")
    # In the background it would be stopped (SIGTTOU).
    terminal = Terminal(["bash", "-c", "set -m; stty tostop; stty -tostop; imstatus -db n.db plot obstime sky & wait; echo done"], sixel)
    check(terminal.close() == 0 and QUESTION not in terminal.shown and b"done" in terminal.shown, f"in the background: {terminal.shown[:300]!r}")


def typed():
    plot = "imstatus -db n.db plot obstime sky; read -r one; read -r two; echo \"<$one|$two>\""
    for before in (b"typed ahead\nand more\n", b"typed "):
        terminal = Terminal(["sh", "-c", plot], b"\x1b[?62;4c", before=before)
        terminal.look(until=lambda shown: BRAILLE.search(shown.decode(errors="replace")))
        check(QUESTION not in terminal.shown, "keys wait: nobody is asked")
        if before == b"typed ":
            os.write(terminal.end, b"ahead\nand more\n")
        terminal.close()
        check(b"<typed ahead|and more>" in terminal.shown, f"typed before: {terminal.shown[-200:]!r}")
    # Around the answer: given back by the kernel, where it permits it.
    terminal = again(lambda shown: SIXEL in shown, ["sh", "-c", plot], b"ty\x1b[A\x1b[?62;4cped\nlater\n")
    check(SIXEL in terminal.shown, "the answer is found between keys")
    if b"<" in terminal.shown[-40:] and open("/proc/sys/dev/tty/legacy_tiocsti").read().strip() == "1":
        check(b"<ty\x1b[Aped|later>" in terminal.shown, f"typed while it is asked: {terminal.shown[-200:]!r}")
    # Ctrl-C while it waits for an answer ends it, and the terminal is as it was.
    terminal = Terminal(PLOT, None)
    terminal.look(until=lambda shown: QUESTION in shown)
    os.write(terminal.end, b"\x03")
    equal(terminal.close(), -signal.SIGINT, "Ctrl-C")
    equal(terminal.left, terminal.flags, "the terminal behind Ctrl-C")
    # So does a signal that comes from elsewhere.
    terminal = Terminal(PLOT, None)
    terminal.look(until=lambda shown: QUESTION in shown)
    os.kill(terminal.child, signal.SIGTERM)
    equal(terminal.close(), -signal.SIGTERM, "SIGTERM")
    equal(terminal.left, terminal.flags, "the terminal behind SIGTERM")


def shell():
    """The shell asks when it starts; keys that come with the answer are its first line."""
    for _ in range(5):  # as again()
        terminal = Terminal(["imstatus", "-db", "n.db"], b"sta\x1b[?62;4;22ct sky\r")
        terminal.look(until=lambda shown: re.search(rb"\nsky +2000 |imstatus: ", shown))
        first = terminal.shown
        os.write(terminal.end, b"plot obstime sky\r")
        terminal.look(until=lambda shown: b"\x1b\\" in shown.partition(SIXEL)[2] or BRAILLE.search(shown.decode(errors="replace")))
        if SIXEL in terminal.shown:
            break
        os.kill(terminal.child, signal.SIGKILL)
        terminal.close()
    check(re.search(rb"\nsky +2000 ", first), f"the line that was typed: {first!r}")
    os.write(terminal.end, b"plot obstime sky -style ascii\r")
    terminal.look(until=lambda shown: re.search(rb"\(UTC\)", shown.rpartition(SIXEL)[2]))
    os.write(terminal.end, b"quit\r")
    equal(terminal.close(), 0, f"the shell: {terminal.shown[-200:]!r}")
    equal((terminal.shown.count(QUESTION), terminal.shown.count(SIXEL)), (1, 1), "asked once, drawn once")


guarded(pictures)
guarded(not_asked)
guarded(typed)
guarded(shell)
finish()
