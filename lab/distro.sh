#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# The kernel that `make deb` has built, for the lab's guests: K=distro. Leaves
#   build/bzImage.distro
#   build/modules/VERSION/   the modules that a guest loads, and their order
#   build/bzImage.other      Debian 12's own kernel
#   build/initramfs/distro*  as for other kernels (lab/initramfs.sh)
# Usage: lab/distro.sh

. "$(dirname "$0")/lib.sh"

wanted="virtio_blk virtio_net hwpoison_inject"
root=$build/deb/image

unpack() {
	rm -rf "$root"
	dpkg-deb -x "$1" "$root"
	version=$(basename "$root"/lib/modules/*)
	depmod -b "$root" "$version"
	modules=$build/modules
	rm -rf "$modules"
	mkdir -p "$modules/$version"
	# shellcheck disable=SC2086 # a list of words
	modprobe -C /dev/null -d "$root" -S "$version" --show-depends -a $wanted |
		sed -n 's/^insmod \([^ ]*\).*/\1/p' | while read -r module; do
		name=$(basename "$module" .xz)
		xz -dc "$module" >"$modules/$version/$name"
		grep -qx "$name" "$modules/$version/order" 2>/dev/null ||
			echo "$name" >>"$modules/$version/order"
	done
	cp "$root/boot/vmlinuz-$version" "$build/bzImage.distro"
	rm -rf "$root"
}

package=$(ls "$build"/deb/linux-image-*.deb 2>/dev/null) ||
	die "distro: no kernel package in build/deb: make deb"
step distro-unpack unpack "$package"
other=$("$top/lab/unpack.sh" bookworm amd64 linux-image-cloud-amd64)
cp "$other"/boot/vmlinuz-* "$build/bzImage.other"
"$top/lab/initramfs.sh" distro
