#!/bin/bash
# Fetches DuckDB's shared library, in an npm package, into the folder of the benches; without npm or a network it says so.
set -u
folder=${IMREG_BENCH_DATA:-${TMPDIR:-/tmp}/imreg-bench}/npm
package=@duckdb/node-api@1.5.6-r.1
ls "$folder"/node_modules/@duckdb/*/libduckdb.so > /dev/null 2>&1 && exit 0
if ! command -v npm > /dev/null; then
  echo "bench: there is no npm, so DuckDB is skipped"
elif mkdir -p "$folder" && log=$(npm install --prefix "$folder" --no-audit --no-fund "$package" 2>&1); then
  echo "bench: installed $package in $folder"
else
  echo "bench: npm cannot install $package, so DuckDB is skipped: $(tail -n 1 <<< "$log")"
fi
