# SPDX-License-Identifier: GPL-2.0-only
#
# What the scripts of the scenarios share inside the guest. A script says what
# it sees in lines "SCENARIO: ..."; the host reads them and judges, except
# where a script cannot go on: then `fail` ends it.

mib=$((1 << 20))

# By way of the kernel's log a line stays whole beside what the kernel itself says, and is out
# before the kernel is left.
[ ! -e /proc/sys/kernel ] || echo on >/proc/sys/kernel/printk_devkmsg
exec >/dev/kmsg 2>&1

say() { echo "SCENARIO: $*"; }
fail() { say "FAILED $*" >&2; exit 1; }

# resource START|END NAME: an address of the first resource of that name
resource() {
	range=$(sed -n "s/^ *\([0-9a-f]*\)-\([0-9a-f]*\) : $2\$/\1 \2/p" /proc/iomem | head -n 1)
	[ -n "$range" ] || fail "no $2 in /proc/iomem"
	case $1 in
	START) echo $((0x${range% *})) ;;
	END) echo $((0x${range#* } + 1)) ;;
	esac
}

# tamper FILE OFFSET: another byte than the one that is there
tamper() {
	byte=$(od -An -tu1 -j "$2" -N 1 "$1")
	printf "\\$(printf '%o' $((byte ^ 1)))" |
		dd of="$1" bs=1 seek="$2" conv=notrunc 2>/dev/null
}

page_down() { echo $(($1 & ~4095)); }
page_up() { echo $((($1 + 4095) & ~4095)); }

# clear_of_kernel ADDRESS SIZE: the address, or one further up if the running
# kernel lies there (its place is random)
clear_of_kernel() {
	if [ "$1" -lt "$kernel_end" ] && [ $(($1 + $2)) -gt "$kernel_start" ]; then
		page_up "$kernel_end"
	else
		echo "$1"
	fi
}

# movable_zone: where ZONE_MOVABLE starts. Nothing is claimed in place there.
movable_zone() {
	pfn=$(sed -n '/zone  Movable/,/start_pfn/s/.*start_pfn: *//p' /proc/zoneinfo | head -n 1)
	[ "${pfn:-0}" -gt 0 ] || fail "no movable zone"
	echo $((pfn * 4096))
}

# meminfo FIELD: in KiB
meminfo() { sed -n "s/^$1: *\([0-9]*\) kB/\1/p" /proc/meminfo; }

# fill_memory KIB: that much of memory becomes page cache (tmpfs: movable, but not to be freed)
fill_memory() {
	mkdir -p /fill
	mount -t tmpfs -o size=95% fill /fill
	fallocate -l "$(($1 * 1024))" /fill/pages || fail "cannot fill memory"
}

# Pages that wait in the lists of the CPUs (up to an eighth of memory) do not count as free. This
# makes the lists short; each CPU gives up what it has too much when it next frees something.
short_lists() {
	echo 1000000 >/proc/sys/vm/percpu_pagelist_high_fraction
	cpu=$(nproc)
	while [ "$cpu" -gt 0 ]; do
		cpu=$((cpu - 1))
		fallocate -l "$((4 * mib))" /tmp/trim
		taskset -c "$cpu" rm /tmp/trim
	done
}

# set_others 0|1: all CPUs but the first go offline, or online
set_others() {
	for online in /sys/devices/system/cpu/cpu[1-9]*/online; do
		[ ! -e "$online" ] || echo "$1" >"$online"
	done
}

# Every function of the kernel is traced, on all CPUs.
trace_functions() {
	tracing=/sys/kernel/tracing
	mount -t tracefs tracing "$tracing"
	# One CPU alone while code is patched: QEMU may run what another CPU has just replaced.
	set_others 0
	echo function >"$tracing/current_tracer" || fail "no function tracer"
	set_others 1
	say "traced by $(cat "$tracing/current_tracer")"
}

# What a program that leaves the kernel is started by: KCOV covers its system calls.
covered=
[ ! -e /sys/kernel/debug/kcov ] || covered=kcov

loaded() { cat /sys/kernel/kexec_loaded; }

kernel_start=$(resource START 'Kernel code') || exit 1
kernel_end=$(resource END 'Kernel bss') || exit 1
