// SPDX-License-Identifier: GPL-2.0-only
/*
 * Parser of unified kernel images (UKI): the sections of a PE file.  One
 * section is the code of an EFI stub, which kexec does not use; the others are
 * a kernel, its initrd, its command line and microcode.
 *
 * An Authenticode signature covers the headers, the sections and the data
 * behind them, but not the certificate table.  So each section must be in the
 * file and must not overlap the headers, another section or the certificate
 * table.  The parser checks this for all sections, used or not.
 *
 * The size of a section is the smaller one of its two sizes: the size in memory
 * is exact, the size in the file is padded, and bytes that are not in the file
 * would be zero.
 *
 * The sections before the first .profile section belong to all profiles; only
 * these are loaded.  The sections behind it belong to one profile each.
 */
#ifdef __KERNEL__
#include <linux/string.h>
#else
#include <string.h>
#endif

#include "parse.h"

/* The DOS header: its magic, and the field with the offset of the PE header. */
#define DOS_MAGIC		0x5a4d
#define DOS_PE_OFFSET		0x3c
#define DOS_SIZE		0x40

/* The PE header, by offset from the PE signature. */
#define PE_MAGIC		0x00004550
#define PE_MACHINE		4
#define PE_SECTIONS		6
#define PE_OPTIONAL_SIZE	20
#define PE_OPTIONAL		24

#define MACHINE_X86_64		0x8664

/* The optional header up to the certificate table, by offset from its start. */
#define OPTIONAL_PE32PLUS	0x20b
#define OPTIONAL_HEADERS_SIZE	60
#define OPTIONAL_DIRECTORIES	108
#define OPTIONAL_CERTIFICATES	144
#define OPTIONAL_NEEDED		152
#define CERTIFICATES_INDEX	4

/* An entry of the section table. */
#define SECTION_NAME_SIZE	8
#define SECTION_VIRTUAL_SIZE	8
#define SECTION_RAW_SIZE	16
#define SECTION_RAW_OFFSET	20
#define SECTION_SIZE		40

/* The most that the PE format allows. */
#define MAX_SECTIONS		96

/**
 * struct pe - the headers of a PE file
 * @file: the bytes of the file
 * @size: length of the file in bytes
 * @table: offset of the section table
 * @sections: number of entries of the section table
 * @headers: length of all headers in bytes
 * @certificates: the certificate table, empty if there is none
 */
struct pe {
	const void *file;
	u64 size;
	u64 table;
	unsigned int sections;
	u64 headers;
	struct parse_range certificates;
};

/* Offset of the PE header of an x86_64 PE file with a section table, else 0. */
static u64 find_pe(const void *file, u64 size)
{
	u64 pe;

	if (size < DOS_SIZE || parse_u16(file, 0) != DOS_MAGIC)
		return 0;
	pe = parse_u32(file, DOS_PE_OFFSET);
	if (!parse_fits(pe, PE_OPTIONAL + OPTIONAL_NEEDED, size) ||
	    parse_u32(file, pe) != PE_MAGIC ||
	    parse_u16(file, pe + PE_MACHINE) != MACHINE_X86_64 ||
	    parse_u16(file, pe + PE_OPTIONAL) != OPTIONAL_PE32PLUS ||
	    parse_u16(file, pe + PE_OPTIONAL_SIZE) < OPTIONAL_NEEDED)
		return 0;
	return pe;
}

static u64 section_at(const struct pe *pe, unsigned int index)
{
	return pe->table + index * SECTION_SIZE;
}

static bool section_is(const struct pe *pe, unsigned int index,
		       const char *name)
{
	const char *at = (const char *)pe->file + section_at(pe, index);

	return !strncmp(at, name, SECTION_NAME_SIZE);
}

/* The bytes of a section in the file, with their padding. */
static struct parse_range section_raw(const struct pe *pe, unsigned int index)
{
	u64 at = section_at(pe, index);

	return (struct parse_range){
		.offset = parse_u32(pe->file, at + SECTION_RAW_OFFSET),
		.size = parse_u32(pe->file, at + SECTION_RAW_SIZE),
	};
}

static struct parse_range section_bytes(const struct pe *pe, unsigned int index)
{
	struct parse_range range = section_raw(pe, index);
	u64 virtual_size = parse_u32(pe->file, section_at(pe, index) +
				     SECTION_VIRTUAL_SIZE);

	if (range.size > virtual_size)
		range.size = virtual_size;
	return range;
}

static int read_headers(const void *file, u64 size, struct pe *pe,
			struct parse_reason *why)
{
	u64 at = find_pe(file, size), optional = at + PE_OPTIONAL;

	if (!at)
		return parse_refuse(why, "no x86_64 PE headers in a file of this size",
			      size, DOS_SIZE);
	*pe = (struct pe){
		.file = file,
		.size = size,
		.table = optional + parse_u16(file, at + PE_OPTIONAL_SIZE),
		.sections = parse_u16(file, at + PE_SECTIONS),
		.headers = parse_u32(file, optional + OPTIONAL_HEADERS_SIZE),
	};
	if (parse_u32(file, optional + OPTIONAL_DIRECTORIES) > CERTIFICATES_INDEX) {
		pe->certificates.offset =
			parse_u32(file, optional + OPTIONAL_CERTIFICATES);
		pe->certificates.size =
			parse_u32(file, optional + OPTIONAL_CERTIFICATES + 4);
	}
	return 0;
}

static int check_headers(const struct pe *pe, struct parse_reason *why)
{
	u64 length = (u64)pe->sections * SECTION_SIZE;

	if (pe->sections > MAX_SECTIONS)
		return parse_refuse(why, "too many sections", pe->sections,
			      MAX_SECTIONS);
	if (pe->headers > pe->size)
		return parse_refuse(why, "headers are longer than the file",
			      pe->headers, pe->size);
	if (!parse_fits(pe->table, length, pe->headers))
		return parse_refuse(why, "section table ends behind the headers",
			      pe->table + length, pe->headers);
	if (!pe->certificates.size)
		return 0;
	if (!parse_fits(pe->certificates.offset, pe->certificates.size, pe->size))
		return parse_refuse(why, "certificate table is not in the file",
			      pe->certificates.offset, pe->size);
	if (pe->certificates.offset < pe->headers)
		return parse_refuse(why, "certificate table starts in the headers",
			      pe->certificates.offset, pe->headers);
	return 0;
}

/* Both ranges are in the file, so their ends do not wrap. */
static bool share_a_byte(struct parse_range a, struct parse_range b)
{
	return a.size && b.size && a.offset < b.offset + b.size &&
	       b.offset < a.offset + a.size;
}

/* Check section @index: in the file, and overlaps no other part before it. */
static int check_section(const struct pe *pe, unsigned int index,
			 struct parse_reason *why)
{
	struct parse_range raw = section_raw(pe, index), other;
	unsigned int i;

	if (!raw.size)
		return 0;
	if (!parse_fits(raw.offset, raw.size, pe->size))
		return parse_refuse(why, "section is not in the file", raw.offset,
			      pe->size);
	if (raw.offset < pe->headers)
		return parse_refuse(why, "section starts in the headers", raw.offset,
			      pe->headers);
	if (share_a_byte(raw, pe->certificates))
		return parse_refuse(why, "section overlaps the certificate table",
			      raw.offset, pe->certificates.offset);
	for (i = 0; i < index; i++) {
		other = section_raw(pe, i);
		if (share_a_byte(raw, other))
			return parse_refuse(why, "section overlaps another one",
				      raw.offset, other.offset);
	}
	return 0;
}

static int check_sections(const struct pe *pe, struct parse_reason *why)
{
	unsigned int i;
	int err = 0;

	for (i = 0; !err && i < pe->sections; i++)
		err = check_section(pe, i, why);
	return err;
}

/* Number of sections that belong to all profiles. */
static unsigned int common_sections(const struct pe *pe)
{
	unsigned int i;

	for (i = 0; i < pe->sections; i++) {
		if (section_is(pe, i, ".profile"))
			break;
	}
	return i;
}

static int take_section(const struct pe *pe, const char *name,
			struct parse_range *out, struct parse_reason *why)
{
	unsigned int nr = common_sections(pe), i, found = nr;

	*out = (struct parse_range){ 0, 0 };
	for (i = 0; i < nr; i++) {
		if (!section_is(pe, i, name))
			continue;
		if (found < nr)
			return parse_refuse(why, "second section of a kind that may stand once",
				      i, found);
		found = i;
		*out = section_bytes(pe, i);
	}
	return 0;
}

/* Has some profile a section of this name that is not empty? */
static bool brings_section(const struct pe *pe, const char *name)
{
	unsigned int i;

	for (i = 0; i < pe->sections; i++) {
		if (section_is(pe, i, name) && section_bytes(pe, i).size)
			return true;
	}
	return false;
}

/**
 * kexec_is_uki - is a file a PE file with a section .linux?
 * @file: the bytes of the file
 * @size: length of the file in bytes
 *
 * Return: true if kexec_parse_uki() is to accept or refuse the file.
 */
bool kexec_is_uki(const void *file, u64 size)
{
	struct parse_reason ignored;
	unsigned int i;
	struct pe pe;

	if (read_headers(file, size, &pe, &ignored))
		return false;
	for (i = 0; i < pe.sections && i < MAX_SECTIONS; i++) {
		if (!parse_fits(section_at(&pe, i), SECTION_SIZE, size))
			break;
		if (section_is(&pe, i, ".linux"))
			return true;
	}
	return false;
}

/**
 * kexec_parse_uki - find the parts of a unified kernel image
 * @file: the bytes of the file
 * @size: length of the file in bytes
 * @layout: set if the file is accepted; the parser has not looked into .linux
 * @why: set if the file is refused
 *
 * Return: 0 or -ENOEXEC.
 */
int kexec_parse_uki(const void *file, u64 size, struct uki_layout *layout,
		    struct parse_reason *why)
{
	struct pe pe;
	int err;

	err = read_headers(file, size, &pe, why);
	if (!err)
		err = check_headers(&pe, why);
	if (!err)
		err = check_sections(&pe, why);
	if (!err)
		err = take_section(&pe, ".linux", &layout->kernel, why);
	if (!err)
		err = take_section(&pe, ".initrd", &layout->initrd, why);
	if (!err)
		err = take_section(&pe, ".cmdline", &layout->cmdline, why);
	if (!err)
		err = take_section(&pe, ".ucode", &layout->ucode, why);
	if (err)
		return err;
	if (!layout->kernel.size)
		return parse_refuse(why, "no kernel in .linux, sections", pe.sections,
			      1);
	layout->brings_initrd = brings_section(&pe, ".initrd");
	layout->brings_cmdline = brings_section(&pe, ".cmdline");
	return 0;
}
