# Each house rule must see a planted violation, and must pass the same tree without it.
import os
import shutil
import stat
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True
import rules

MAN = ".TH P 1 \"\" imreg \"imreg manual\"\n.SH NAME\nprog \\- works\n.SH OPTIONS\n.TP\n.BI \\-db \" PATH\"\nx\n.TP\n.B \\-help\nx\n"
HELP = "#!/bin/sh\nprintf 'prog: works\\n\\n  -db PATH  x\\n  -help  y\\nexamples:\\n  prog -x\\n  prog -db x\\n'\n"
CLEAN = {
    "include/imreg/status.h": "// include/imreg/status.h for a test.\n#pragma once\n#include <string>\n",
    "include/imreg/schema.h": "// include/imreg/schema.h for a test.\n#pragma once\n#include \"imreg/status.h\"\nstd::string f();\n",
    "include/imreg/emit.h": "// include/imreg/emit.h for a test.\n#pragma once\n#include \"imreg/schema.h\"\n",
    "src/base/text.h": "// src/base/text.h for a test.\n#pragma once\n#include <string>\ninline std::string g() { return {}; }\n",
    "src/base/README.md": "# base\n",
    "src/os/file.cc": "// Files of the disk.\n#include <boost/interprocess/mapped_region.hpp>\n#include \"base/text.h\"\n",
    "src/os/README.md": "# os\n",
    "src/sky/angle.h": "// src/sky/angle.h for a test.\n#pragma once\n#include \"base/text.h\"\n",
    "src/sky/README.md": "# sky\n",
    "src/registry/r.cc": "// src/registry/r.cc for a test.\n#include \"formats/regimage.h\"\n#include \"os/file.h\"\n#include \"imreg/emit.h\"\n",
    "src/registry/README.md": "# registry\n",
    "bin/prog.cc": "// bin/prog.cc for a test.\n#include \"registry/r.h\"\nint main() {}\n",
    "man/prog.1": MAN,
    "build/bin/prog": HELP,
}

CASES = [  # rule, file, text, a part of the expected message
    ("floors", "src/base/text.h", "#pragma once\n#include \"os/file.h\"\n", "upward"),
    ("floors", "src/os/file.cc", "#include \"sky/angle.h\"\n", "sideways"),
    ("floors", "src/os/file.cc", "  #  include   \"imreg/emit.h\"\n", "upward"),
    ("floors", "src/os/file.cc", "#include \"formats/regimage.h\"\n", "generated record headers"),
    ("floors", "src/os/file.cc", "#include \"file.h\"\n", "in no room"),
    ("floors", "src/kitchen/pot.cc", "int x;\n", "no floor"),
    ("floors", "include/imreg/status.h", "#include \"base/text.h\"\n", "only std and public headers"),
    ("floors", "include/imreg/status.h", "#include <fmt/format.h>\n", "only std and public headers"),
    ("floors", "include/imreg/status.h", "#include <unistd.h>\n", "only std and public headers"),
    ("floors", "include/imreg/status.h", "#include \"imreg/emit.h\"\n", "higher floor"),
    ("floors", "include/imreg/attic.h", "#pragma once\n", "no room in the table"),
    ("vendors", "src/os/file.cc", "#include <fitsio.h>\n", "only in: pixels"),
    ("vendors", "src/registry/r.cc", "#include <boost/program_options.hpp>\n", "only in: cli"),
    ("vendors", "src/registry/r.cc", "#include <erfa.h>\n", "only in: sky"),
    ("vendors", "src/registry/r.cc", "#include <wcslib/wcs.h>\n", "only in: sky"),
    ("vendors", "src/registry/r.cc", "#include <boost/interprocess/sync/file_lock.hpp>\n", "only in: os"),
    ("vendors", "src/registry/r.cc", "#include <jpeglib.h>\n", "only in: raster"),
    ("vendors", "src/registry/r.cc", "#include <cairo/cairo.h>\n", "only in: chart"),
    ("vendors", "bin/prog.cc", "#include <boost/program_options.hpp>\n", "only in: cli"),
    ("disk_and_shell", "src/registry/r.cc", "// R.\nvoid f() { ::fdatasync(3); }\n", "fdatasync() past os"),
    ("disk_and_shell", "src/registry/r.cc", "// R.\nint f() { return ::rename(\"a\", \"b\"); }\n", "rename() past os"),
    ("disk_and_shell", "bin/prog.cc", "// P.\nint main() { return std::system(\"ls\"); }\n", "a shell"),
    ("disk_and_shell", "src/os/file.cc", "// F.\nauto* f() { return popen(\"ls\", \"r\"); }\n", "a shell"),
    ("disk_and_shell", "src/registry/r.cc", "// R.\nconst char* k = \"/bin/sh\";\n", "a shell"),
    ("lengths", "bin/prog.cc", "\n" * 151, "at most 150 lines"),
    ("lengths", "src/os/README.md", "x\n" * 31, "at most 30 lines"),
    ("lengths", "src/os/README.md", None, "has no README"),
    ("unfinished", "src/os/file.cc", "// TO" "DO: later\n", "src/os/file.cc:1"),
    ("unfinished", "man/prog.1", MAN + "FIX" "ME\n", "man/prog.1:"),
    ("headers_alone", "src/sky/angle.h", "#pragma once\nstd::string f();\n", "does not compile alone"),
    ("headers_alone", "include/imreg/schema.h", "#pragma once\nstd::string f();\n", "does not compile alone"),
    ("manuals", "man/prog.1", None, "has no man page"),
    ("manuals", "man/prog.1", MAN + ".TP\n.B \\-gone\nx\n", "-gone is not in prog -help"),
    ("manuals", "man/prog.1", MAN.replace("\\-db", "\\-dc"), "-db of prog -help is missing"),
    ("manuals", "build/bin/prog", "#!/bin/sh\nexit 3\n", "ends with 3"),
    ("manuals", "build/bin/prog", "#!/bin/sh\nprintf '  -db\\n  -help\\n'\nyes | head -50\n", "does not fit a screen"),
    ("manuals", "build/bin/prog", HELP.replace("  x", " " * 80 + "x"), "does not fit a screen"),
    ("manuals", "build/bin/prog", HELP.replace("\\n  prog -db x", ""), "two examples"),
    ("manuals", "build/bin/prog", HELP.replace("#!/bin/sh", "#!/bin/sh\n[ -n \"$1$2\" ] && [ -z \"$2\" ] && printf 'prog\\nexamples:\\n  prog\\n  prog\\n' && exit"), "does not name -db, -help"),
    ("purposes", "src/os/file.cc", "#include \"base/text.h\"\n", "does not say"),
    ("purposes", "src/sky/angle.h", "#pragma once\n// Angles of the sky.\n", "does not say"),
    ("purposes", "bin/prog.cc", "//\nint main() {}\n", "does not say"),
    ("manuals", "build/bin/prog", None, "cannot be run"),
]
if shutil.which("mandoc"):
    CASES.append(("man_lint", "man/prog.1", MAN + ".XYZ unknown macro\n", "XYZ"))


def plant(root, files):
    for name, text in files.items():
        path = os.path.join(root, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as file:
            file.write(text)
        if "/bin/" in path and not path.endswith(".cc"):
            os.chmod(path, stat.S_IRWXU)


def run(rule, root):
    if rule == "manuals":
        return rules.manuals(root, os.path.join(root, "build/bin"))
    return getattr(rules, rule)(root)


failures = []
for rule in ("floors", "vendors", "disk_and_shell", "lengths", "unfinished", "purposes", "headers_alone", "manuals"):
    with tempfile.TemporaryDirectory() as root:
        plant(root, CLEAN)
        found = run(rule, root)
        if found:
            failures.append(f"{rule} sees a fault in the clean tree: {found}")
for rule, name, text, expected in CASES:
    with tempfile.TemporaryDirectory() as root:
        plant(root, {k: v for k, v in CLEAN.items() if k != name} | ({name: text} if text is not None else {}))
        found = run(rule, root)
        if not any(expected in fault for fault in found):
            failures.append(f"{rule} overlooks {name} ({expected}): {found}")

# A stamp must not hide a header whose own include has become bad.
with tempfile.TemporaryDirectory() as root:
    plant(root, CLEAN)
    cache = os.path.join(root, "cache")
    first = rules.headers_alone(root, "", cache)
    plant(root, {"src/base/text.h": "#pragma once\nbroken\n"})
    second = rules.headers_alone(root, "", cache)
    if first or not any("src/sky/angle.h" in fault for fault in second):
        failures.append(f"headers_alone: stamps hide a change of an include: {first} {second}")

for failure in failures:
    print(failure)
print(f"{len(CASES)} planted violations, {len(failures)} failures")
sys.exit(1 if failures else 0)
