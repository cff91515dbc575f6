# Completion in bash: options and verbs of -help, values that the programs know, filters of the database.
# Arguments: the source folder, the folder of the programs.
set -eu
source=$(cd "$1" && pwd) bin=$(cd "$2" && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
unset IMREG_DB PTOLEMY IMREG_CAMERAS
source "$source/share/imreg.bash"
cd "$folder"
"$bin/imsim" -o night -ccds 1 -seed 1 > /dev/null
"$bin/imregister" -db n.db night > /dev/null 2>&1
bad=0
# What the words give when the last one is completed.
check() {
  local wanted=$1
  shift
  COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
  _imreg "$bin/$1"
  [ "${COMPREPLY[*]}" = "$wanted" ] || { echo "completing '$*' gave '${COMPREPLY[*]}', not '$wanted'"; bad=1; }
}
check "-db -dist -days -delete" imsearch -d
check "--help" imsearch --h
check "-unique" imsearch -un
check "" imsearch -zz
check "" imsearch file
check "check coverage" imcamera c
check "lint list" imcamera li
check "" imcamera check c
check "filename filesize filter fingerprint flag fwhm" imsearch -db n.db -sort f
check "-object -obstime" imsearch -db n.db -sort -ob
check "filename,exptime" imsearch -db n.db -fields filename,expt
check "flat fringe frpts" imsearch -db n.db -type f
check "bias,dark" imsearch -db n.db -type bias,da
check "!dark" imsearch -db n.db -type "!da"
check "MEF MODES" imsearch -db n.db -mode m
check "fits fits-table" imsearch -db n.db -format fi
check "g i r u z" imsearch -db n.db -filter ""
check "r,g" imsearch -db n.db -filter r,g
check "t" imsearch -proc t
check "all filters order output" imsearch -help ""
check "filters" imsearch --help f
check "all" imregister -help ""
check "v1 v2 v3" convertimreg a b -to v
check "json" showiminfo -format j
check "json" imregtable -format j
check "-repair -rebuild-index" imcheck -re
check "json" imcheck -format j
check "" imsearch -time 20
check "" imregister -db n
for program in "$source"/bin/*.cc; do
  name=$(basename "$program" .cc)
  program=$bin/$name
  complete -p "$name" > /dev/null || { echo "$name has no completion"; bad=1; }
  # Every option of -help all is offered, and nothing else.
  COMP_WORDS=("$name" -) COMP_CWORD=1
  _imreg "$program"
  for option in "${COMPREPLY[@]}"; do
    "$program" -help all | grep -Eq "^  $option( |\$)" || { echo "$name offers $option"; bad=1; }
  done
  [ "${#COMPREPLY[@]}" -ge 3 ] || { echo "$name offers ${#COMPREPLY[@]} options"; bad=1; }
done
exit $bad
