#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Run a fuzzer on its corpus; then say how many lines of the code under test the
# corpus reaches.
#
# usage: fuzz.sh FUZZER [OPTION...]	with the options of libFuzzer

name=$1
shift
corpus=$O/corpus/$name
mkdir -p "$corpus"

case $name in
parse_*_fuzz)
	format=${name#parse_}
	format=${format%_fuzz}
	code=parse_$format.c
	length=8192
	"$O/parse_test" --seeds "$format" "$corpus" || exit
	;;
link_fuzz)
	code=link.c
	length=8192
	cp "$O"/sample-*.ro "$corpus" || exit
	;;
crash_fuzz)
	code=crash_ranges.c
	length=512
	;;
*)
	code=${name%_fuzz}.c
	length=512
	;;
esac

echo "$name $*"
"$O/$name" -max_len=$length -artifact_prefix="$O/" -print_final_stats=1 "$@" "$corpus" \
	>"$O/$name.log" 2>&1
status=$?
if [ $status -ne 0 ]; then
	tail -n 40 "$O/$name.log"
	exit $status
fi
sed -n 's/^Done \(.*\)/  \1/p; s/^stat:://p' "$O/$name.log"

LLVM_PROFILE_FILE=$O/$name.profraw "$O/reached/$name" -runs=0 "$corpus" >"$O/$name.reached" 2>&1 &&
	llvm-profdata merge -o "$O/$name.profdata" "$O/$name.profraw" &&
	llvm-cov export -summary-only -instr-profile="$O/$name.profdata" "$O/reached/$name" |
	python3 -c '
import json, sys
for file in json.load(sys.stdin)["data"][0]["files"]:
    if file["filename"].endswith("/" + sys.argv[1]):
        lines = file["summary"]["lines"]
        print("  %s: %d of %d lines reached, %d %%" % (sys.argv[1],
              lines["covered"], lines["count"], lines["percent"]))
' "$code"
