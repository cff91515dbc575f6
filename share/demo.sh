#!/bin/bash
# A simulated night of a mosaic camera is registered and searched: demo.sh [FOLDER OF THE PROGRAMS]
# Everything happens in a temporary folder that is gone at the end.
set -euo pipefail
bin=$(cd "${1:-build/bin}" && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
PATH=$bin:$PATH
unset IMREG_DB PTOLEMY

say() { printf '\n# %s\n' "$*"; }
# Prints a command and runs it; of long output the first lines, and how many there are.
run() {
  local shown=$1
  shift
  printf '$'
  for word in "$@"; do
    if [[ $word == *[!A-Za-z0-9_./,=:-]* ]]; then printf " '%s'" "$word"; else printf ' %s' "$word"; fi
  done
  printf '\n'
  "$@" > output
  head -n "$shown" output | cut -c 1-150
  local lines
  lines=$(wc -l < output)
  if [ "$lines" -gt "$shown" ]; then printf '... %d lines in all\n' "$lines"; fi
}

say "One night of a mosaic camera with 4 CCDs, as FITS files"
run 4 imsim -o night -nights 1 -ccds 4 -seed 1
run 6 ls -R night

say "Registered: one row for each CCD of each exposure, in a file that is itself valid FITS"
run 4 imregister -db Imreg.db night

say "What one file gives, and the keyword and HDU behind every value"
run 12 showiminfo "$(find night -name '*.fits' | sort | tail -n 1)"

say "The exposures of the sky: index type mode ccd path file filter exptime obstime fwhm bias sky"
run 4 imsearch -db Imreg.db -type object

say "One CCD, one range of time, chosen fields"
run 6 imsearch -db Imreg.db -type object -ccd 2 -trange 2001/01/27 1d -format table -fields filename,ccd,filter,exptime,obstime

say "Everything that is not sky, by name, as CSV"
run 4 imsearch -db Imreg.db -type '!object' -format csv -fields filename,pathname,ccd,obstime

say "One JSON object a line, for other programs"
run 1 imsearch -db Imreg.db -type object -format json

say "Registering again changes nothing: rows are updated, never doubled"
run 4 imregister -db Imreg.db night

say "And back to the file format of the year 2000"
run 2 convertimreg Imreg.db elixir.db -to v3
run 2 imsearch -db elixir.db -type flat
