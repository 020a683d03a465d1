#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# What "make check" runs, as KTAP: the unit tests, plan.o with the flags of the
# kernel, a short run of each fuzzer, and the share of lines that the tests reach.

. ./ktap.sh

# link_objects ARCH: compare link.c with ld, for the sample of that architecture
link_objects() {
	if ! can_build "$1-linux-gnu-gcc" -c; then
		result "link_$1" 0 "SKIP no $1-linux-gnu-gcc"
		return
	fi
	$MAKE "$O/sample-$1.ro" "$O/sample-$1.bin" >"$O/sample-$1.log" 2>&1 &&
		"$O/link_test" --object "$O/sample-$1.ro" "$O/sample-$1.bin" \
			>>"$O/sample-$1.log" 2>&1
	status=$?
	[ $status -eq 0 ] || quote "$O/sample-$1.log"
	result "link_$1" $status
}

# Link the purgatories of $PURGATORIES.
link_purgatories() {
	failed=0
	for object in $PURGATORIES; do
		"$O/link_test" --object "$object" >"$O/purgatory.log" 2>&1 && continue
		quote "$O/purgatory.log"
		failed=1
	done
	result link_purgatories $failed "$(echo "$PURGATORIES" | wc -w) that were built"
}

# The kernel has no 64-bit division on 32-bit machines, and no libc.
no_outside_symbols() {
	if ! can_build "$CC" -m"$1" -c; then
		result "plan_object_$1" 0 "SKIP $CC cannot build with -m$1"
		return
	fi
	$MAKE "$O/kernel-$1.o" >"$O/kernel-$1.log" 2>&1 &&
		nm -u "$O/kernel-$1.o" >"$O/kernel-$1.undefined"
	status=$?
	[ $status -eq 0 ] || quote "$O/kernel-$1.log"
	if [ -s "$O/kernel-$1.undefined" ]; then
		echo "# the $1-bit object needs what the kernel may not have:"
		quote "$O/kernel-$1.undefined"
		status=1
	fi
	result "plan_object_$1" $status
}

echo "KTAP version 1"
links="x86_64 riscv64 powerpc64le s390x"
codes="$PLAN_CODE $LINK_CODE $CRASH_CODE $PARSE_CODE"
echo "1..$((8 + $(echo "$links $FUZZERS $codes" | wc -w)))"
unit_tests plan_test iomem
unit_tests link_test "$O/sample-host.ro"
unit_tests digest_test
unit_tests crash_test
for arch in $links; do
	link_objects "$arch"
done
link_purgatories
# shellcheck disable=SC2086 # as many words as there are real images
unit_tests parse_test $REAL
no_outside_symbols 64
no_outside_symbols 32
for fuzzer in $FUZZERS; do
	fuzz "$fuzzer"
done
coverage plan_test "$PLAN_CODE" iomem
coverage link_test "$LINK_CODE" "$O/sample-host.ro"
coverage crash_test "$CRASH_CODE"
# shellcheck disable=SC2086
coverage parse_test "$PARSE_CODE" $REAL
[ $failures -eq 0 ]
