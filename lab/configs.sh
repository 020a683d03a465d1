#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Our files, and those of the base that use their headers, compile without a
# warning in each configuration that lab/cover.py names, with gcc and clang. The
# small kernel's other options stay as they are. Nothing is linked: lab/combos.sh
# does that with a few. Usage: lab/configs.sh [NUMBER...]

. "$(dirname "$0")/lib.sh"

tree=$build/linux
config=$top/lab/config
fragment=$build/configs.config
"$top/lab/base.sh"
"$top/lab/tree.py" "$cache/base" "$tree"

# taken DIRECTORY NAME...: which of the objects in it this configuration takes
taken() {
	directory=$1
	shift
	list=$tree/$directory/Kbuild
	[ -f "$list" ] || list=$tree/$directory/Makefile
	found=$(printf 'include %s\ninclude %s\nlab-list: ; @echo $(obj-y) $(proc-y)\n' \
		"$obj/.config" "$list" | make -s -f - BITS=64 CONFIG_SHELL=sh lab-list)
	echo "$found" | tr ' ' '\n' | sort -u | while read -r object; do
		for name in "$@"; do
			# shellcheck disable=SC2254 # a pattern is meant
			case $object in $name) echo "$directory/$object" ;; esac
		done
	done
}

# Files that are ours, and files of the base that use our headers.
objects() {
	taken kernel 'kexec*.o' 'crash*' vmcore_info.o elfcorehdr.o ksysfs.o panic.o reboot.o printk/ \
		power/
	taken kernel/kexec '*.o'
	taken arch/x86/kernel/kexec '*.o'
	! grep -q '^CONFIG_LIVEUPDATE=y' "$obj/.config" || taken kernel/liveupdate '*.o'
	taken arch/x86/kernel 'crash*' 'machine_kexec*' 'relocate*' 'vmcore*' setup.o \
		e820.o reboot.o setup_percpu.o traps.o smp.o smpboot.o
	taken mm mm_init.o page_isolation.o compaction.o memory_hotplug.o
	echo mm/page_alloc.o mm/shmem.o fs/namespace.o
	taken fs/proc vmcore.o kcore.o
	taken drivers/base cpu.o memory.o
	taken arch/x86 purgatory/
	taken security/integrity ima/
}

# one COMPILER NUMBER OPTION=y|n...
one() {
	cc=$1
	name=config-$1-$2
	obj=$build/obj/configs-$1
	shift 2
	for option in WERROR=y "$@"; do
		case $option in
		*=n) echo "# CONFIG_${option%=n} is not set" ;;
		*) echo "CONFIG_$option" ;;
		esac
	done >"$fragment"
	"$top/lab/config.sh" "$tree" "$obj" "$config/base.config" \
		"$top/tools/testing/selftests/kexec/config" "$config/small.config" "$fragment" CC="$cc"
	objects=$(objects)
	# shellcheck disable=SC2086 # a list of words
	step "$name" kmake "$tree" "$obj" CC="ccache $cc" $objects
	! grep -n 'warning:' "$log/$name.log" || die "$name: warnings (log: build/log/$name.log)"
}

passed=0
failed=0
"$top/lab/cover.py" >"$build/configs"
for compiler in gcc clang; do
	while read -r number words; do
		[ $# = 0 ] || case " $* " in *" $number "*) ;; *) continue ;; esac
		# not in a condition: the first error must stop this configuration
		set +e
		# shellcheck disable=SC2086 # a list of words
		(set -e; one "$compiler" "$number" $words) </dev/null
		rc=$?
		set -e
		[ "$rc" = 0 ] && passed=$((passed + 1)) || failed=$((failed + 1))
	done <"$build/configs"
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
