# Examples in texts, as commands that are run: "$ command" lines with the output that must follow. Used by the tests here.
import os
import re
import subprocess
import tempfile

FOLDER = "/home/you"  # what the texts call the folder in which the examples run


def commands(block):
    """[(command, expected output)] of a block of lines; lines before the first "$ " are an error."""
    found = []
    for line in block.strip("\n").split("\n"):
        if line.startswith("$ "):
            found.append((line[2:], ""))
        elif found:
            command, expected = found[-1]
            found[-1] = (command, expected + line + "\n")
        else:
            raise ValueError(f"an example that begins with output: {line}")
    return found


def page_blocks(text):
    """The blocks between .nf and .fi in the section EXAMPLES of a man page, without roff."""
    section = re.search(r"^\.SH EXAMPLES\n(.*?)(?=^\.SH |\Z)", text, re.M | re.S)
    blocks = re.findall(r"^\.nf\n(.*?)^\.fi\n", section.group(1), re.M | re.S) if section else []
    for roff, plain in (("\\-", "-"), ("\\(dq", '"'), ("\\(aq", "'"), ("\\&", ""), ("\\e", "\\")):
        blocks = [block.replace(roff, plain) for block in blocks]
    return blocks


class Place:
    """An empty folder, the programs in PATH, nothing of the user's environment that could matter."""

    def __init__(self, programs):
        self.temporary = tempfile.TemporaryDirectory()
        self.folder = os.path.realpath(self.temporary.name)
        self.environment = {k: v for k, v in os.environ.items() if k not in ("IMREG_DB", "PTOLEMY")}
        self.environment.update(PATH=os.path.abspath(programs) + os.pathsep + os.environ["PATH"], HOME=self.folder, LC_ALL="C.UTF-8")

    def run(self, command):
        """Exit code, and all that it prints, with the folder masked."""
        done = subprocess.run(["bash", "-c", command], cwd=self.folder, env=self.environment, text=True, timeout=300,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        return done.returncode, done.stdout.replace(self.folder, FOLDER)


def faults(name, blocks, programs):
    """Runs the blocks one after another in one folder; a text for each command that prints something else."""
    place = Place(programs)
    bad, count = [], 0
    for block in blocks:
        for command, expected in commands(block):
            count += 1
            code, printed = place.run(command)
            if printed != expected:
                bad.append(f"{name}: $ {command}\n--- the text says\n{expected}--- it prints (exit {code})\n{printed}")
    return bad, count, place
