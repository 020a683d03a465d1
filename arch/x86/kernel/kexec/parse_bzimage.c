// SPDX-License-Identifier: GPL-2.0-only
/*
 * Parser of bzImages: the setup header; see Documentation/arch/x86/boot.rst.
 *
 * The file starts with the real mode part, of which kexec uses the setup header
 * only.  The rest of the file is the payload.
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

/* The end of the last field that is read, and of the room in boot_params. */
#define HEADER_NEEDED		0x264
#define HEADER_MAX		0x290

#define SECTOR			512
#define SMALLEST_FILE		1024
#define ENTRY_64		0x200

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
	return err ?: check_sizes(size, layout, why);
}
