# Completion offers the options of -help, with one dash or two. Argument: the source folder.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
printf '#!/bin/sh\nprintf "prog: x\\n\\n  -db PATH  y\\n  -dist     z\\n  -help     a\\n"\n' > "$folder/prog"
chmod +x "$folder/prog"
source "$1/share/imreg.bash"
check() {
  COMP_WORDS=(prog "$1") COMP_CWORD=1
  _imreg "$folder/prog"
  [ "${COMPREPLY[*]}" = "$2" ] || { echo "completing '$1' gave '${COMPREPLY[*]}', not '$2'"; exit 1; }
}
check -d "-db -dist"
check --h "--help"
check -x ""
check file ""
for program in "$1"/bin/*.cc; do
  [ -e "$program" ] || continue
  complete -p "$(basename "$program" .cc)" > /dev/null || exit 1
done
