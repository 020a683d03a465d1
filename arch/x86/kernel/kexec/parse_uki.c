// SPDX-License-Identifier: GPL-2.0-only
/*
 * Parser of unified kernel images (UKI): the sections of a PE file.  One
 * section is the code of an EFI stub, which kexec does not use; the others are
 * a kernel, its initrd, its command line and microcode.
 *
 * The file can have profiles.  Each section .profile begins one; the first is
 * profile 0, the default.  The sections before the first .profile are the base,
 * which all profiles share.  A profile has the sections up to the next .profile,
 * and those of the base that it does not have itself.  A section of a profile
 * replaces that of the base, even by an empty one.
 *
 * An Authenticode signature covers the headers, the sections and the data
 * behind them, but not the certificate table.  So each section must be in the
 * file and must not overlap the headers, another section or the certificate
 * table.  The firmware loads the sections to their addresses, and the stub reads
 * them there.  So no section may overlap the headers or another section in
 * memory either: the stub would not see the bytes of the file.  The parser
 * checks this for all sections, used or not.
 *
 * The size of a section is the smaller one of its two sizes.  The size in the
 * file is padded to the alignment.  The size in memory is exact, except for
 * .linux, where it can include the memory that the kernel needs when it runs;
 * bytes that are not in the file would be zero.
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
#define SECTION_ADDRESS		12
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

/* The name of a section; a name of SECTION_NAME_SIZE has no NUL. */
static const char *section_name(const struct pe *pe, unsigned int index)
{
	return (const char *)pe->file + section_at(pe, index);
}

static bool section_is(const struct pe *pe, unsigned int index,
		       const char *name)
{
	return !strncmp(section_name(pe, index), name, SECTION_NAME_SIZE);
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

/* The memory that the firmware loads a section to, from the base of the file. */
static struct parse_range section_memory(const struct pe *pe,
					 unsigned int index)
{
	u64 at = section_at(pe, index);

	return (struct parse_range){
		.offset = parse_u32(pe->file, at + SECTION_ADDRESS),
		.size = parse_u32(pe->file, at + SECTION_VIRTUAL_SIZE),
	};
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

/* The ends of both ranges do not wrap: they come from 32-bit numbers. */
static bool share_a_byte(struct parse_range a, struct parse_range b)
{
	return a.size && b.size && a.offset < b.offset + b.size &&
	       b.offset < a.offset + a.size;
}

/* Check the bytes of section @index: in the file, apart from other parts. */
static int check_bytes(const struct pe *pe, unsigned int index,
		       struct parse_reason *why)
{
	struct parse_range raw = section_raw(pe, index), other;
	const char *name = section_name(pe, index);
	unsigned int i;

	if (!raw.size)
		return 0;
	if (!parse_fits(raw.offset, raw.size, pe->size))
		return parse_refuse_part(why, name, "section is not in the file",
					 raw.offset, pe->size);
	if (raw.offset < pe->headers)
		return parse_refuse_part(why, name, "section starts in the headers",
					 raw.offset, pe->headers);
	if (share_a_byte(raw, pe->certificates))
		return parse_refuse_part(why, name, "section overlaps the certificate table",
					 raw.offset, pe->certificates.offset);
	for (i = 0; i < index; i++) {
		other = section_raw(pe, i);
		if (share_a_byte(raw, other))
			return parse_refuse_part(why, name, "section overlaps another one",
						 raw.offset, other.offset);
	}
	return 0;
}

/* Check the addresses of section @index: apart from other parts in memory. */
static int check_memory(const struct pe *pe, unsigned int index,
			struct parse_reason *why)
{
	struct parse_range memory = section_memory(pe, index), other;
	const char *name = section_name(pe, index);
	unsigned int i;

	if (!memory.size)
		return 0;
	if (memory.offset < pe->headers)
		return parse_refuse_part(why, name, "section is loaded over the headers",
					 memory.offset, pe->headers);
	for (i = 0; i < index; i++) {
		other = section_memory(pe, i);
		if (share_a_byte(memory, other))
			return parse_refuse_part(why, name, "section is loaded over another one",
						 memory.offset, other.offset);
	}
	return 0;
}

static bool is_used(const struct pe *pe, unsigned int index)
{
	return section_is(pe, index, ".linux") ||
	       section_is(pe, index, ".initrd") ||
	       section_is(pe, index, ".cmdline") ||
	       section_is(pe, index, ".ucode");
}

/* Check that section @index is the first of its name in its profile. */
static int check_single(const struct pe *pe, unsigned int index,
			struct parse_reason *why)
{
	const char *name = section_name(pe, index);
	unsigned int i = index;

	if (!is_used(pe, index))
		return 0;
	while (i-- && !section_is(pe, i, ".profile")) {
		if (section_is(pe, i, name))
			return parse_refuse_part(why, name, "second section of this name",
						 index, i);
	}
	return 0;
}

static int check_sections(const struct pe *pe, struct parse_reason *why)
{
	unsigned int i;
	int err = 0;

	for (i = 0; !err && i < pe->sections; i++) {
		err = check_bytes(pe, i, why);
		if (!err)
			err = check_memory(pe, i, why);
		if (!err)
			err = check_single(pe, i, why);
	}
	return err;
}

/*
 * The section of this name that @profile uses.  The sections of a profile follow
 * those of the base, so the last one that matches is the profile's own.
 */
static struct parse_range find_section(const struct pe *pe, u32 profile,
				       const char *name)
{
	struct parse_range found = { 0, 0 };
	u32 begun = 0;
	unsigned int i;

	for (i = 0; i < pe->sections; i++) {
		begun += section_is(pe, i, ".profile");
		if ((!begun || begun - 1 == profile) && section_is(pe, i, name))
			found = section_bytes(pe, i);
	}
	return found;
}

static u32 count_profiles(const struct pe *pe)
{
	unsigned int i;
	u32 nr = 0;

	for (i = 0; i < pe->sections; i++)
		nr += section_is(pe, i, ".profile");
	return nr;
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
 * @profile: number of the profile to use, from 0, the default; of a profile that
 *	the file does not have the parser uses the base
 * @layout: set if the file is accepted; the parser has not looked into .linux
 * @why: set if the file is refused
 *
 * The parser checks the sections of all profiles.
 *
 * Return: 0 or -ENOEXEC.
 */
int kexec_parse_uki(const void *file, u64 size, u32 profile,
		    struct uki_layout *layout, struct parse_reason *why)
{
	struct pe pe;
	int err;

	err = read_headers(file, size, &pe, why);
	if (!err)
		err = check_headers(&pe, why);
	if (!err)
		err = check_sections(&pe, why);
	if (err)
		return err;
	*layout = (struct uki_layout){
		.kernel = find_section(&pe, profile, ".linux"),
		.initrd = find_section(&pe, profile, ".initrd"),
		.cmdline = find_section(&pe, profile, ".cmdline"),
		.ucode = find_section(&pe, profile, ".ucode"),
		.brings_initrd = brings_section(&pe, ".initrd"),
		.brings_cmdline = brings_section(&pe, ".cmdline"),
		.profiles = count_profiles(&pe),
	};
	if (!layout->kernel.size)
		return parse_refuse(why, "no kernel in .linux, sections", pe.sections,
			      1);
	return 0;
}

/**
 * kexec_uki_selector - find the profile that a command line selects
 * @line: the command line
 * @size: its length in bytes, without a final NUL
 * @profile: set to the number of the profile, at most ~0, which no file has; 0,
 *	the default, if the line does not select any
 *
 * A line selects profile N if it begins with "@N", which the end of the line or
 * a space must follow.
 *
 * Return: length in bytes of what the kernel must remove from the start of the
 * line: the selector with one space; 0 if the line does not select any profile.
 */
u64 kexec_uki_selector(const char *line, u64 size, u32 *profile)
{
	u64 number = 0, at;

	*profile = 0;
	if (!size || line[0] != '@')
		return 0;
	for (at = 1; at < size && line[at] >= '0' && line[at] <= '9'; at++) {
		number = number * 10 + line[at] - '0';
		if (number > (u32)~0)
			number = (u32)~0;
	}
	if (at == 1 || (at < size && line[at] != ' '))
		return 0;
	*profile = number;
	return at < size ? at + 1 : at;
}
