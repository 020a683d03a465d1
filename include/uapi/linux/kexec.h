/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * The arguments of kexec_load(2) and kexec_file_load(2).
 *
 * Both calls load an image: a kernel with all that it needs to start.  There is
 * room for one normal image, which reboot(2) enters with
 * LINUX_REBOOT_CMD_KEXEC, and for one crash image, which a panic enters.
 * reboot(2) shuts devices down before it enters the image, but it neither ends
 * processes nor writes filesystems back: the caller does that first.
 *
 * "Since" names the first mainline kernel that accepts a flag; this kernel has
 * those of Linux 6.18 as well.  A kernel refuses a flag that it does not know
 * with EINVAL.
 *
 * Documentation/admin-guide/kexec/index.rst is the guide for users.
 */
#ifndef _UAPILINUX_KEXEC_H
#define _UAPILINUX_KEXEC_H

#include <linux/types.h>

/*
 * Flags of kexec_load(): bits 0 to 15.  The call ignores bits 32 to 63.
 */

/* Since Linux 2.6.13: load or unload the crash image, not the normal one. */
#define KEXEC_ON_CRASH			0x00000001

/*
 * Since Linux 2.6.27: reboot(2) keeps the state of the system, so that the image
 * can return to it.  Only with CONFIG_KEXEC_JUMP, and not for a crash image.
 */
#define KEXEC_PRESERVE_CONTEXT		0x00000002

/*
 * Since Linux 6.6, for a crash image: the kernel may rewrite the segment with
 * the ELF header of the dump when CPUs or memory come and go.  The caller
 * promises that no checksum covers this segment.
 */
#define KEXEC_UPDATE_ELFCOREHDR		0x00000004

/*
 * Since Linux 6.10, for a crash image: the same promise for every segment that
 * the architecture rewrites then.
 */
#define KEXEC_CRASH_HOTPLUG_SUPPORT	0x00000008

/*
 * Bits 16 to 31 of kexec_load()'s flags: the architecture of the image, as the
 * machine number of ELF headers.  KEXEC_ARCH_DEFAULT is that of the running
 * kernel; a 32-bit program on a 64-bit kernel must name the architecture.
 */
#define KEXEC_ARCH_MASK			0xffff0000

#define KEXEC_ARCH_DEFAULT		(0 << 16)
#define KEXEC_ARCH_386			(3 << 16)
#define KEXEC_ARCH_68K			(4 << 16)
#define KEXEC_ARCH_MIPS			(8 << 16)
#define KEXEC_ARCH_MIPS_LE		(10 << 16)
#define KEXEC_ARCH_PARISC		(15 << 16)
#define KEXEC_ARCH_PPC			(20 << 16)
#define KEXEC_ARCH_PPC64		(21 << 16)
#define KEXEC_ARCH_S390			(22 << 16)
#define KEXEC_ARCH_ARM			(40 << 16)
#define KEXEC_ARCH_SH			(42 << 16)
#define KEXEC_ARCH_IA_64		(50 << 16)
#define KEXEC_ARCH_X86_64		(62 << 16)
#define KEXEC_ARCH_AARCH64		(183 << 16)
#define KEXEC_ARCH_RISCV		(243 << 16)
#define KEXEC_ARCH_LOONGARCH		(258 << 16)

/* The most segments that one image can have. */
#define KEXEC_SEGMENT_MAX		16

#ifndef __KERNEL__
/*
 * A destination in physical memory, and the bytes that stand there when the
 * image is entered.  kexec_load() takes an array of segments; their destinations
 * must not overlap.  The kernel's own definition is in its linux/kexec.h.
 */
struct kexec_segment {
	/* The bytes, in the caller's memory. */
	const void *buf;
	/* Number of these bytes, at most memsz. */
	__kernel_size_t bufsz;
	/* Physical address of the destination, a multiple of the page size. */
	const void *mem;
	/*
	 * Length of the destination in bytes, a multiple of the page size.  The
	 * kernel fills what lies behind the first bufsz bytes with zeros.
	 */
	__kernel_size_t memsz;
};
#endif /* __KERNEL__ */

/*
 * Flags of kexec_file_load(), which has none for the architecture.
 */

/* Since Linux 3.17: unload the image.  The call uses no argument but flags. */
#define KEXEC_FILE_UNLOAD		0x00000001

/* Since Linux 3.17: load or unload the crash image, not the normal one. */
#define KEXEC_FILE_ON_CRASH		0x00000002

/* Since Linux 3.17: there is no initrd.  The call does not use initrd_fd. */
#define KEXEC_FILE_NO_INITRAMFS		0x00000004

/* Since Linux 6.8: log where each segment goes, and what the image is given. */
#define KEXEC_FILE_DEBUG		0x00000008

/*
 * Since Linux 6.18: claim no memory at the destinations.  The image waits in
 * other pages, and the code between the kernels copies it.
 */
#define KEXEC_FILE_NO_CMA		0x00000010

/*
 * Since Linux 6.18, on x86: hand over the device tree that the running kernel was
 * started with, if it was started with one.
 */
#define KEXEC_FILE_FORCE_DTB		0x00000020

#endif /* _UAPILINUX_KEXEC_H */
