# Completion in a real zsh on a terminal: keys in, screen out. Arguments: the source folder, the folder of the programs.
import os, pty, re, select, shutil, subprocess, sys, tempfile, time

source, programs = (os.path.abspath(p) for p in sys.argv[1:3])
if not shutil.which("zsh"):
    print("skipped: no zsh")
    sys.exit(77)
folder = tempfile.mkdtemp()
environment = {"PATH": programs + ":" + os.environ["PATH"], "HOME": folder, "ZDOTDIR": folder, "TERM": "dumb", "LC_ALL": "C.UTF-8"}
subprocess.run("imsim -o night -ccds 1 -seed 1 > out && imregister -db n.db night > out 2>&1", shell=True, cwd=folder, env=environment, check=True)
with open(os.path.join(folder, ".zshrc"), "w") as rc:
    rc.write(f"fpath=({source}/share $fpath)\nautoload -Uz compinit && compinit -u\nsetopt no_beep\nPROMPT='READY> '\nunsetopt zle_bracketed_paste\nLISTMAX=1000\n")
pid, terminal = pty.fork()
if pid == 0:
    os.chdir(folder)
    os.execvpe("zsh", ["zsh", "-i"], environment)


def read_until(done, seconds=60):
    text, end = "", time.time() + seconds
    while time.time() < end and not done(text):
        if select.select([terminal], [], [], 0.2)[0]:
            text += os.read(terminal, 65536).decode(errors="replace")
    return text


read_until(lambda t: "READY> " in t)
bad = 0
for typed, wanted in (("imsearch -uni", ["-unique "]), ("imsearch -db n.db -type fla", ["-type flat"]), ("imsearch -db n.db -type bias,da", ["bias,dark"]), ("imsearch -db n.db -sort -obst", ["-sort -obstime"]),
                      ("imsearch -db n.db -fields ccd,", ["airmass", "filename", "teltemp"]), ("imsearch -db n.db -format votab", ["votable"]), ("imcamera cov", ["coverage"]), ("imsearch -help ", ["filters", "order", "output"]),
                      ("imregtable --form", ["--format"]), ("imsearch -db n", ["n.db"])):
    os.write(terminal, typed.encode() + b"\t")
    shown = read_until(lambda t: all(w in t for w in wanted), 20)
    if not all(w in shown for w in wanted):
        print(f"{typed!r} and tab show {shown!r}, not {wanted}")
        bad += 1
    os.write(terminal, b"\x15\r")  # an empty line, for a new prompt
    read_until(lambda t: "READY> " in t, 20)
os.close(terminal)
os.waitpid(pid, 0)
shutil.rmtree(folder)
print(f"zsh: {bad} faults")
sys.exit(1 if bad else 0)
