#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# The base links with every legal combination of the options around kexec. All
# are built in the directory of the small kernel, one after the other: only what
# depends on an option is compiled again. Usage: lab/combos.sh

. "$(dirname "$0")/lib.sh"

tree=$build/linux
obj=$build/obj/small
config=$top/lab/config
fragment=$build/combo.config
"$top/lab/base.sh"
"$top/lab/tree.py" "$cache/base" "$tree"

passed=0
failed=0

# combo NAME OPTION=y|n...: link the small kernel with these options
combo() {
	name=combo-$1
	shift
	for option in "$@"; do
		case $option in
		*=y) echo "CONFIG_$option" ;;
		*=n) echo "# CONFIG_${option%=n} is not set" ;;
		esac
	done >"$fragment"
	set +e
	(
		set -e
		"$top/lab/config.sh" "$tree" "$obj" "$config/base.config" \
			"$top/tools/testing/selftests/kexec/config" "$config/own.config" \
			"$config/small.config" "$fragment"
		step "$name" kmake "$tree" "$obj" vmlinux
	)
	rc=$?
	set -e
	[ "$rc" = 0 ] && passed=$((passed + 1)) || failed=$((failed + 1))
}

# All of them together are the fast kernel. What changes VMCORE_INFO or
# CRASH_RESERVE compiles nearly everything again, so there are few of those.
none="KEXEC_LAB=n CRASH_DUMP=n PROC_VMCORE=n"
combo kexec KEXEC=y KEXEC_FILE=n
combo file KEXEC=n KEXEC_FILE=y
combo liveupdate KEXEC=n KEXEC_FILE=y KEXEC_INPLACE=y MIGRATION=y COMPACTION=y LIVEUPDATE=y
# shellcheck disable=SC2086 # lists of words
combo nodump KEXEC=y KEXEC_FILE=y PROC_KCORE=n $none
# shellcheck disable=SC2086
combo none KEXEC=n KEXEC_FILE=n PROC_KCORE=n $none
# shellcheck disable=SC2086
combo kcore KEXEC=n KEXEC_FILE=n PROC_KCORE=y $none

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
