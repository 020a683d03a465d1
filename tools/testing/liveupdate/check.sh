#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# What "make check" runs, as KTAP: the unit tests, a small simulation, a short run of the
# fuzzer, and the share of lines that the tests reach.

. ../kexec/ktap.sh

echo "KTAP version 1"
echo "1..9"
unit_tests format_test
unit_tests layout_test
unit_tests tree_test
# shellcheck disable=SC2086 # two words
unit_tests simulate $SMALL_SIZES
fuzz format_fuzz
fuzz tree_fuzz
coverage format_test format
coverage layout_test layout
coverage tree_test tree_parse
[ $failures -eq 0 ]
