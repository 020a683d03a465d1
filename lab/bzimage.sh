#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# The bzImage of a kernel that is built, with its payload compressed otherwise.
# Usage: lab/bzimage.sh TREE OBJ gzip|xz|zstd OUT
#
# vmlinux stays as it is: only arch/x86/boot is built again, in a shadow of OBJ
# that is all symbolic links but for that directory and for the one option.

. "$(dirname "$0")/lib.sh"

tree=$1
obj=$2
how=$3
out=$4
option=CONFIG_KERNEL_$(echo "$how" | tr a-z A-Z)
shadow=$obj.$how

[ ! -f "$out" ] || [ "$obj/vmlinux" -nt "$out" ] || exit 0

# links FROM TO: each entry of a directory, where there is none yet
links() {
	mkdir -p "$2"
	for entry in "$1"/* "$1"/.[a-z]*; do
		[ ! -e "$entry" ] || [ -e "$2/${entry##*/}" ] || ln -s "$entry" "$2/"
	done
}

make_shadow() {
	rm -rf "$shadow"
	mkdir -p "$shadow/arch/x86/boot" "$shadow/include/config" "$shadow/include/generated"
	sed "s/^CONFIG_KERNEL_LZ4=y/$option=y/" "$obj/include/config/auto.conf" \
		>"$shadow/include/config/auto.conf"
	sed "s/^#define CONFIG_KERNEL_LZ4 1/#define $option 1/" \
		"$obj/include/generated/autoconf.h" >"$shadow/include/generated/autoconf.h"
	mkdir "$shadow/arch/x86/boot/compressed"
	# the size of a link is not that of the file
	cp -p "$obj/arch/x86/boot/compressed/vmlinux.relocs" "$shadow/arch/x86/boot/compressed/"
	touch "$shadow/include/config/KERNEL_LZ4" "$shadow/include/config/${option#CONFIG_}"
	for room in include/config include/generated include arch/x86 arch .; do
		links "$obj/$room" "$shadow/$room"
	done
}

build_boot() {
	grep -q '^CONFIG_KERNEL_LZ4=y' "$obj/include/config/auto.conf"
	make_shadow
	cd "$shadow"
	make --no-print-directory -j"$jobs" -f "$top/lab/boot.mk" TREE="$tree" \
		CC='ccache gcc' HOSTCC='ccache gcc' LOCALVERSION="-lab" lab-bzimage
	cp arch/x86/boot/bzImage "$out.new"
	mv "$out.new" "$out"
	rm -rf "$shadow"
}

mkdir -p "$(dirname "$out")"
step "bzimage-$how" build_boot
