#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
#
# One `make` after the other, as CI and `make check-all` do: a part that fails
# does not keep the others from running. Ends with the time of each and the sum of
# their results. Usage: lab/parts.sh WORDS...     each the words for one make

cd "$(dirname "$0")/.." || exit 1
mkdir -p build/log

passed=0 failed=0
times=

part() {
	local name=${1//[ =]/-} began=$SECONDS line rc
	echo "== $name"
	# shellcheck disable=SC2086 # a list of words
	make --no-print-directory $1 </dev/null 2>&1 | tee "build/log/ci-$name.log"
	rc=${PIPESTATUS[0]}
	line=$(grep -E '^[0-9]+ passed, [0-9]+ failed' "build/log/ci-$name.log" | tail -n 1)
	if [[ $line =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed ]]; then
		passed=$((passed + BASH_REMATCH[1]))
		failed=$((failed + BASH_REMATCH[2]))
	fi
	# a part that stopped before it could count counts as one failure
	if [ "$rc" != 0 ] && [[ ! $line =~ \ [1-9][0-9]*\ failed ]]; then
		failed=$((failed + 1))
	fi
	times+=$(printf '  %-12s %5d s  %s' "$name" $((SECONDS - began)) "${line:-stopped early}")$'\n'
}

for words in "$@"; do
	part "$words"
done

printf '\n%s  %-12s %5d s\n' "$times" all "$SECONDS"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
