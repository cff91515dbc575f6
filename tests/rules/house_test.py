# The house rules, held against this source tree. Arguments: source folder, folder of the programs.
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True
import rules

root, programs = sys.argv[1], sys.argv[2]
build = os.path.dirname(os.path.abspath(programs))
faults = rules.floors(root) + rules.vendors(root) + rules.disk_and_shell(root) + rules.lengths(root) + rules.unfinished(root) + rules.purposes(root)
faults += rules.headers_alone(root, os.path.join(build, "generated"), os.path.join(build, "rules-cache"))
faults += rules.manuals(root, programs) + rules.man_lint(root)
for fault in faults:
    print(fault)
print(f"house rules: {len(faults)} violations" if faults else "house rules: clean")
sys.exit(1 if faults else 0)
