#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# The guest's files. Usage: lab/initramfs.sh K     or stock
#
# build/initramfs/K.cpio is for a guest whose next kernel is the one built as K:
#   /init              lab/guest/init
#   /bin               busybox, one link per applet
#   /sbin/kexec        Debian's, with its libraries
#   /lab/bin           lab/guest/*.c, tools/kexec, tools/liveupdate, the examples of the man
#                      page and of the guide to live update
#   /lab/run           lab/scenarios/guest/*
#   /lab/kselftest     tools/testing/selftests/kexec/*.c, .../liveupdate/*.c
#   /lab/*.bin         lab/probe
#   /etc/keys/ima.der  what the guest's IMA trusts (lab/keys.sh)
#   /boot/bzImage      that kernel
#   /boot/initrd.img   busybox, init and the scripts: the next kernel's initrd
#   /lib/modules       of K=distro, what lab/distro.sh took out of the package
#   /boot/other        of K=distro, Debian's own kernel
# build/initramfs/K.files.cpio has what lab/images.py makes in /boot, too; not of the
#   distro, kcov and cfi kernels.
# build/initramfs/K.dump.cpio has makedumpfile, and /boot/dump.img, an initrd that has it, too.
# build/initramfs/embedded.cpio is only what Documentation/admin-guide/kexec/embedded.rst tells of.
# Archives are not compressed: QEMU copies faster than a guest unpacks.

. "$(dirname "$0")/lib.sh"

k=$1
case $k in
fast) image=$build/bzImage ;;
stock) image=$build/stock/bzImage ;;
*) image=$build/bzImage.$k ;;
esac
out=$build/initramfs/$k.cpio
small=$build/initramfs/$k.next.cpio
base=$cache/base
bin=$build/guest

[ -r "$image" ] || die "initramfs: no kernel at $image"
mkdir -p "$bin/lab" "$bin/kselftest" "$(dirname "$out")"
"$top/lab/keys.sh"

# compile OUTDIR DEPS FLAGS SOURCES...: only what changed. The libraries are those that come with
# kexec.
compile() {
	dir=$1
	deps=$2
	flags=$3
	shift 3
	for source in "$@"; do
		[ -f "$source" ] || continue
		program=$dir/$(basename "$source" .c)
		[ -z "$(find "$source" $deps -newer "$program" 2>/dev/null)" ] &&
			[ -x "$program" ] && continue
		# shellcheck disable=SC2086 # lists of words
		gcc -O2 -Wall -Wextra -D_GNU_SOURCE $flags -o "$program.new" "$source" -lpthread
		mv "$program.new" "$program"
	done
}

# example NAME [FLAGS]: a program from the documentation, which is read from stdin
example() {
	source=$bin/source/$1.c
	mkdir -p "$bin/source"
	cat >"$source.new"
	cmp -s "$source.new" "$source" || mv "$source.new" "$source"
	compile "$bin/lab" "" "-Werror ${2-}" "$source"
}

# The examples of the man page and of the guide to live update, as a reader would type them.
examples() {
	sed -n '/^\.\\" SRC BEGIN/,/^\.\\" SRC END/ { /^\./d; s/^\\&$//; s/\\-/-/g; s/\\e/\\/g; p; }' \
		"$top/man2/kexec_load.2" | example kexec_now
	sed -n '/^\.\. SRC BEGIN/,/^\.\. SRC END/ { /^\.\./d; s/^    //; p; }' \
		"$top/Documentation/admin-guide/liveupdate.rst" |
		example counter "-idirafter $top/include/uapi"
}

# kexec-mini takes nolibc from the tree that it is in; the base has none.
mini() {
	[ "$k" = stock ] || make -s -C "$build/linux/tools/kexec" OUTPUT="$bin/lab/"
}

programs() {
	examples
	mini
	make -s -C "$top/tools/liveupdate" OUTPUT="$bin/lab/"
	headers=$(echo "$top"/lab/probe/*.h "$top"/lab/guest/*.h \
		"$top"/tools/testing/selftests/kexec/kexec_memory.h)
	# what runs in the next kernel has no libraries beside it there
	compile "$bin/lab" "$headers" -static "$top/lab/guest/vmcore.c" "$top/lab/guest/second.c"
	compile "$bin/lab" "$headers" "" "$top"/lab/guest/*.c
	selftests=$top/tools/testing/selftests/kexec
	compile "$bin/kselftest" "$(echo "$selftests"/*.h)" \
		"-Wno-unused-parameter -I$base/tools/testing/selftests/kexec -I$selftests" \
		"$selftests"/*.c
	liveupdate=$top/tools/testing/selftests/liveupdate
	compile "$bin/kselftest" "$(echo "$selftests"/*.h "$liveupdate"/*.h)" \
		"-Wno-unused-parameter -Wno-clobbered -I$base/tools/testing/selftests/kexec -I$top/include/uapi" \
		"$liveupdate"/*.c
	make -s -C "$top/lab/probe" OUT="$bin"
}

# The next kernel's initrd is the first layer of the guest's own.
small_tree() {
	mkdir -p "$1/bin" "$1/sbin" "$1/proc" "$1/sys" "$1/dev" "$1/tmp" "$1/lab/run" "$1/etc/keys"
	cp /bin/busybox "$1/bin/"
	cp "$build/keys/ima.der" "$1/etc/keys/"
	for applet in $(/bin/busybox --list); do
		[ "$applet" = busybox ] || ln -s busybox "$1/bin/$applet"
	done
	cp "$top/lab/guest/init" "$1/init"
	mkdir -p "$1/lab/bin"
	cp "$bin/lab/vmcore" "$bin/lab/second" "$1/lab/bin/"
	[ "$k" != distro ] || { mkdir -p "$1/lib" && cp -r "$build/modules" "$1/lib/"; }
	for script in "$top"/lab/scenarios/guest/*; do
		[ ! -f "$script" ] || cp "$script" "$1/lab/run/"
	done
}

pack() {
	(cd "$1" && find . | LC_ALL=C sort | cpio -o -H newc -R 0:0 --quiet) >"$2.new"
	mv "$2.new" "$2"
}

with_libraries() {
	cp "$2" "$1/sbin/"
	for lib in $(ldd "$2" | grep -o '/[^ ]*'); do
		mkdir -p "$1$(dirname "$lib")"
		cp -L "$lib" "$1$lib"
	done
}

everything() {
	programs
	tree=$build/initramfs.tree
	rm -rf "$tree"
	small_tree "$tree"
	pack "$tree" "$small"
	with_libraries "$tree" /sbin/kexec
	mkdir -p "$tree/boot" "$tree/lab/bin"
	cp "$bin"/lab/* "$tree/lab/bin/" 2>/dev/null || :
	cp -r "$bin/kselftest" "$tree/lab/"
	cp "$bin/probe.bin" "$bin/peer.bin" "$tree/lab/"
	cp "$image" "$tree/boot/bzImage"
	cp "$small" "$tree/boot/initrd.img"
	[ "$k" != distro ] || cp "$build/bzImage.other" "$tree/boot/other"
	chmod -R u+rwX,go+rX "$tree"
	chmod 755 "$tree/init"
	pack "$tree" "$out"
	rm -rf "$tree"
}

# A second archive behind the first: the kernel unpacks both.
files() {
	tree=$build/initramfs.tree
	rm -rf "$tree"
	mkdir -p "$tree"
	cp -r "$build/images/$k" "$tree/boot"
	chmod -R u+rwX,go+rX "$tree"
	pack "$tree" "$build/initramfs/files.cpio"
	cat "$out" "$build/initramfs/files.cpio" >"${out%.cpio}.files.cpio"
	rm -rf "$tree" "$build/initramfs/files.cpio"
}

# makedumpfile, and the initrd of a crash kernel that writes a dump, behind the guest's own files.
dump() {
	tree=$build/initramfs.tree
	rm -rf "$tree"
	small_tree "$tree/dump"
	with_libraries "$tree/dump" /usr/bin/makedumpfile
	with_libraries "$tree/dump" /sbin/vmcore-dmesg
	mkdir -p "$tree/boot" "$tree/sbin"
	pack "$tree/dump" "$tree/boot/dump.img"
	rm -rf "$tree/dump"
	with_libraries "$tree" /usr/bin/makedumpfile
	chmod -R u+rwX,go+rX "$tree"
	pack "$tree" "$build/initramfs/dump.cpio"
	cat "$out" "$build/initramfs/dump.cpio" >"${out%.cpio}.dump.cpio"
	rm -rf "$tree" "$build/initramfs/dump.cpio"
}

# kexec-mini and what a shell needs, with a kernel and an initrd to change to.
embedded() {
	mini
	tree=$build/initramfs.tree
	rm -rf "$tree"
	mkdir -p "$tree/bin" "$tree/proc" "$tree/sys" "$tree/dev" "$tree/tmp" "$tree/lab/run"
	cp /bin/busybox "$tree/bin/"
	for applet in cat chmod cut grep head mkdir mount nproc poweroff sed sh stat touch tr umount uname; do
		ln -s busybox "$tree/bin/$applet"
	done
	cp "$top/lab/guest/init" "$tree/init"
	cp "$top/lab/scenarios/guest/lib.sh" "$top/lab/scenarios/guest/embedded" "$tree/lab/run/"
	pack "$tree" "$small"
	mkdir -p "$tree/boot"
	cp "$bin/lab/kexec-mini" "$tree/bin/"
	cp "$image" "$tree/boot/bzImage"
	cp "$small" "$tree/boot/initrd.img"
	pack "$tree" "$out"
	rm -rf "$tree"
}

if [ "$k" = embedded ]; then
	step initramfs-embedded embedded
	exit
fi
step "initramfs-$k" everything
case $k in
distro | kcov | cfi) ;;
*)
	"$top/lab/images.py" "$k"
	step "files-$k" files
	;;
esac
step "dump-$k" dump
