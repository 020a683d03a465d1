#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Run the fuzzers of tools/testing for some time each, and print how many lines
# of the code under test the corpus reaches.
#
# Usage: lab/fuzz.sh SECONDS [FUZZER...]	without a FUZZER all of them
#
# A corpus and an input that fails stay in build/unit, a log in build/log.

. "$(dirname "$0")/lib.sh"

out=$build/unit
clang=${CLANG:-clang}
all='plan_fuzz link_fuzz crash_fuzz parse_bzimage_fuzz parse_vmlinux_fuzz parse_uki_fuzz'
all="$all format_fuzz tree_fuzz"

# The directory of a fuzzer.
tests_of() {
	case $1 in
	format_fuzz|tree_fuzz) echo "$top/tools/testing/liveupdate" ;;
	*) echo "$top/tools/testing/kexec" ;;
	esac
}

# The file of code that a fuzzer tests.
code_of() {
	case $1 in
	crash_fuzz) echo crash_ranges.c ;;
	tree_fuzz) echo tree_parse.c ;;
	*) echo "${1%_fuzz}.c" ;;
	esac
}

# The longest input of which a fuzzer reads every byte.
longest_input() {
	case $1 in
	parse_*|link_fuzz|format_fuzz|tree_fuzz) echo 8192 ;;
	*) echo 512 ;;
	esac
}

fuzz() {
	make -s -C "$(tests_of "$1")" O="$out" CLANG="$clang" "$out/$1" "$out/corpus/$1"
	"$out/$1" -max_total_time="$seconds" -max_len="$(longest_input "$1")" \
		-artifact_prefix="$out/" "$out/corpus/$1"
}

# A second build of the fuzzer counts lines while it reads the corpus once.
count_lines() {
	counting=$out/reached
	make -s -C "$(tests_of "$1")" O="$counting" CC="$clang" CLANG="$clang" \
		EXTRA_CFLAGS='-fprofile-instr-generate -fcoverage-mapping' "$counting/$1"
	LLVM_PROFILE_FILE=$counting/$1.raw "$counting/$1" -runs=0 "$out/corpus/$1"
	llvm-profdata merge -o "$counting/$1.profile" "$counting/$1.raw"
	llvm-cov export -summary-only -instr-profile="$counting/$1.profile" "$counting/$1" \
		>"$counting/$1.json"
}

print_lines() {
	python3 - "$@" <<'PROGRAM'
import json, sys
with open(sys.argv[1], encoding="utf-8") as summary:
    files = json.load(summary)["data"][0]["files"]
for file in files:
    if file["filename"].endswith("/" + sys.argv[2]):
        lines = file["summary"]["lines"]
        print("lab: %s: %d of %d lines reached" % (sys.argv[2], lines["covered"], lines["count"]))
PROGRAM
}

seconds=$1
shift
# shellcheck disable=SC2086 # a list of words
[ $# != 0 ] || set -- $all
for fuzzer in "$@"; do
	step "fuzz-$fuzzer" fuzz "$fuzzer"
	step "fuzz-lines-$fuzzer" count_lines "$fuzzer"
	sed -n 's/^Done /lab: /p' "$log/fuzz-$fuzzer.log"
	print_lines "$out/reached/$fuzzer.json" "$(code_of "$fuzzer")"
done
