#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Build a kernel. Usage: lab/kernel.sh ours|stock K     K is fast, debug, small, embedded,
# kcov or cfi
#
# ours:  build/obj/K from build/linux; leaves build/bzImage and build/vmlinux
#        (for another K: build/bzImage.K and build/vmlinux.K)
# stock: build/stock/obj/K from the base alone; leaves build/stock/bzImage

. "$(dirname "$0")/lib.sh"

whose=$1
k=$2
config=$top/lab/config
[ -f "$config/$k.config" ] || die "no kernel is called K=$k"

"$top/lab/base.sh"
fragments="$config/base.config $top/tools/testing/selftests/kexec/config"
case $whose in
ours)
	tree=$build/linux
	obj=$build/obj/$k
	out=$build
	"$top/lab/tree.py" "$cache/base" "$tree"
	fragments="$fragments $config/own.config"
	;;
stock)
	tree=$build/stock/linux
	obj=$build/stock/obj/$k
	out=$build/stock
	"$top/lab/tree.py" --stock "$cache/base" "$tree"
	;;
*) die "kernel: whose kernel is $whose?" ;;
esac
[ "$k" != cfi ] || fragments="$fragments $config/small.config"
[ "$whose" = stock ] || fragments="$fragments $config/$k.config"
# It shows what is enough, so nothing may come from elsewhere.
[ "$k" != embedded ] || fragments=$config/embedded.config

llvm=
[ "$k" != cfi ] || llvm="LLVM=-16 CC=clang-16"

# shellcheck disable=SC2086 # lists of words
"$top/lab/config.sh" "$tree" "$obj" $fragments $llvm

compile() {
	set -- "$tree" "$obj" LOCALVERSION="-$whose-$k" "$@"
	[ -z "$llvm" ] || set -- "$@" LLVM=-16 CC='ccache clang-16'
	kmake "$@"
}

# CONFIG_SYSTEM_TRUSTED_KEYS; whoever has no use for it does not look. What ccache
# has may hold another certificate.
"$top/lab/keys.sh"
if ! cmp -s "$build/keys/trusted.pem" "$obj/certs/lab.pem"; then
	mkdir -p "$obj/certs"
	rm -f "$obj/certs/system_certificates.o"
	cp "$build/keys/trusted.pem" "$obj/certs/lab.pem"
	! grep -q '^CONFIG_SYSTEM_TRUSTED_KEYRING=y' "$obj/.config" ||
		CCACHE_RECACHE=1 step "certificate-$whose-$k" compile certs/system_certificates.o
fi

suffix=
[ "$k" = fast ] || suffix=.$k
step "kernel-$whose-$k" compile bzImage

# Nor does ccache see that a file of .incbin has changed.
purgatory=$obj/arch/x86/purgatory
if [ "$whose" = ours ] && [ -f "$purgatory/kexec-purgatory.o" ]; then
	objcopy -O binary -j .rodata "$purgatory/kexec-purgatory.o" "$purgatory/in-kernel"
	if ! cmp -s -n "$(stat -c %s "$purgatory/purgatory.ro")" \
		"$purgatory/purgatory.ro" "$purgatory/in-kernel"; then
		rm "$purgatory/kexec-purgatory.o"
		CCACHE_DISABLE=1 step "purgatory-$whose-$k" compile bzImage
	fi
fi

for file in vmlinux arch/x86/boot/bzImage; do
	target=$out/$(basename $file)$suffix
	[ "$obj/$file" -ef "$target" ] || ln -f "$obj/$file" "$target"
done
