#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Readers over our kernel files: checkpatch --strict, sparse, gcc with W=1, clang. A
# remark that lab/lint.allow does not explain fails. Then checks of our own: no circles
# among the files, the ABI of the base, documentation and man page as the code is.
# Usage: lab/lint.sh

. "$(dirname "$0")/lib.sh"

tree=$build/linux
config=$top/lab/config

# ours NAME...: our files of the kernel tree whose names match
ours() {
	for room in arch include kernel security tools; do
		[ ! -d "$top/$room" ] || for name in "$@"; do
			(cd "$top" && find "$room" -type f -name "$name")
		done
	done | LC_ALL=C sort
}

# Objects of the kernel proper: tools are programs, the purgatory is one too.
# Nothing on x86 loads ELF files by elf.c; lab/cross.sh compiles it.
objects() {
	ours '*.c' '*.S' | sed -n '/\/purgatory\//d; /kexec\/elf\./d; s/^\(kernel\|arch\)\(.*\)\.[cS]$/\1\2.o/p'
}

checkpatch() {
	cd "$tree"
	# its status counts remarks; what they are is judged apart
	# shellcheck disable=SC2046 # a list of words
	scripts/checkpatch.pl --strict --terse --show-types --no-summary --color=never \
		-f $(ours '*.[chS]' 'Kconfig*') || [ $? = 1 ]
}

compile() {
	variant=$1
	shift
	# shellcheck disable=SC2046 # lists of words
	rm -f $(objects | sed "s|^|$build/obj/$variant/|")
	# shellcheck disable=SC2046
	kmake "$tree" "$build/obj/$variant" "$@" $(objects)
}

# configured VARIANT CC FRAGMENT...: the fast kernel's options
configured() {
	variant=$1
	cc=$2
	shift 2
	"$top/lab/config.sh" "$tree" "$build/obj/$variant" "$config/base.config" \
		"$top/tools/testing/selftests/kexec/config" "$config/own.config" "$@" CC="$cc"
}

explained() {
	while read -r pattern type _; do
		# shellcheck disable=SC2254 # a pattern is meant
		case ${1%%:*} in
		$pattern) case $1 in *:"$type":*) return 0 ;; esac ;;
		esac
	done <"$top/lab/lint.allow"
	return 1
}

# Remarks on our files, as "path:line: ...". What a base header provokes in its
# own lines is not ours.
remarks() {
	names=$(ours '*.[chS]' 'Kconfig*' | sed 's/\.[chS]$//' | paste -sd '|')
	sed "s|^$tree/||; s|^[./]*build/linux/||" "$log/$1.log" |
		grep -E "^($names)(\.[chSo])?:.*(warning|error|WARNING|ERROR|CHECK):" |
		sort -u || :
}

judge() {
	open=$(remarks "$1" | while read -r remark; do
		explained "$remark" || echo "$remark"
	done)
	if [ -z "$open" ]; then
		passed=$((passed + 1))
		return
	fi
	failed=$((failed + 1))
	echo "$open"
	say "$1: $(echo "$open" | wc -l) remark(s) (log: build/log/$1.log)"
}

# check NAME COMMAND...: it says itself what is wrong
check() {
	if (step "$@"); then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		cat "$log/$1.log"
	fi
}

"$top/lab/base.sh"
"$top/lab/tree.py" "$cache/base" "$tree"

passed=0
failed=0

step lint-checkpatch checkpatch
judge lint-checkpatch

configured lint gcc
step lint-gcc-sparse compile lint W=1 C=2
judge lint-gcc-sparse

configured clang clang "$config/clang.config"
step lint-clang compile clang CC='ccache clang' W=1
judge lint-clang

check lint-circles "$top/lab/circles.py" "$build/obj/lint"
check lint-abi "$top/lab/check_abi.py" "$cache/base"
check lint-docs "$top/lab/check_docs.py"
check lint-man "$top/lab/check_man.py" "$tree"

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
