// SPDX-License-Identifier: GPL-2.0-only
/*
 * Parser of bzImages: the setup header and the kernel_info; see
 * Documentation/arch/x86/boot.rst.
 *
 * The file starts with the real mode part, of which kexec uses the setup header
 * only.  The rest of the file is the payload.  It has the kernel_info, and there
 * the mark of a kernel that understands live update.  A kernel_info that is
 * damaged is no reason to refuse the file: the kernel runs without it.
 */
#ifdef __KERNEL__
#include <linux/string.h>
#else
#include <string.h>
#endif

#include "parse.h"

/* Fields of the header, by their offset in the file and in boot_params. */
#define SETUP_SECTS		0x1f1
#define BOOT_FLAG		0x1fe
#define JUMP_OFFSET		0x201
#define MAGIC			0x202
#define VERSION			0x206
#define LOADFLAGS		0x211
#define KERNEL_ALIGNMENT	0x230
#define RELOCATABLE		0x234
#define XLOADFLAGS		0x236
#define CMDLINE_SIZE		0x238
#define PREF_ADDRESS		0x258
#define INIT_SIZE		0x260
#define KERNEL_INFO_OFFSET	0x268

/* The end of the last field that is read, and of the room in boot_params. */
#define HEADER_NEEDED		0x264
#define HEADER_MAX		0x290

#define SECTOR			512
#define SMALLEST_FILE		1024
#define ENTRY_64		0x200

/* The header of a protocol that has KERNEL_INFO_OFFSET ends behind it. */
#define HEADER_WITH_INFO	0x26c
#define PROTOCOL_WITH_INFO	0x20f

/* The kernel_info: magic, size of the fixed part, size with all records. */
#define INFO_FIXED		4
#define INFO_TOTAL		8
#define INFO_LEAST		12

/* A record in it: magic, size, data.  The data of a mark is its version. */
#define RECORD_SIZE		4
#define RECORD_DATA		8
#define MARK_SIZE		12

#define LOADED_HIGH		0x01
#define KERNEL_64		0x01
#define CAN_BE_ABOVE_4G		0x02

/* 1 GiB: neither kernels nor page tables of x86 have a larger alignment. */
#define MAX_ALIGNMENT		0x40000000

/**
 * kexec_is_bzimage - is a file a bzImage, by its magic?
 * @file: the bytes of the file
 * @size: length of the file in bytes
 *
 * Return: true if kexec_parse_bzimage() is to accept or refuse the file.
 */
bool kexec_is_bzimage(const void *file, u64 size)
{
	return size >= SMALLEST_FILE &&
	       !memcmp((const char *)file + MAGIC, "HdrS", 4);
}

static int check_protocol(const void *file, const struct bzimage_layout *layout,
			  struct parse_reason *why)
{
	u8 loadflags = ((const u8 *)file)[LOADFLAGS];

	if (parse_u16(file, BOOT_FLAG) != 0xaa55)
		return parse_refuse(why, "boot flag is wrong", parse_u16(file, BOOT_FLAG),
			      0xaa55);
	if (layout->version < 0x20c)
		return parse_refuse(why, "boot protocol is too old", layout->version,
			      0x20c);
	if (layout->header.size < HEADER_NEEDED - SETUP_SECTS)
		return parse_refuse(why, "setup header is too short",
			      layout->header.size, HEADER_NEEDED - SETUP_SECTS);
	if (!(loadflags & LOADED_HIGH))
		return parse_refuse(why, "not to be loaded above 1 MiB, loadflags",
			      loadflags, LOADED_HIGH);
	if (!(layout->xloadflags & KERNEL_64))
		return parse_refuse(why, "no 64-bit entry, xloadflags",
			      layout->xloadflags, KERNEL_64);
	if (!(layout->xloadflags & CAN_BE_ABOVE_4G))
		return parse_refuse(why, "not to be loaded above 4 GiB, xloadflags",
			      layout->xloadflags, CAN_BE_ABOVE_4G);
	return 0;
}

static int check_sizes(u64 size, const struct bzimage_layout *layout,
		       struct parse_reason *why)
{
	if (layout->payload.offset >= size)
		return parse_refuse(why, "setup area fills the file",
			      layout->payload.offset, size);
	if (layout->payload.size <= ENTRY_64)
		return parse_refuse(why, "payload ends before its entry",
			      layout->payload.size, ENTRY_64);
	if (layout->init_size < layout->payload.size)
		return parse_refuse(why, "init_size is less than the payload",
			      layout->init_size, layout->payload.size);
	if (!layout->alignment || layout->alignment & (layout->alignment - 1))
		return parse_refuse(why, "kernel_alignment is no power of two",
			      layout->alignment, MAX_ALIGNMENT);
	if (layout->alignment > MAX_ALIGNMENT)
		return parse_refuse(why, "kernel_alignment is too large",
			      layout->alignment, MAX_ALIGNMENT);
	return 0;
}

/* Find the kernel_info; false unless all of it lies in the payload. */
static bool find_info(const void *file, const struct bzimage_layout *layout,
		      struct parse_range *info)
{
	u64 offset = parse_u32(file, KERNEL_INFO_OFFSET);

	if (layout->version < PROTOCOL_WITH_INFO ||
	    layout->header.size < HEADER_WITH_INFO - SETUP_SECTS ||
	    !parse_fits(offset, INFO_LEAST, layout->payload.size))
		return false;
	info->offset = layout->payload.offset + offset;
	info->size = parse_u32(file, info->offset + INFO_TOTAL);
	return !memcmp((const char *)file + info->offset, "LToP", 4) &&
	       info->size <= PARSE_MARK_ROOM &&
	       parse_fits(offset, info->size, layout->payload.size);
}

/* The version in the mark of live update; a damaged mark is none. */
static unsigned int find_mark(const void *file,
			      const struct bzimage_layout *layout)
{
	struct parse_range info;
	u64 at, end, size;

	if (!find_info(file, layout, &info))
		return 0;
	end = info.offset + info.size;
	at = info.offset + parse_u32(file, info.offset + INFO_FIXED);
	for (; parse_fits(at, RECORD_DATA, end); at += size) {
		size = parse_u32(file, at + RECORD_SIZE);
		if (size < RECORD_DATA || size > end - at)
			return 0;
		if (size == MARK_SIZE &&
		    !memcmp((const char *)file + at, "LUpd", 4))
			return parse_u32(file, at + RECORD_DATA);
	}
	return 0;
}

/**
 * kexec_parse_bzimage - find the parts of a bzImage with a 64-bit entry
 * @file: the bytes of the file
 * @size: length of the file in bytes
 * @layout: set if the file is accepted
 * @why: set if the file is refused
 *
 * Return: 0 or -ENOEXEC.
 */
int kexec_parse_bzimage(const void *file, u64 size,
			struct bzimage_layout *layout,
			struct parse_reason *why)
{
	const u8 *byte = file;
	u64 header_end;
	int err;

	if (!kexec_is_bzimage(file, size))
		return parse_refuse(why, "no HdrS in a file of this size", size,
			      SMALLEST_FILE);

	/* The jump at its start leads to the end of the setup header. */
	header_end = MAGIC + byte[JUMP_OFFSET];
	if (header_end > HEADER_MAX)
		header_end = HEADER_MAX;
	*layout = (struct bzimage_layout){
		.header = { SETUP_SECTS, header_end - SETUP_SECTS },
		.pref_address = parse_u64(file, PREF_ADDRESS),
		.init_size = parse_u32(file, INIT_SIZE),
		.alignment = parse_u32(file, KERNEL_ALIGNMENT),
		.cmdline_size = parse_u32(file, CMDLINE_SIZE),
		.version = parse_u16(file, VERSION),
		.xloadflags = parse_u16(file, XLOADFLAGS),
		.relocatable = byte[RELOCATABLE],
	};
	layout->payload.offset = ((byte[SETUP_SECTS] ?: 4) + 1) * SECTOR;
	layout->payload.size = size - layout->payload.offset;

	err = check_protocol(file, layout, why);
	if (!err)
		err = check_sizes(size, layout, why);
	if (!err)
		layout->liveupdate = find_mark(file, layout);
	return err;
}
