#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# What "make check" runs, as KTAP: the unit tests, the object as the kernel
# links it, a short run of the fuzzer, and the share of lines the tests reach.

least=90
seconds=10
failures=0

# result N NAME STATUS [REMARK]
result() {
	if [ "$3" -eq 0 ]; then
		echo "ok $1 $2${4:+ # $4}"
	else
		echo "not ok $1 $2${4:+ # $4}"
		failures=$((failures + 1))
	fi
}

# Diagnostic lines from a log.
quote() {
	sed 's/^/# /' "$1" | tail -n 40
}

# Does $1, with the rest as arguments, make something of a line of C?
can_build() {
	echo 'int LLVMFuzzerTestOneInput(const char *d, long n) { return !d && n; }' \
		>"$O/probe.c"
	"$@" -o "$O/probe" "$O/probe.c" 2>"$O/probe.log"
}

unit_tests() {
	"$O/plan_test" iomem >"$O/plan_test.log" 2>&1
	status=$?
	sed 's/^/  /' "$O/plan_test.log"
	result 1 plan_test $status
}

# A kernel has no 64-bit division for 32-bit machines, and no libc.
no_outside_symbols() {
	if ! can_build "$CC" -m"$2" -c; then
		result "$1" "plan_object_$2" 0 "SKIP $CC cannot build with -m$2"
		return
	fi
	$MAKE "$O/kernel-$2.o" >"$O/kernel-$2.log" 2>&1 &&
		nm -u "$O/kernel-$2.o" >"$O/kernel-$2.undefined"
	status=$?
	[ $status -eq 0 ] || quote "$O/kernel-$2.log"
	if [ -s "$O/kernel-$2.undefined" ]; then
		echo "# the $2-bit object needs what the kernel may not have:"
		quote "$O/kernel-$2.undefined"
		status=1
	fi
	result "$1" "plan_object_$2" $status
}

fuzz() {
	if ! can_build "$CLANG" -fsanitize=fuzzer,address,undefined; then
		result 4 plan_fuzz 0 "SKIP no $CLANG with libFuzzer (clang, libclang-rt-14-dev)"
		return
	fi
	$MAKE "$O/plan_fuzz" >"$O/plan_fuzz.log" 2>&1 &&
		"$O/plan_fuzz" -seed=1 -max_len=512 -max_total_time=$seconds \
			-artifact_prefix="$O/" >"$O/plan_fuzz.log" 2>&1
	status=$?
	[ $status -eq 0 ] || quote "$O/plan_fuzz.log"
	result 4 plan_fuzz $status "$(tail -n 1 "$O/plan_fuzz.log")"
}

coverage() {
	if ! command -v gcov >/dev/null; then
		result 5 plan_coverage 0 "SKIP no gcov (gcc)"
		return
	fi
	rm -f "$O"/coverage/*.gcda
	"$O/coverage/plan_test" iomem >"$O/coverage/log" 2>&1
	percent=$(cd "$O/coverage" && gcov -n kexec_plan.gcda |
		sed -n 's/^Lines executed:\([0-9]*\).*/\1/p' | head -n 1)
	[ "${percent:-0}" -ge $least ]
	result 5 plan_coverage $? "${percent:-0} % of the lines, at least $least are wanted"
}

echo "KTAP version 1"
echo "1..5"
unit_tests
no_outside_symbols 2 64
no_outside_symbols 3 32
fuzz
coverage
[ $failures -eq 0 ]
