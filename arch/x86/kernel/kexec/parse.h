/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files say that kexec_file_load(2) can start on x86_64.
 *
 * A parser is a pure function over the bytes of a file: no allocation, no locks,
 * no globals, no log.  Whoever wrote the file may be hostile: every field is
 * read within the file, and a parser that returns 0 has checked every range in
 * its layout.  Placing what was found is the business of the loaders.
 *
 * The same source is compiled into the kernel and into tools/testing/kexec,
 * where it is fuzzed.  Offsets and sizes are in bytes from the start of the
 * file unless a field says otherwise.  All three formats are little endian, and
 * so is this machine where a structure is copied whole.
 */
#ifndef _ARCH_X86_KERNEL_KEXEC_PARSE_H
#define _ARCH_X86_KERNEL_KEXEC_PARSE_H

#ifdef __KERNEL__
#include <linux/errno.h>
#include <linux/types.h>
#else
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
#endif

/**
 * struct parse_reason - why a file was refused
 * @rule: what is wrong, a constant string; the log says "RULE: VALUE against
 *	LIMIT"
 * @value: what the file says
 * @limit: what that was held against
 */
struct parse_reason {
	const char *rule;
	u64 value;
	u64 limit;
};

/**
 * struct parse_range - a part of the file
 * @offset: its first byte
 * @size: its length; 0 if the file has no such part
 */
struct parse_range {
	u64 offset;
	u64 size;
};

/**
 * struct bzimage_layout - what a bzImage asks of its loader
 * @payload: the 64-bit part, up to the end of the file; entered 0x200 bytes
 *	behind its start
 * @header: the setup header, as much of it as boot_params has room for
 * @pref_address: physical address at which it needs no relocation
 * @init_size: memory from the start of the payload on that it needs before it
 *	reads the memory map
 * @alignment: of its physical address, a power of two
 * @cmdline_size: longest command line, the final NUL not included
 * @version: of the boot protocol
 * @xloadflags: XLF_* of asm/bootparam.h
 * @relocatable: it runs at other addresses than @pref_address
 */
struct bzimage_layout {
	struct parse_range payload;
	struct parse_range header;
	u64 pref_address;
	u32 init_size;
	u32 alignment;
	u32 cmdline_size;
	u16 version;
	u16 xloadflags;
	bool relocatable;
};

/* More parts than any linker script of the kernel makes. */
#define VMLINUX_MAX_PARTS	8

/**
 * struct vmlinux_part - bytes of a vmlinux and their place
 * @bytes: where they are in the file; none for a part that is all zeroes
 * @start: offset from the base of the kernel at which they go, page aligned
 * @size: length of the part in memory, up to the next one
 */
struct vmlinux_part {
	struct parse_range bytes;
	u64 start;
	u64 size;
};

/**
 * struct vmlinux_layout - what a vmlinux asks of its loader
 * @part: its parts, ascending, without gaps between them
 * @nr_parts: their number, at least one
 * @base: physical address that it was linked for, 2 MiB aligned; it runs at
 *	every other such address, too
 * @size: memory that it needs from its base on, a multiple of 4 KiB
 * @entry: offset of startup_64 from the base
 * @five_level: its symbols show that it can run on 5-level page tables
 */
struct vmlinux_layout {
	struct vmlinux_part part[VMLINUX_MAX_PARTS];
	unsigned int nr_parts;
	u64 base;
	u64 size;
	u64 entry;
	bool five_level;
};

/**
 * struct uki_layout - the sections of a unified kernel image
 * @kernel: .linux, a bzImage
 * @initrd: .initrd
 * @cmdline: .cmdline; not necessarily ended by a NUL
 * @ucode: .ucode, to be put in front of the initrd
 * @brings_initrd: a section of this kind is not empty, in whatever profile
 * @brings_cmdline: a section of this kind is not empty, in whatever profile
 */
struct uki_layout {
	struct parse_range kernel;
	struct parse_range initrd;
	struct parse_range cmdline;
	struct parse_range ucode;
	bool brings_initrd;
	bool brings_cmdline;
};

bool kexec_is_bzimage(const void *file, u64 size);
int kexec_parse_bzimage(const void *file, u64 size,
			struct bzimage_layout *layout,
			struct parse_reason *why);

bool kexec_is_vmlinux(const void *file, u64 size);
int kexec_parse_vmlinux(const void *file, u64 size,
			struct vmlinux_layout *layout,
			struct parse_reason *why);

bool kexec_is_uki(const void *file, u64 size);
int kexec_parse_uki(const void *file, u64 size, struct uki_layout *layout,
		    struct parse_reason *why);

/* For the parsers themselves: the caller has checked that the field is there. */
static inline u16 parse_u16(const void *file, u64 offset)
{
	const u8 *byte = (const u8 *)file + offset;

	return byte[0] | byte[1] << 8;
}

static inline u32 parse_u32(const void *file, u64 offset)
{
	return parse_u16(file, offset) | (u32)parse_u16(file, offset + 2) << 16;
}

static inline u64 parse_u64(const void *file, u64 offset)
{
	return parse_u32(file, offset) | (u64)parse_u32(file, offset + 4) << 32;
}

static inline int parse_refuse(struct parse_reason *why, const char *rule,
			       u64 value, u64 limit)
{
	why->rule = rule;
	why->value = value;
	why->limit = limit;
	return -ENOEXEC;
}

/* Does [offset, offset + length) lie within the first @size bytes? */
static inline bool parse_fits(u64 offset, u64 length, u64 size)
{
	return offset <= size && length <= size - offset;
}

#endif /* _ARCH_X86_KERNEL_KEXEC_PARSE_H */
