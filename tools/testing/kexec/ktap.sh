# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# KTAP results of programs, for check.sh here and in ../liveupdate. The Makefile exports
# O, MAKE, CC and CLANG.

least=90
seconds=5
count=0
failures=0

# result NAME STATUS [REMARK]
result() {
	count=$((count + 1))
	if [ "$2" -eq 0 ]; then
		echo "ok $count $1${3:+ # $3}"
	else
		echo "not ok $count $1${3:+ # $3}"
		failures=$((failures + 1))
	fi
}

# Diagnostic lines from a log.
quote() {
	sed 's/^/# /' "$1" | tail -n 40
}

# Whether $1, with the rest as arguments, can compile a line of C.
can_build() {
	echo 'int LLVMFuzzerTestOneInput(const char *d, long n) { return !d && n; }' \
		>"$O/probe.c"
	"$@" -o "$O/probe" "$O/probe.c" 2>"$O/probe.log"
}

# unit_tests PROGRAM [ARGUMENT...]
unit_tests() {
	name=$1
	shift
	"$O/$name" "$@" >"$O/$name.log" 2>&1
	status=$?
	sed 's/^/  /' "$O/$name.log"
	result "$name" $status
}

# fuzz FUZZER: for a few seconds
fuzz() {
	if ! can_build "$CLANG" -fsanitize=fuzzer,address,undefined; then
		result "$1" 0 "SKIP no $CLANG with libFuzzer (clang, libclang-rt-14-dev)"
		return
	fi
	$MAKE "$O/$1" "$O/corpus/$1" >"$O/$1.log" 2>&1 &&
		"$O/$1" -seed=1 -max_total_time=$seconds -artifact_prefix="$O/" \
			"$O/corpus/$1" >>"$O/$1.log" 2>&1
	status=$?
	[ $status -eq 0 ] || quote "$O/$1.log"
	result "$1" $status "$(sed -n 's/^Done //p' "$O/$1.log")"
}

# coverage PROGRAM CODES [ARGUMENT...]
coverage() {
	program=$1
	codes=$2
	shift 2
	rm -f "$O/coverage"/*.gcda
	"$O/coverage/$program" "$@" >"$O/coverage/log" 2>&1
	for code in $codes; do
		if ! command -v gcov >/dev/null; then
			result "coverage_of_$code" 0 "SKIP no gcov (gcc)"
			continue
		fi
		percent=$(cd "$O/coverage" && gcov -n "$code.gcda" 2>/dev/null |
			sed -n '/\.c/{n;s/^Lines executed:\([0-9]*\).*/\1/p;}' | head -n 1)
		[ "${percent:-0}" -ge $least ]
		result "coverage_of_$code" $? \
			"${percent:-0} % of the lines, at least $least are wanted"
	done
}
