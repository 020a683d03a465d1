/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Parsers of the kernel files that kexec_file_load(2) starts on x86_64.
 *
 * A parser is a pure function over the bytes of a file: no allocation, no
 * locks, no globals, no log.  The file may be hostile: a parser reads no field
 * outside of the file, and if it returns 0, it has checked every range in its
 * layout.  The loaders place the parts that a parser finds.
 *
 * The same source is compiled into the kernel and into tools/testing/kexec,
 * where it is fuzzed.  Offsets and sizes are in bytes from the start of the
 * file unless a field says otherwise.  All three formats are little endian; a
 * parser that copies a structure whole relies on a little-endian machine.
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

/* The longest name of a part, that of a section of a PE file. */
#define PARSE_PART_MAX		8

/**
 * struct parse_reason - why a parser has refused a file
 * @part: the name of the part of the file that breaks the rule, printable; empty
 *	if the part has no name
 * @rule: the rule that the file breaks, a constant string; the log has
 *	"PART: RULE: VALUE against LIMIT"
 * @value: the value in the file
 * @limit: the value that the rule compares it with
 */
struct parse_reason {
	char part[PARSE_PART_MAX + 1];
	const char *rule;
	u64 value;
	u64 limit;
};

/**
 * struct parse_range - a part of the file
 * @offset: offset of the first byte
 * @size: length in bytes; 0 if the file has no such part
 */
struct parse_range {
	u64 offset;
	u64 size;
};

/*
 * The search for the mark of live update looks at no more bytes of a kernel_info,
 * or of the notes: they have a few hundred.
 */
#define PARSE_MARK_ROOM		0x10000

/**
 * struct bzimage_layout - the parts and the requirements of a bzImage
 * @payload: the 64-bit part, up to the end of the file; its entry is at offset
 *	0x200
 * @header: the setup header, limited to the room in boot_params
 * @pref_address: physical address at which the kernel needs no relocation
 * @init_size: bytes of memory, from the start of the payload on, that the
 *	kernel uses before it reads the memory map
 * @alignment: alignment of the physical address of the payload, a power of two
 * @cmdline_size: longest command line, the final NUL not included
 * @version: version of the boot protocol
 * @xloadflags: XLF_* of asm/bootparam.h
 * @liveupdate: version of the index of live update that the kernel reads, by the
 *	mark in its kernel_info; 0 if it has no mark
 * @relocatable: the kernel can run at other addresses than @pref_address
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
	unsigned int liveupdate;
	bool relocatable;
};

/* More than any linker script of the kernel makes. */
#define VMLINUX_MAX_PARTS	8

/*
 * The parser looks at no more symbols: several times as many as the largest
 * kernel has, and not so many that a hostile file could keep a CPU for seconds.
 */
#define VMLINUX_MAX_SYMBOLS	(4 << 20)

/**
 * struct vmlinux_part - a part of a vmlinux
 * @bytes: the bytes of the part in the file; empty for a part that is all
 *	zeroes
 * @start: offset of the part from the base of the kernel in memory, page
 *	aligned
 * @size: length of the part in memory, up to the next part
 */
struct vmlinux_part {
	struct parse_range bytes;
	u64 start;
	u64 size;
};

/**
 * struct vmlinux_layout - the parts and the requirements of a vmlinux
 * @part: the parts, ascending, without gaps between them
 * @nr_parts: number of parts, at least one
 * @base: physical address that the kernel was linked for, 2 MiB aligned; the
 *	kernel can run at any other address that is 2 MiB aligned
 * @size: bytes of memory that the kernel needs from its base on, a multiple of
 *	4 KiB
 * @entry: offset of startup_64 from the base
 * @liveupdate: version of the index of live update that the kernel reads, by the
 *	mark in its notes; 0 if it has no mark
 * @five_level: the symbols show that the kernel can run on 5-level page tables
 */
struct vmlinux_layout {
	struct vmlinux_part part[VMLINUX_MAX_PARTS];
	unsigned int nr_parts;
	u64 base;
	u64 size;
	u64 entry;
	unsigned int liveupdate;
	bool five_level;
};

/**
 * struct uki_layout - the sections of a unified kernel image, for one profile
 * @kernel: .linux, a bzImage
 * @initrd: .initrd
 * @cmdline: .cmdline; need not end in a NUL
 * @ucode: .ucode, to be placed in front of the initrd
 * @brings_initrd: some profile has an .initrd that is not empty
 * @brings_cmdline: some profile has a .cmdline that is not empty
 * @profiles: number of profiles that the file has, 0 if it has no .profile
 */
struct uki_layout {
	struct parse_range kernel;
	struct parse_range initrd;
	struct parse_range cmdline;
	struct parse_range ucode;
	bool brings_initrd;
	bool brings_cmdline;
	u32 profiles;
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
int kexec_parse_uki(const void *file, u64 size, u32 profile,
		    struct uki_layout *layout, struct parse_reason *why);
u64 kexec_uki_selector(const char *line, u64 size, u32 *profile);

u16 kexec_parse_serial(const char *cmdline);

/* Helpers of the parsers.  The caller checks that the field is in the file. */
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
	why->part[0] = 0;
	why->rule = rule;
	why->value = value;
	why->limit = limit;
	return -ENOEXEC;
}

/* The same for a part; its @name, from the file, ends with a NUL or its room. */
static inline int parse_refuse_part(struct parse_reason *why, const char *name,
				    const char *rule, u64 value, u64 limit)
{
	int err = parse_refuse(why, rule, value, limit);
	unsigned int i;

	for (i = 0; i < PARSE_PART_MAX && name[i]; i++)
		why->part[i] = name[i] > ' ' && name[i] <= '~' ? name[i] : '?';
	why->part[i] = 0;
	return err;
}

/* Does [offset, offset + length) lie within the first @size bytes? */
static inline bool parse_fits(u64 offset, u64 length, u64 size)
{
	return offset <= size && length <= size - offset;
}

#endif /* _ARCH_X86_KERNEL_KEXEC_PARSE_H */
