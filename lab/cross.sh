#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Other architectures: they keep their own machine_kexec and are built against
# our core. Objects only, but for i386, which is linked: x86 shares files. With
# --link those are that have a file loader, too.
# Usage: lab/cross.sh [--link] [ARCH...]

. "$(dirname "$0")/lib.sh"

tree=$build/linux
"$top/lab/base.sh"
"$top/lab/tree.py" "$cache/base" "$tree"

# What this configuration takes from us.
generic() {
	for folder in kernel kernel/kexec; do
		sed -n 's/^obj-$(\(CONFIG_[A-Z_]*\))[[:space:]]*+= \(.*\)/\1 \2/p' "$tree/$folder/Makefile" |
		while read -r option objects; do
			grep -qx "$option=y" "$obj/.config" || continue
			for object in $objects; do
				[ ! -f "$top/$folder/${object%.o}.c" ] || echo "$folder/$object"
			done
		done
	done
	echo kernel/vmcore_info.o
}

toolchain() {
	case $1 in
	arm64) echo aarch64-linux-gnu- ;;
	i386) echo i686-linux-gnu- ;;
	mips) echo mips-linux-gnu- ;;
	powerpc) echo powerpc64le-linux-gnu- ;;
	riscv) echo riscv64-linux-gnu- ;;
	s390) echo s390x-linux-gnu- ;;
	sh) echo sh4-linux-gnu- ;;
	*) die "cross: no compiler is listed for $1" ;;
	esac
}

# What stays the base's and consumes our header, or the whole kernel.
targets() {
	case $1 in
	arm64) echo arch/arm64/kernel/machine_kexec.o arch/arm64/kernel/relocate_kernel.o \
		arch/arm64/kernel/machine_kexec_file.o arch/arm64/kernel/kexec_image.o \
		arch/arm64/kernel/crash_dump.o ;;
	i386) echo bzImage ;;
	mips) echo arch/mips/kernel/machine_kexec.o arch/mips/kernel/relocate_kernel.o \
		arch/mips/kernel/crash.o ;;
	powerpc) echo arch/powerpc/kexec/core.o arch/powerpc/kexec/core_64.o \
		arch/powerpc/kexec/file_load.o arch/powerpc/kexec/file_load_64.o \
		arch/powerpc/kexec/elf_64.o arch/powerpc/kexec/crash.o arch/powerpc/kexec/ranges.o arch/powerpc/purgatory/ ;;
	riscv) echo arch/riscv/kernel/machine_kexec.o arch/riscv/kernel/kexec_relocate.o \
		arch/riscv/kernel/crash_save_regs.o arch/riscv/kernel/kexec_elf.o \
		arch/riscv/kernel/machine_kexec_file.o arch/riscv/kernel/crash_dump.o \
		arch/riscv/purgatory/ ;;
	s390) echo arch/s390/kernel/machine_kexec.o arch/s390/kernel/relocate_kernel.o \
		arch/s390/kernel/machine_kexec_file.o arch/s390/kernel/kexec_elf.o \
		arch/s390/kernel/kexec_image.o arch/s390/kernel/crash_dump.o \
		arch/s390/purgatory/ ;;
	sh) echo arch/sh/kernel/machine_kexec.o arch/sh/kernel/relocate_kernel.o ;;
	esac
	[ "$1" = i386 ] || generic
}

# A whole kernel.
linked() {
	case $1 in
	arm64) echo Image ;;
	i386) echo bzImage ;;
	*) echo vmlinux ;;
	esac
}

one() {
	obj=$build/cross/$1
	prefix=$(toolchain "$1")
	command -v "${prefix}gcc" >/dev/null || die "cross: ${prefix}gcc is not installed"
	"$top/lab/config.sh" "$tree" "$obj" "$top/lab/config/cross/$1.config" \
		ARCH="$1" CROSS_COMPILE="$prefix"
	# shellcheck disable=SC2046 # a list of words
	step "$form-$1" kmake "$tree" "$obj" ARCH="$1" CROSS_COMPILE="$prefix" \
		CC="ccache ${prefix}gcc" $("$what" "$1")
	# the base's list of system calls that sh lacks is no compiler's warning
	! grep -v '#warning syscall' "$log/$form-$1.log" | grep -n 'warning:' ||
		die "$form-$1: warnings (log: build/log/$form-$1.log)"
}

form=cross
what=targets
all='arm64 mips powerpc riscv s390 sh i386'
if [ "${1:-}" = --link ]; then
	shift
	form=link
	what=linked
	all='arm64 powerpc riscv s390 i386'
fi

passed=0
failed=0
for arch in ${*:-$all}; do
	# not in a condition: the first error must stop this architecture
	set +e
	(set -e; one "$arch")
	rc=$?
	set -e
	[ "$rc" = 0 ] && passed=$((passed + 1)) || failed=$((failed + 1))
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
