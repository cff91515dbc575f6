#!/bin/bash
# A simulated night of a mosaic camera is registered and searched: demo.sh [FOLDER OF THE PROGRAMS]
# The night and its database stay in the folder demo beside the programs' folder; the next demo replaces them.
set -euo pipefail
bin=${1:-build/bin}
[ -x "$bin/imsearch" ] || { echo "demo.sh: $bin holds no imsearch; \`make demo\` builds it first" >&2; exit 1; }
folder=$(dirname "$bin")/demo
mkdir -p "$folder"
rm -rf "$folder/night" "$folder"/Imreg.db* "$folder"/elixir.db* "$folder/headers"
PATH=$(cd "$bin" && pwd):$PATH
unset IMREG_DB PTOLEMY
bold= plain=
if [ -t 1 ]; then bold=$'\e[1m' plain=$'\e[0m'; fi

say() { echo; printf '# %s\n' "$@"; }
# Prints a command and runs it in the demo's folder; of long output the first lines.
run() {
  printf '%s$ %s%s\n' "$bold" "$2" "$plain"
  local output lines
  output=$(cd "$folder" && eval "$2" 2>&1)
  lines=$(wc -l <<< "$output")
  sed -n "1,$1p" <<< "$output"
  if [ "$lines" -gt "$1" ]; then printf '... %d more lines\n' $((lines - $1)); fi
}

say "A camera of 4 CCDs (it exists only in imsim) observes for a night. All files go to $folder."
run 4 "imsim -o night -ccds 4 -seed 1"

say "imregister reads the headers: one row for each CCD of each exposure. What is no FITS file is passed over."
run 4 "imregister -db Imreg.db night"

say "What did CCD 2 see of the sky that night? A row has 12 words:" \
  "number type mode ccd folder file filter exptime obstime fwhm bias sky (0 = not measured)"
run 4 "imsearch -db Imreg.db -type object -ccd 2 -trange 2001/01/27 1d"

say "All exposures in r, in columns of your choice"
run 6 "imsearch -db Imreg.db -type object -filter r -ccd 0 -fields filename,object,exptime,airmass,obstime"

say "What is not sky, as CSV for a spreadsheet"
run 6 "imsearch -db Imreg.db -type '!object' -format csv -fields filename,type,filter,ccd,obstime"

say "As JSON for a program: one object a line, times in seconds since 1970"
run 2 "imsearch -db Imreg.db -name 600011 -format json -fields filename,ccd,filter,obstime,exptime"

say "Where does each value come from? Keyword and HDU stand behind it."
run 12 "showiminfo night/*/600011o.fits"

say "Registering again adds nothing: a known image keeps its row."
run 4 "imregister -db Imreg.db night"

say "To the database format of Elixir (2000) and back: imsearch reads both."
run 4 "convertimreg Imreg.db elixir.db -to v3"
run 2 "imsearch -db elixir.db -type flat -filter g"

say "imingest keeps every keyword of every extension: a table for each kind of HDU, and the headers as they stand in the files."
run 4 "imingest -db headers night"
run 4 "imingest -db headers night   # again: nothing to do"

say "A search by any keyword, and the header of one CCD, card by card"
run 4 "imsearch -db headers -from simprime_ccd -where 'EXPTIME > 500 and GAIN < 1.7' -fields FILENAME,CCDNAME,EXPTIME,GAIN"
run 4 "imheader -db headers 600011o.fits -hdu 2"

say "Pictures: an exposure with its CCDs in their places, and a page of all objects of the night"
run 2 "imlook -size 600 -o 600011o.jpg night/*/600011o.fits"
run 2 "imlook -db Imreg.db -type object -sheet objects.html"
echo "  $folder/objects.html is for your browser."

say "Now with your own FITS files, of any telescope:"
cat << END
  $bin/imregister -db my.db FOLDER
  $bin/imsearch -db my.db
  $bin/imsearch -db my.db -type object -trange 2024/01/01 1y -fields filename,filter,exptime,obstime
  $bin/showiminfo FILE          when a value looks wrong
  $bin/imingest -db headers FOLDER
  $bin/imlook FILE                  a picture in the terminal
  $bin/imsearch -help           all filters; README.md and man ./man/imsearch.1 tell more
END
