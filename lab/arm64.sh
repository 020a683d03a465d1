#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# An arm64 guest: the base's own architecture code on our core, and Debian's own
# kexec to load it. Leaves
#   build/Image.arm64
#   build/initramfs/arm64.cpio   the guest's files:
#     /init, /bin, /lab/run      as of the other guests (lab/initramfs.sh)
#     /sbin, /lib                Debian's kexec and vmcore-dmesg for arm64, and libraries
#     /boot/Image                the kernel
#     /boot/initrd.img           what a crash kernel needs
#     /payload                   random bytes, to be found whole by each next kernel; a
#                                crash kernel has none
# Usage: lab/arm64.sh

. "$(dirname "$0")/lib.sh"

out=$build/initramfs
tree=$out.arm64

pack() {
	(cd "$1" && find . | LC_ALL=C sort | cpio -o -H newc -R 0:0 --quiet) >"$2.new"
	mv "$2.new" "$2"
}

# What the kernel that is started and a crash kernel have in common.
userland() {
	mkdir -p "$tree/bin" "$tree/sbin" "$tree/lib" "$tree/proc" "$tree/sys" "$tree/dev" \
		"$tree/tmp" "$tree/lab/run"
	cp "$debian/bin/busybox" "$tree/bin/"
	for applet in $(/bin/busybox --list); do
		[ "$applet" = busybox ] || ln -s busybox "$tree/bin/$applet"
	done
	cp "$top/lab/guest/init" "$tree/init"
	cp "$top/lab/scenarios/guest/arm64" "$tree/lab/run/"
	cp "$debian/sbin/vmcore-dmesg" "$tree/sbin/"
	library "$debian/lib/aarch64-linux-gnu/libc.so.6"
	library "$debian/lib/ld-linux-aarch64.so.1"
}

library() { cp -L "$1" "$tree/lib/"; }

# kexec-mini, which passes any file to the kernel.
mini() {
	kmake "$build/linux" "$build/cross/arm64" ARCH=arm64 CROSS_COMPILE=aarch64-linux-gnu- \
		INSTALL_HDR_PATH="$build/cross/arm64.headers" headers_install
	mkdir -p "$build/guest/arm64"
	make -C "$build/linux/tools/kexec" OUTPUT="$build/guest/arm64/" \
		CC="aarch64-linux-gnu-gcc -nostdinc -isystem $build/cross/arm64.headers/include"
}

initramfs() {
	rm -rf "$tree"
	userland
	: >"$tree/payload"
	pack "$tree" "$out/arm64.next.cpio"
	head -c 1M /dev/urandom >"$tree/payload"
	mkdir "$tree/boot"
	cp "$out/arm64.next.cpio" "$tree/boot/initrd.img"
	cp "$build/Image.arm64" "$tree/boot/Image"
	cp "$debian/sbin/kexec" "$build/guest/arm64/kexec-mini" "$tree/sbin/"
	for file in "$debian"/lib/aarch64-linux-gnu/*.so.* "$debian"/usr/lib/aarch64-linux-gnu/*.so.*; do
		library "$file"
	done
	pack "$tree" "$out/arm64.cpio"
	rm -rf "$tree"
}

"$top/lab/cross.sh" --link arm64
ln -f "$build/cross/arm64/arch/arm64/boot/Image" "$build/Image.arm64"
debian=$("$top/lab/unpack.sh" bookworm arm64 busybox-static kexec-tools)
mkdir -p "$out"
step mini-arm64 mini
step initramfs-arm64 initramfs
