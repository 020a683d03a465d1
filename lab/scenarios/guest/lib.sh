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

# look_for_leaks: on a kernel with kmemleak, what nobody refers to; it says nothing of objects
# younger than five seconds
look_for_leaks() {
	leaks=/sys/kernel/debug/kmemleak
	[ -e $leaks ] || return 0
	sleep 6
	echo scan >$leaks
	echo scan >$leaks
	cat $leaks
}

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

# bytes SIZE: of 4K, 2M or 1G
bytes() { echo $(($(echo "$1" | sed 's/K/ << 10/; s/M/ << 20/; s/G/ << 30/'))); }

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

# prepare_disk: a file system on /dev/vda, mounted at /disk, with a file that is all hole: a read
# fills the page cache with its zeros and asks no disk.
prepare_disk() {
	mke2fs -b 4096 -i 1048576 /dev/vda >/dev/null || fail "mke2fs"
	mkdir -p /disk
	mount -t ext2 /dev/vda /disk || fail "no file system"
	truncate -s 64G /disk/hole
}

# fill_cache: memory becomes clean page cache until free memory is down at the watermarks
fill_cache() { fill clean /disk/hole $((32 * 1024)) || fail "fill"; }

# load_files SIZE [FLAGS]: the kernel and an initrd of that size, which takes no page of tmpfs
load_files() {
	rm -f /tmp/initrd
	truncate -s "$1" /tmp/initrd
	kfload "$KERNEL" /tmp/initrd "" "${2:-0}"
}

# choose_place SIZE [END]: at, where a segment of SIZE behind the probe has the least memory of the
# kernel
choose_place() {
	found=$(place $(($(bytes "$1") + 2 * mib)) $((16 * mib)) "${2:-1T}") || fail "no place"
	at=${found% *}
	say "destination $at, ${found#* } blocks cannot be emptied"
}

# load_segment SIZE: the probe and one segment of that size, at the place chosen before
load_segment() { kload -p "$at" "$((at + 2 * mib)):$1:$1"; }

# memory_state WHAT: idle; cache, memory is full of clean page cache; fragmented, one page of 4 MiB
# cannot be moved
memory_state() {
	case $1 in
	idle) ;;
	cache)
		prepare_disk
		fill_cache
		;;
	fragmented)
		top=$(sed -n 's/^[0-9a-f]*-\([0-9a-f]*\) : System RAM/\1/p' /proc/iomem | tail -n 1)
		top=$((0x$top + 1))
		echo 4096 >/proc/sys/vm/min_free_kbytes
		mkfifo /tmp/pins
		pin $((16 * mib)) "$top" $(((top / mib - 16) / 4)) >/tmp/pins &
		read -r line </tmp/pins
		say "$line"
		;;
	*) fail "no state is called $1" ;;
	esac
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

# fail_always FAULT: each time from now on
fail_always() {
	fault=/sys/kernel/debug/$1
	echo N >"$fault/task-filter"
	echo 0 >"$fault/verbose"
	echo -1 >"$fault/times"
	echo 100 >"$fault/probability" || fail "no $1"
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

# offline_block: the first block of memory that is offline; sets block, its first byte, its size
offline_block() {
	memory=/sys/devices/system/memory
	size=$((0x$(cat $memory/block_size_bytes)))
	block=$(grep -l offline $memory/memory*/state | sort -V | head -n 1)
	block=${block%/state}
	[ -d "$block" ] || fail "no memory is offline"
	at=$((${block##*/memory} * size))
}

# isolated_blocks: how many pageblocks are isolated
isolated_blocks() {
	awk '/^Free pages/ { sum = 0 } /^Number of blocks/ { sum = 1 }
		sum && /^Node/ { n += $NF } END { print n + 0 }' /proc/pagetypeinfo
}

loaded() { cat /sys/kernel/kexec_loaded; }

kernel_start=$(resource START 'Kernel code') || exit 1
kernel_end=$(resource END 'Kernel bss') || exit 1
