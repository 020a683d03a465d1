#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Programs from Debian 13, where Debian 12's are too old. Prints the command to run.
# Usage: lab/newer.sh crash|qemu
#   crash   crash(8): Debian 12's cannot read the structures of Linux 6.12
#   qemu    qemu-system-x86_64: Debian 12's TCG has no x2APIC

. "$(dirname "$0")/lib.sh"

what=$1
case $what in
crash) package=crash ;;
qemu) package=qemu-system-x86 ;;
*) die "newer: what is $what?" ;;
esac

root=$("$top/lab/unpack.sh" trixie amd64 "$package")
libraries=$root/usr/lib/x86_64-linux-gnu
run="$libraries/ld-linux-x86-64.so.2 --library-path $libraries:$libraries/pulseaudio"
case $what in
crash) echo "$run $root/usr/bin/crash" ;;
qemu)
	share=$root/usr/share
	echo "$run $root/usr/bin/qemu-system-x86_64 -L $share/seabios -L $share/qemu"
	;;
esac
