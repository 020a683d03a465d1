/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The loaders of kexec_file_load(2) on x86_64: their common steps and data.
 *
 * A loader has two steps.  Its parse() allocates a struct x86_load, parses the
 * file once and keeps what it found there.  Its load() adds the other files and
 * calls x86_kexec_load_files(), which adds the segments in the same order for
 * all formats: the purgatory, the boot data, the kernel by the loader's own
 * place(), the initrd.  The struct x86_load lives until the load is over.
 *
 *	parse_*.c	parsers, pure functions
 *	bzimage.c	loader of bzImages
 *	vmlinux.c	loader of vmlinux files
 *	uki.c		loader of unified kernel images
 *	loaders.c	the table of loaders
 *	load.c		the steps that all loaders have in common
 *	handover.c	the root page of live update
 *	bootparams.c	the boot data: boot_params, command line, setup_data
 *	crash_load.c	the ELF header and the memory map of a crash image
 */
#ifndef _ARCH_X86_KERNEL_KEXEC_LOAD_H
#define _ARCH_X86_KERNEL_KEXEC_LOAD_H

#include <linux/kexec.h>
#include <linux/types.h>

#include <asm/bootparam.h>

#include "bootparams.h"
#include "parse.h"

/* Lowest addresses of segments; those of kexec-tools. */
#define X86_LOAD_MIN_DATA	0x3000
#define X86_LOAD_MIN_KERNEL	0x100000
#define X86_LOAD_MIN_INITRD	0x1000000

/* setup_header.type_of_loader: kexec. */
#define X86_LOADER_KEXEC	0xd0

/**
 * struct x86_bytes - a part of a file, in kernel memory until the load is over
 * @at: the first byte
 * @size: length in bytes, 0 for none
 */
struct x86_bytes {
	void *at;
	size_t size;
};

/**
 * struct x86_load - a load, from the parsing of the kernel file to the end
 * @image: the image
 * @kernel: the file that the kernel comes from
 * @bzimage: what the parser found in @kernel, if that is a bzImage
 * @vmlinux: the same, if it is a vmlinux
 * @uki: the sections of the unified kernel image that contains @kernel
 * @made_header: a setup header for a format that has none
 * @header: the setup header for the next kernel's boot_params
 * @cmdline: the command line, without a final NUL
 * @cmdline_max: the largest length of a command line without its final NUL,
 *	from the setup header
 * @ucode: microcode, to be placed in front of @initrd and padded to whole pages
 * @initrd: the initrd
 * @liveupdate: version of live update that the kernel understands, 0 for none
 * @root: the root page of live update, or NULL
 * @place: adds the segments of the kernel and sets @entry; 0 or an errno
 * @entry: physical address of the kernel's 64-bit entry
 * @data: the boot data
 */
struct x86_load {
	struct kimage *image;
	struct x86_bytes kernel;
	struct bzimage_layout bzimage;
	struct vmlinux_layout vmlinux;
	struct uki_layout uki;
	struct setup_header made_header;
	struct x86_bytes header;
	struct x86_bytes cmdline;
	size_t cmdline_max;
	struct x86_bytes ucode;
	struct x86_bytes initrd;
	unsigned int liveupdate;
	void *root;
	int (*place)(struct x86_load *load);
	u64 entry;
	struct boot_data data;
};

/**
 * struct x86_part - a part of a run of segments
 * @bytes: the first bytes of the part, in kernel memory; the rest is zero
 * @memsz: length of the part in bytes, whole pages
 */
struct x86_part {
	struct x86_bytes bytes;
	size_t memsz;
};

extern const struct kexec_file_ops kexec_bzimage_ops;
extern const struct kexec_file_ops kexec_uki_ops;
extern const struct kexec_file_ops kexec_vmlinux_ops;

/* load.c */
int x86_kexec_refuse_file(const char *format, const struct parse_reason *why);
int x86_kexec_add_run(const struct kexec_buf *where,
		      const struct x86_part *part, unsigned int nr, u64 *mem);
int x86_kexec_load_new(struct kimage *image);
void *x86_kexec_load_files(struct x86_load *load);
int x86_kexec_load_cleanup(void *loader_data);

/* bzimage.c */
int x86_kexec_bzimage_check_machine(const struct bzimage_layout *layout);
void x86_kexec_bzimage_prepare(struct x86_load *load);

/* handover.c */
#ifdef CONFIG_LIVEUPDATE
int x86_kexec_add_root(struct x86_load *load);
#else
static inline int x86_kexec_add_root(struct x86_load *load)
{
	return 0;
}
#endif

#endif /* _ARCH_X86_KERNEL_KEXEC_LOAD_H */
