// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of the parsers of arch/x86/kernel/kexec.
 *
 * Literal cases state which rule refuses a file, and the numbers in the message.
 * Other tests break each valid file systematically: they cut it at every byte, and
 * set each field and each pair of fields to telling values.  The oracles of
 * parse_check.c have the answers for those.
 *
 * usage: parse_test [FILE...]		test with these kernel images, too
 *	  parse_test --seeds NAME DIR	write the valid files of a format
 */
#include <elf.h>
#include <inttypes.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ktap.h"
#include "parse_files.h"

static const struct format * const formats[] = {
	&bzimage_format, &vmlinux_format, &uki_format,
};

static char **real_files;
static int nr_real_files;

/* --- which rule refuses which file --- */

struct change {
	u64 offset;
	unsigned int width;
	u64 value;
};

struct refusal {
	const struct format *format;
	unsigned int seed;
	u64 cut;
	struct change change[3];
	const char *rule;	/* behind "PART: " if a part of the file breaks it */
	u64 value, limit;
};

#define PHDR(n, member) (ELF_PHDR(n) + (member))
#define P_TYPE 0
#define P_OFFSET 8
#define P_VADDR 16
#define P_PADDR 24
#define P_FILESZ 32
#define P_MEMSZ 40
#define E_ENTRY 24
#define E_PHOFF 32
#define E_PHENTSIZE 54
#define E_PHNUM 56
#define VIRTUAL_SIZE 8
#define ADDRESS 12
#define RAW_SIZE 16
#define RAW_OFFSET 20
#define PE_FIELD(n, member) (PE_SECTION(n) + (member))
#define NAME_LINUX 0x78756e696c2eull
#define NAME_INITRD 0x647274696e692eull
#define NAME_CMDLINE 0x656e696c646d632eull
#define NAME_UCODE 0x65646f63752eull
#define NAME_PROFILE 0x656c69666f72702eull
#define CERTIFICATES (PE_OPTIONAL_AT + 144)

static const struct refusal refusals[] = {
	{ &bzimage_format, 0, 1023, { },
	  "no HdrS in a file of this size", 1023, 1024 },
	{ &bzimage_format, 0, 0, { { 0x202, 1, 'h' } },
	  "no HdrS in a file of this size", 0x700, 1024 },
	{ &bzimage_format, 0, 0, { { 0x1fe, 2, 0xaa56 } },
	  "boot flag is wrong", 0xaa56, 0xaa55 },
	{ &bzimage_format, 0, 0, { { 0x206, 2, 0x20b } },
	  "boot protocol is too old", 0x20b, 0x20c },
	{ &bzimage_format, 0, 0, { { 0x201, 1, 0x61 } },
	  "setup header is too short", 0x72, 0x73 },
	{ &bzimage_format, 0, 0, { { 0x211, 1, 0xfe } },
	  "not to be loaded above 1 MiB, loadflags", 0xfe, 1 },
	{ &bzimage_format, 0, 0, { { 0x236, 2, 0xfffe } },
	  "no 64-bit entry, xloadflags", 0xfffe, 1 },
	{ &bzimage_format, 0, 0, { { 0x236, 2, 0xfffd } },
	  "not to be loaded above 4 GiB, xloadflags", 0xfffd, 2 },
	{ &bzimage_format, 0, 1024, { },
	  "setup area fills the file", 1024, 1024 },
	{ &bzimage_format, 0, 0, { { 0x1f1, 1, 0xff } },
	  "setup area fills the file", 0x20000, 0x700 },
	{ &bzimage_format, 0, 1024 + 512, { },
	  "payload ends before its entry", 512, 512 },
	{ &bzimage_format, 0, 0, { { 0x260, 4, 0x2ff } },
	  "init_size is less than the payload", 0x2ff, 0x300 },
	{ &bzimage_format, 0, 0, { { 0x230, 4, 0 } },
	  "kernel_alignment is no power of two", 0, 0x40000000 },
	{ &bzimage_format, 0, 0, { { 0x230, 4, 0x300000 } },
	  "kernel_alignment is no power of two", 0x300000, 0x40000000 },
	{ &bzimage_format, 0, 0, { { 0x230, 4, 0x80000000 } },
	  "kernel_alignment is too large", 0x80000000, 0x40000000 },

	{ &vmlinux_format, 0, 63, { },
	  "no x86_64 ELF executable in a file of this size", 63, 64 },
	{ &vmlinux_format, 0, 0, { { 16, 2, 3 } },
	  "no x86_64 ELF executable in a file of this size", 0x100, 64 },
	{ &vmlinux_format, 0, 0, { { E_PHENTSIZE, 2, 55 } },
	  "size of a program header", 55, 56 },
	{ &vmlinux_format, 0, 119, { },
	  "program headers are not in the file", 64, 119 },
	{ &vmlinux_format, 0, 0, { { E_PHOFF, 8, ~0ull } },
	  "program headers are not in the file", ~0ull, 0x100 },
	{ &vmlinux_format, 0, 0, { { PHDR(0, P_FILESZ), 8, 0x1001 } },
	  "PT_LOAD has more bytes than memory", 0x1001, 0x1000 },
	{ &vmlinux_format, 0, 0xff, { },
	  "bytes of a PT_LOAD are not in the file", 0x80, 0xff },
	{ &vmlinux_format, 0, 0, { { PHDR(0, P_OFFSET), 8, -0x10ull } },
	  "bytes of a PT_LOAD are not in the file", -0x10ull, 0x100 },
	{ &vmlinux_format, 0, 0, { { PHDR(0, P_PADDR), 8, 0xfffffc0001000 } },
	  "physical address of a PT_LOAD is too high", 0xfffffc0001000, 0xfffffc0000000 },
	{ &vmlinux_format, 0, 0, { { PHDR(0, P_PADDR), 8, 0x1000001 } },
	  "physical address of a PT_LOAD is not aligned", 0x1000001, 0x1000 },
	{ &vmlinux_format, 3, 0, { { PHDR(8, P_MEMSZ), 8, 1 },
				   { PHDR(8, P_FILESZ), 8, 1 } },
	  "bytes of a PT_LOAD are not in the file", ~0ull, 0x400 },
	{ &vmlinux_format, 3, 0, { { PHDR(8, P_OFFSET), 8, 0 }, { PHDR(8, P_MEMSZ), 8, 1 } },
	  "too many PT_LOADs", 9, 8 },
	{ &vmlinux_format, 0, 0, { { PHDR(0, P_VADDR), 8, 0xffffffff7fffffff } },
	  "not linked as a kernel, virtual address", 0xffffffff7fffffff, 0xffffffff80000000 },
	{ &vmlinux_format, 1, 0, { { PHDR(1, P_PADDR), 8, 0x1001000 } },
	  "PT_LOAD starts before the end of another", 0x1001000, 0x1001900 },
	{ &vmlinux_format, 1, 0, { { PHDR(1, P_PADDR), 8, 0x3000 } },
	  "PT_LOAD starts before the end of another", 0x3000, 0x1001900 },
	{ &vmlinux_format, 0, 0, { { PHDR(0, P_MEMSZ), 8, 0x40000001 } },
	  "kernel is too large, memory of a PT_LOAD", 0x40000001, 0x40000000 },
	{ &vmlinux_format, 0, 0, { { PHDR(0, P_MEMSZ), 8, ~0ull } },
	  "kernel is too large, memory of a PT_LOAD", ~0ull, 0x40000000 },
	{ &vmlinux_format, 0, 0, { { PHDR(0, P_TYPE), 4, 4 } },
	  "no PT_LOAD among the program headers", 1, 1 },
	{ &vmlinux_format, 0, 0, { { E_PHNUM, 2, 0 } },
	  "no PT_LOAD among the program headers", 0, 1 },
	{ &vmlinux_format, 0, 0, { { PHDR(0, P_PADDR), 8, 0xff000 } },
	  "physical base is too low", 0xff000, 0x100000 },
	{ &vmlinux_format, 0, 0, { { PHDR(0, P_PADDR), 8, 0x100000 } },
	  "physical base is not aligned", 0x100000, 0x200000 },
	{ &vmlinux_format, 0, 0, { { PHDR(0, P_PADDR), 8, 0x1100000 } },
	  "physical base is not aligned", 0x1100000, 0x200000 },
	{ &vmlinux_format, 0, 0, { { E_ENTRY, 8, 0xffffff } },
	  "entry is in no PT_LOAD by its physical address", 0xffffff, 0x1000000 },
	{ &vmlinux_format, 0, 0, { { E_ENTRY, 8, 0x1000080 } },
	  "entry is in no PT_LOAD by its physical address", 0x1000080, 0x1000000 },

	{ &uki_format, 0, 63, { },
	  "no x86_64 PE headers in a file of this size", 63, 64 },
	{ &uki_format, 0, 0, { { PE_AT + 4, 2, 0x14c } },
	  "no x86_64 PE headers in a file of this size", 0x480, 64 },
	{ &uki_format, 0, 0, { { PE_AT + 20, 2, 151 } },
	  "no x86_64 PE headers in a file of this size", 0x480, 64 },
	{ &uki_format, 0, 0, { { 0x3c, 4, 0x480 - 24 - 151 } },
	  "no x86_64 PE headers in a file of this size", 0x480, 64 },
	{ &uki_format, 0, 0, { { PE_AT + 6, 2, 97 } },
	  "too many sections", 97, 96 },
	{ &uki_format, 5, 0, { { PE_AT + 6, 2, 97 }, { PE_SHORT_SECTION(95), 1, 'x' },
			       { PE_SHORT_SECTION(96), 8, 0x78756e696c2eull } },
	  "too many sections", 97, 96 },
	{ &uki_format, 0, 0, { { PE_OPTIONAL_AT + 60, 4, 0x481 } },
	  "headers are longer than the file", 0x481, 0x480 },
	{ &uki_format, 0, 0, { { PE_OPTIONAL_AT + 60, 4, 0x480 } },
	  ".linux: section starts in the headers", 0x400, 0x480 },
	{ &uki_format, 0, 0, { { PE_OPTIONAL_AT + 60, 4, PE_SECTION(1) - 1 } },
	  "section table ends behind the headers", PE_SECTION(1), PE_SECTION(1) - 1 },
	{ &uki_format, 1, 0x5bf, { },
	  "certificate table is not in the file", 0x560, 0x5bf },
	{ &uki_format, 1, 0, { { CERTIFICATES, 4, 0x3ff } },
	  "certificate table starts in the headers", 0x3ff, 0x400 },
	{ &uki_format, 0, 0x47f, { },
	  ".linux: section is not in the file", 0x400, 0x47f },
	{ &uki_format, 0, 0, { { PE_FIELD(0, RAW_OFFSET), 4, 0xffffffc0 } },
	  ".linux: section is not in the file", 0xffffffc0, 0x480 },
	{ &uki_format, 1, 0, { { PE_FIELD(5, RAW_SIZE), 4, 0xffffffff } },
	  ".initrd: section is not in the file", 0x4a0, 0x5c0 },
	{ &uki_format, 0, 0, { { PE_FIELD(0, RAW_OFFSET), 4, 0x3ff } },
	  ".linux: section starts in the headers", 0x3ff, 0x400 },
	{ &uki_format, 1, 0, { { CERTIFICATES, 4, 0x55f } },
	  ".linux: section overlaps the certificate table", 0x4e0, 0x55f },
	{ &uki_format, 1, 0, { { PE_FIELD(6, RAW_SIZE), 4, 0x81 } },
	  ".linux: section overlaps the certificate table", 0x4e0, 0x560 },
	{ &uki_format, 1, 0, { { PE_FIELD(3, RAW_SIZE), 4, 0x21 } },
	  ".ucode: section overlaps another one", 0x480, 0x460 },
	{ &uki_format, 2, 0, { { PE_FIELD(5, RAW_OFFSET), 4, 0x400 } },
	  ".linux: section overlaps another one", 0x400, 0x400 },
	{ &uki_format, 0, 0, { { PE_FIELD(0, ADDRESS), 4, 0x3ff } },
	  ".linux: section is loaded over the headers", 0x3ff, 0x400 },
	{ &uki_format, 6, 0, { { PE_FIELD(9, VIRTUAL_SIZE), 4, 0x1001 } },
	  ".profile: section is loaded over another one", 0xc000, 0xb000 },
	{ &uki_format, 1, 0, { { PE_FIELD(0, ADDRESS), 4, 0x5014 } },
	  ".cmdline: section is loaded over another one", 0x5000, 0x5014 },
	{ &uki_format, 1, 0, { { PE_FIELD(5, VIRTUAL_SIZE), 4, 0xffffffff } },
	  ".linux: section is loaded over another one", 0x8000, 0x7000 },
	{ &uki_format, 1, 0, { { PE_SECTION(2), 8, 0x0a01207f80e17eull },
			       { PE_FIELD(2, RAW_OFFSET), 4, 0x5c0 } },
	  "~??????: section is not in the file", 0x5c0, 0x5c0 },
	{ &uki_format, 1, 0, { { PE_SECTION(2), 8, 0x212e656d616e2e2dull },
			       { PE_FIELD(2, RAW_OFFSET), 4, 0x5c0 } },
	  "-.name.!: section is not in the file", 0x5c0, 0x5c0 },
	{ &uki_format, 1, 0, { { PE_SECTION(0), 8, NAME_LINUX } },
	  ".linux: second section of this name", 6, 0 },
	{ &uki_format, 1, 0, { { PE_SECTION(1), 8, NAME_CMDLINE } },
	  ".cmdline: second section of this name", 3, 1 },
	{ &uki_format, 1, 0, { { PE_SECTION(2), 8, NAME_INITRD } },
	  ".initrd: second section of this name", 5, 2 },
	{ &uki_format, 1, 0, { { PE_SECTION(2), 8, NAME_UCODE } },
	  ".ucode: second section of this name", 4, 2 },
	{ &uki_format, 6, 0, { { PE_SECTION(8), 8, NAME_LINUX } },
	  ".linux: second section of this name", 9, 8 },
	{ &uki_format, 6, 0, { { PE_SECTION(13), 8, NAME_INITRD } },
	  ".initrd: second section of this name", 14, 13 },
	{ &uki_format, 2, 0, { { PE_FIELD(0, VIRTUAL_SIZE), 4, 0 } },
	  "no kernel in .linux, sections", 6, 1 },
	{ &uki_format, 7, 0, { { PE_SECTION(0), 1, 'x' }, { PE_SECTION(1), 8, NAME_PROFILE },
			       { PE_SECTION(2), 8, NAME_LINUX } },
	  "no kernel in .linux, sections", 3, 1 },
	{ &uki_format, 0, 0, { { PE_SECTION(0), 1, 'x' } },
	  "no kernel in .linux, sections", 1, 1 },
	{ &uki_format, 0, 0, { { PE_FIELD(0, VIRTUAL_SIZE), 4, 0 } },
	  "no kernel in .linux, sections", 1, 1 },
};

static void test_refusals(void)
{
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(refusals); i++) {
		const struct refusal *refusal = &refusals[i];
		struct parse_reason why = { .rule = NULL };
		const char *wrong;
		struct file file;
		char says[128];
		bool sound;
		int err;

		EXPECT(refusal->format->build(refusal->seed, &file), "case %u: no such file", i);
		for (j = 0; j < 3 && refusal->change[j].width; j++)
			put(&file, refusal->change[j].offset, refusal->change[j].width,
			    refusal->change[j].value);
		if (refusal->cut)
			file.size = refusal->cut;
		wrong = refusal->format->check(file.data, file.size, &sound);
		EXPECT(!wrong, "case %u (%s): %s", i, refusal->rule, wrong);
		err = refusal->format->parse(file.data, file.size, &why);
		EXPECT(err == -ENOEXEC && why.rule, "case %u (%s): %d", i, refusal->rule, err);
		snprintf(says, sizeof(says), "%s%s%s", why.part, *why.part ? ": " : "", why.rule);
		EXPECT(!strcmp(says, refusal->rule) && why.value == refusal->value &&
		       why.limit == refusal->limit,
		       "case %u: %s: %#" PRIx64 " against %#" PRIx64
		       ", not %s: %#" PRIx64 " against %#" PRIx64, i, says, why.value,
		       why.limit, refusal->rule, refusal->value, refusal->limit);
	}
}

/* --- the profiles of a UKI --- */

/* The sections that a profile uses, by their sizes. */
struct profile {
	unsigned int seed;
	u32 profile;
	u64 kernel, initrd, cmdline, ucode;
	u32 profiles;
};

static const struct profile profiles[] = {
	{ 1, 0, 0x41, 0x33, 0x15, 0x20, 0 },	/* without .profile: the base */
	{ 2, 0, 0x40, 0, 0x10, 0, 2 },
	{ 2, 1, 0x10, 0, 0x10, 0, 2 },		/* its own kernel */
	{ 2, 2, 0x40, 0, 0, 0, 2 },		/* there is no such profile */
	{ 2, ~0u, 0x40, 0, 0, 0, 2 },
	{ 6, 0, 0x40, 0x16, 0x12, 0x19, 2 },	/* all of it from the base */
	{ 6, 1, 0x40, 0, 0x1c, 0x19, 2 },	/* another line; an empty initrd counts */
	{ 7, 0, 0x40, 0, 0, 0, 2 },		/* all of it from the profile */
};

static void test_profiles(void)
{
	const struct profile *want;
	struct parse_reason why;
	struct uki_layout got;
	struct file file;

	for (want = profiles; want < profiles + ARRAY_SIZE(profiles); want++) {
		uki_format.build(want->seed, &file);
		EXPECT(!kexec_parse_uki(file.data, file.size, want->profile, &got, &why),
		       "%u@%u: refused", want->seed, want->profile);
		EXPECT(got.kernel.size == want->kernel && got.initrd.size == want->initrd &&
		       got.cmdline.size == want->cmdline && got.ucode.size == want->ucode,
		       "%u@%u: %#" PRIx64 ", %#" PRIx64 ", %#" PRIx64 ", %#" PRIx64, want->seed,
		       want->profile, got.kernel.size, got.initrd.size, got.cmdline.size,
		       got.ucode.size);
		EXPECT(got.profiles == want->profiles, "%u@%u: %u profiles", want->seed,
		       want->profile, got.profiles);
	}
	uki_format.build(7, &file);
	EXPECT(kexec_parse_uki(file.data, file.size, 1, &got, &why) == -ENOEXEC &&
	       !strcmp(why.rule, "no kernel in .linux, sections"),
	       "a profile without a kernel is accepted");
}

/* What a command line selects, and what is left of it; NULL: all, nothing is selected. */
struct selector {
	const char *line;
	u32 profile;
	const char *rest;
};

static const struct selector selectors[] = {
	{ "", 0, NULL },
	{ "quiet", 0, NULL },
	{ "quiet @1", 0, NULL },
	{ " @1", 0, NULL },
	{ "11", 0, NULL },
	{ "@", 0, NULL },
	{ "@ 1", 0, NULL },
	{ "@x", 0, NULL },
	{ "@1x", 0, NULL },
	{ "@1\tquiet", 0, NULL },
	{ "@-1", 0, NULL },
	{ "@/", 0, NULL },
	{ "@:", 0, NULL },
	{ "@0", 0, "" },
	{ "@0 quiet", 0, "quiet" },
	{ "@1", 1, "" },
	{ "@1 ", 1, "" },
	{ "@1  quiet ", 1, " quiet " },
	{ "@19 @2", 19, "@2" },
	{ "@007 x", 7, "x" },
	{ "@4294967295 x", ~0u, "x" },
	{ "@4294967296", ~0u, "" },
	{ "@18446744073709551617", ~0u, "" },
	{ "@99999999999999999999999 x", ~0u, "x" },
};

static void test_selectors(void)
{
	const struct selector *want;

	for (want = selectors; want < selectors + ARRAY_SIZE(selectors); want++) {
		u64 size = strlen(want->line), length;
		char *line = malloc(size + !size);
		u32 profile = 0xa5;

		EXPECT(line, "no memory");
		memcpy(line, want->line, size);
		length = kexec_uki_selector(line, size, &profile);
		free(line);
		EXPECT(profile == want->profile && length <= size &&
		       !strcmp(want->line + length, want->rest ?: want->line),
		       "'%s': profile %u, %" PRIu64 " bytes", want->line, profile, length);
	}
}

/* --- valid files, broken systematically --- */

struct tally {
	unsigned int sound, broken;
};

static const char *try_file(const struct format *format, const struct file *file,
			    struct tally *tally)
{
	bool sound;
	const char *wrong = format->check(file->data, file->size, &sound);

	if (sound)
		tally->sound++;
	else
		tally->broken++;
	return wrong;
}

/* Larger files only repeat what smaller ones have. */
#define LARGE 4096

static void seeds_of(const struct format *format)
{
	struct tally tally = { 0 };
	struct file file;
	unsigned int n;

	for (n = 0; format->build(n, &file) && !ktap_failed; n++) {
		const char *wrong = try_file(format, &file, &tally);

		EXPECT(!wrong, "%s %u: %s", format->name, n, wrong);
	}
	EXPECT(!tally.broken, "%s: %u seeds are refused", format->name, tally.broken);
}

static void cut_each(const struct format *format)
{
	struct tally tally = { 0 };
	struct file file;
	unsigned int n;

	for (n = 0; format->build(n, &file) && !ktap_failed; n++) {
		while (file.size--) {
			const char *wrong = try_file(format, &file, &tally);

			EXPECT(!wrong, "%s %u cut to %" PRIu64 " bytes: %s", format->name, n,
			       file.size, wrong);
		}
	}
	EXPECT(tally.broken > 1000, "%s: only %u cuts are refused", format->name, tally.broken);
}

/* Bytes behind the end are ignored, or belong to the payload of a bzImage. */
static void extend_each(const struct format *format)
{
	struct tally tally = { 0 };
	struct file file;
	unsigned int n, more;

	for (n = 0; format->build(n, &file) && !ktap_failed; n++) {
		for (more = 0; more < 64; more++, file.size++) {
			const char *wrong = try_file(format, &file, &tally);

			EXPECT(!wrong, "%s %u and %u bytes: %s", format->name, n, more, wrong);
		}
	}
	EXPECT(tally.sound, "%s: trailing data is refused", format->name);
}

static void flip_each_bit(const struct format *format)
{
	struct tally tally = { 0 };
	struct file file;
	unsigned int n;
	u64 bit;

	for (n = 0; format->build(n, &file) && !ktap_failed; n++) {
		for (bit = 0; bit < 8 * file.size && file.size <= LARGE; bit++) {
			const char *wrong;

			file.data[bit / 8] ^= 1 << bit % 8;
			wrong = try_file(format, &file, &tally);
			file.data[bit / 8] ^= 1 << bit % 8;
			EXPECT(!wrong, "%s %u, bit %" PRIu64 " of byte %#" PRIx64 ": %s",
			       format->name, n, bit % 8, bit / 8, wrong);
		}
	}
	EXPECT(tally.sound && tally.broken, "%s: %u sound, %u broken", format->name,
	       tally.sound, tally.broken);
}

/* Fields that depend on each other are less than so many fields apart. */
#define NEAR 5

/* The first field takes the telling values; if @pairs, each field near it too. */
static const char *change_fields(const struct format *format, struct file *file,
				 const struct field *field, unsigned int nr, bool pairs,
				 struct tally *tally)
{
	u64 value[VALUES_MAX], was = get_field(file->data, *field);
	unsigned int nr_values = telling_values(file->data, file->size, *field, value);
	const char *wrong = NULL;
	unsigned int i, j;

	for (i = 0; !wrong && i < nr_values; i++) {
		put_field(file->data, *field, value[i]);
		if (!pairs)
			wrong = try_file(format, file, tally);
		for (j = 1; !wrong && pairs && j < nr && j < NEAR; j++)
			wrong = change_fields(format, file, &field[j], 1, false, tally);
		if (wrong)
			printf("# field at %#" PRIx64 " is %#" PRIx64 "\n", field->offset,
			       value[i]);
	}
	put_field(file->data, *field, was);
	return wrong;
}

static void change_each(const struct format *format, bool pairs)
{
	struct field field[FIELDS_MAX];
	struct tally tally = { 0 };
	struct file file;
	unsigned int n, i, nr;

	for (n = 0; format->build(n, &file) && !ktap_failed; n++) {
		if (pairs && file.size > LARGE)
			continue;
		nr = format->fields(file.data, file.size, field);
		for (i = 0; i < nr; i++) {
			const char *wrong = change_fields(format, &file, &field[i], nr - i,
							  pairs, &tally);

			EXPECT(!wrong, "%s %u: %s", format->name, n, wrong);
		}
	}
	printf("# %s: %u broken files, %u sound ones\n", format->name, tally.broken, tally.sound);
	EXPECT(tally.sound && tally.broken, "nothing was tried");
}

static void each_format(void (*test)(const struct format *))
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(formats) && !ktap_failed; i++)
		test(formats[i]);
}

static void change_one(const struct format *format)
{
	change_each(format, false);
}

static void change_two(const struct format *format)
{
	change_each(format, true);
}

/* A file of one format is refused by the parsers of the others. */
static void strange_to(const struct format *format)
{
	struct parse_reason why;
	struct file file;
	unsigned int i, n;

	for (i = 0; i < ARRAY_SIZE(formats); i++) {
		if (formats[i] == format)
			continue;
		for (n = 0; formats[i]->build(n, &file); n++)
			EXPECT(format->parse(file.data, file.size, &why) == -ENOEXEC,
			       "%s takes %s %u", format->name, formats[i]->name, n);
	}
}

/* --- the mark of live update --- */

struct mark {
	const struct format *format;
	unsigned int seed;
	u64 cut;
	struct change change;
	unsigned int version;
};

#define INFO(offset) (BZIMAGE_INFO + (offset))
#define NOTES(offset) (0x700 + (offset))

static const struct mark marks[] = {
	{ &bzimage_format, 0, 0, { }, 0 },
	{ &bzimage_format, 4, 0, { }, 1 },
	{ &bzimage_format, 5, 0, { }, 7 },
	{ &bzimage_format, 6, 0, { }, 0 },
	{ &bzimage_format, 4, 0, { INFO(24), 4, 0xfffffffe }, 0xfffffffe },
	{ &bzimage_format, 4, 0, { 0x206, 2, 0x20e }, 0 },
	{ &bzimage_format, 4, 0, { 0x201, 1, 0x69 }, 0 },
	{ &bzimage_format, 4, 0, { 0x268, 4, 0x211 }, 0 },
	{ &bzimage_format, 4, 0, { 0x268, 4, 0xffffffff }, 0 },
	{ &bzimage_format, 4, INFO(27), { }, 0 },
	{ &bzimage_format, 4, 0, { INFO(8), 4, 29 }, 0 },
	{ &bzimage_format, 4, 0, { INFO(8), 4, 27 }, 0 },
	{ &bzimage_format, 4, 0, { INFO(4), 4, 17 }, 0 },
	{ &bzimage_format, 4, 0, { INFO(4), 4, 0xffffffff }, 0 },
	{ &bzimage_format, 4, 0, { INFO(16), 1, 'l' }, 0 },
	{ &bzimage_format, 4, 0, { INFO(20), 4, 11 }, 0 },
	{ &bzimage_format, 4, 0, { INFO(20), 4, 0xffffffff }, 0 },
	{ &bzimage_format, 5, 0, { INFO(20), 4, 7 }, 0 },
	{ &bzimage_format, 5, 0, { INFO(20), 4, 0 }, 0 },

	{ &vmlinux_format, 0, 0, { }, 0 },
	{ &vmlinux_format, 1, 0, { }, 0 },
	{ &vmlinux_format, 5, 0, { }, 1 },
	{ &vmlinux_format, 6, 0, { }, 7 },
	{ &vmlinux_format, 5, NOTES(27), { }, 0 },
	{ &vmlinux_format, 5, 0, { PHDR(1, P_TYPE), 4, 1 }, 0 },
	{ &vmlinux_format, 5, 0, { PHDR(1, P_FILESZ), 8, 27 }, 0 },
	{ &vmlinux_format, 5, 0, { PHDR(1, P_FILESZ), 8, 29 }, 0 },
	{ &vmlinux_format, 5, 0, { PHDR(1, P_OFFSET), 8, -4ull }, 0 },
	{ &vmlinux_format, 5, 0, { NOTES(0), 4, 12 }, 0 },
	{ &vmlinux_format, 5, 0, { NOTES(4), 4, 8 }, 0 },
	{ &vmlinux_format, 5, 0, { NOTES(4), 4, 0xffffffff }, 0 },
	{ &vmlinux_format, 5, 0, { NOTES(8), 4, 0 }, 0 },
	{ &vmlinux_format, 5, 0, { NOTES(22), 1, 'x' }, 0 },
	{ &vmlinux_format, 6, 0, { NOTES(0), 4, 0xffffffff }, 0 },
};

/* What the parser says; ~0 if it refuses the file. */
static unsigned int mark_of(const struct format *format, const struct file *file)
{
	struct vmlinux_layout vmlinux;
	struct bzimage_layout bzimage;
	struct parse_reason why;

	if (format == &vmlinux_format)
		return kexec_parse_vmlinux(file->data, file->size, &vmlinux, &why) ?
			~0u : vmlinux.liveupdate;
	return kexec_parse_bzimage(file->data, file->size, &bzimage, &why) ?
		~0u : bzimage.liveupdate;
}

static void test_marks(void)
{
	struct file file;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(marks); i++) {
		const struct mark *mark = &marks[i];
		unsigned int version;

		EXPECT(mark->format->build(mark->seed, &file), "case %u: no such file", i);
		if (mark->change.width)
			put(&file, mark->change.offset, mark->change.width, mark->change.value);
		if (mark->cut)
			file.size = mark->cut;
		version = mark_of(mark->format, &file);
		EXPECT(version == mark->version, "case %u: version %#x, not %#x", i, version,
		       mark->version);
	}
}

struct long_file {
	struct file head;
	u8 rest[0x20000];
};

/* The version in a mark that is the last record of a kernel_info so long. */
static unsigned int mark_in_info(unsigned int length)
{
	struct long_file *file = calloc(1, sizeof(*file));
	struct bzimage_layout layout = { .liveupdate = ~0u };
	struct parse_reason why;
	u8 *data;

	if (!file || !bzimage_format.build(4, &file->head))
		abort();
	data = file->head.data;
	memcpy(data + INFO(length - 12), data + INFO(16), 12);
	put_field(data, (struct field){ INFO(8), 4 }, length);
	put_field(data, (struct field){ INFO(20), 4 }, length - 16 - 12);
	kexec_parse_bzimage(data, INFO(length), &layout, &why);
	free(file);
	return layout.liveupdate;
}

/* The same for notes. */
static unsigned int mark_in_notes(unsigned int length)
{
	struct long_file *file = calloc(1, sizeof(*file));
	struct vmlinux_layout layout = { .liveupdate = ~0u };
	struct parse_reason why;
	u8 *data;

	if (!file || !vmlinux_format.build(5, &file->head))
		abort();
	data = file->head.data;
	memcpy(data + NOTES(length - 28), data + NOTES(0), 28);
	put_field(data, (struct field){ PHDR(1, P_FILESZ), 8 }, length);
	put_field(data, (struct field){ NOTES(4), 4 }, length - 28 - 24);
	kexec_parse_vmlinux(data, NOTES(length), &layout, &why);
	free(file);
	return layout.liveupdate;
}

static void test_marks_in_reach(void)
{
	EXPECT(mark_in_info(PARSE_MARK_ROOM) == 1, "the mark in the longest kernel_info");
	EXPECT(!mark_in_info(PARSE_MARK_ROOM + 4), "the search in a kernel_info goes on");
	EXPECT(mark_in_notes(PARSE_MARK_ROOM) == 1, "the mark in the longest notes");
	EXPECT(!mark_in_notes(PARSE_MARK_ROOM + 4), "the search in notes goes on");
}

/* --- more symbols than the parser looks at --- */

/* The symbol that shows 5-level page tables is the one with this index. */
static bool found_at(u64 index)
{
	u64 strings = 0x1000 + (index + 2) * sizeof(Elf64_Sym);
	static const char name[] = "__pgtable_l5_enabled";
	struct vmlinux_layout layout = { .five_level = false };
	Elf64_Sym symbol = { .st_shndx = 7 };
	Elf64_Shdr shdr[2] = {
		{ .sh_type = SHT_SYMTAB, .sh_link = 1, .sh_offset = 0x1000,
		  .sh_size = strings - 0x1000 },
		{ .sh_type = SHT_STRTAB, .sh_offset = strings, .sh_size = sizeof(name) },
	};
	u8 *data = calloc(1, strings + sizeof(name));
	struct parse_reason why;
	struct file file;
	int err = -1;

	if (data && vmlinux_format.build(0, &file)) {
		memcpy(data, file.data, file.size);
		put_field(data, (struct field){ offsetof(Elf64_Ehdr, e_shoff), 8 }, 0x800);
		put_field(data, (struct field){ offsetof(Elf64_Ehdr, e_shnum), 2 }, 2);
		memcpy(data + 0x800, shdr, sizeof(shdr));
		memcpy(data + 0x1000 + index * sizeof(symbol), &symbol, sizeof(symbol));
		memcpy(data + strings, name, sizeof(name));
		err = kexec_parse_vmlinux(data, strings + sizeof(name), &layout, &why);
	}
	free(data);
	if (err)
		printf("# a vmlinux with %" PRIu64 " symbols: %d\n", index + 2, err);
	return layout.five_level;
}

static void test_symbols(void)
{
	EXPECT(found_at(VMLINUX_MAX_SYMBOLS - 1), "the last symbol in reach is not found");
	EXPECT(!found_at(VMLINUX_MAX_SYMBOLS), "the search goes on");
}

/* --- the serial port of a command line --- */

static const struct {
	const char *cmdline;
	u16 port;
} serials[] = {
	{ "", 0 },
	{ "console=ttyS0", 0x3f8 },
	{ "quiet console=ttyS1,115200n8 panic=5", 0x2f8 },
	{ "console=tty0 console=ttyS3", 0x2e8 },
	{ "console=ttyS2", 0x3e8 },
	{ "console=ttyS4", 0 },
	{ "console=ttyS00", 0 },
	{ "console=ttyS", 0 },
	{ "console=ttyS4 console=ttyS1", 0x2f8 },
	{ "netconsole=ttyS0", 0 },
	{ "console=", 0 },
	{ "console=uart8250,io,0x3f8,9600n8", 0x3f8 },
	{ "console=uart,io,0x2f8", 0x2f8 },
	{ "console=uart8250,io,1016 quiet", 0x3f8 },
	{ "console=uart8250,io,0xFfFf", 0xffff },
	{ "console=uart8250,io,0x10000", 0 },
	{ "console=uart8250,io,0x1000003f8", 0 },
	{ "console=uart8250,io,0x3f8x", 0 },
	{ "console=uart8250,io,", 0 },
	{ "console=uart8250,0x3f8", 0 },
	{ "console=uart8250,mmio,0x3f8", 0 },
	{ "console=uart8250,mmio16,0x3f8", 0 },
	{ "console=uart8250,mmio32,0x3f8 console=ttyS1", 0x2f8 },
	{ "console=uart82500,io,0x3f8", 0 },
	{ "earlycon=uart8250,io,0x3f8,115200", 0x3f8 },
	{ "earlycon=uart,io,0x2f8 quiet", 0x2f8 },
	{ "earlycon=uart8250,mmio32,0xfe030000", 0 },
	{ "earlycon=ttyS0", 0 },
	{ "earlycon", 0 },
	{ "earlycon=uart,io,0x2f8 console=ttyS0", 0x3f8 },
	{ "earlyprintk=ttyS1,keep", 0x2f8 },
	{ "earlyprintk=serial", 0x3f8 },
	{ "earlyprintk=serial,ttyS1,115200", 0x2f8 },
	{ "earlyprintk=serial,ttyS2,115200", 0x3f8 },
	{ "earlyprintk=ttyS2", 0x3f8 },
	{ "earlyprintk=serial,1,9600", 0x2f8 },
	{ "earlyprintk=serial,", 0x3f8 },
	{ "earlyprintk=serial,0x1234,keep", 0x1234 },
	{ "earlyprintk=serial,ttyS0 console=ttyS1", 0x3f8 },
	{ "earlyprintk=serial,9600 console=ttyS1", 0x3f8 },
	{ "earlyprintk=vga console=ttyS1", 0x2f8 },
	{ "earlyprintk=serials", 0 },
	{ "earlyprintk", 0 },
};

static void test_serial(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(serials); i++) {
		u16 port = kexec_parse_serial(serials[i].cmdline);

		EXPECT(port == serials[i].port, "%s: %#x, not %#x", serials[i].cmdline, port,
		       serials[i].port);
	}
}

static void test_seeds(void)
{
	each_format(seeds_of);
}

static void test_cut(void)
{
	each_format(cut_each);
}

static void test_extend(void)
{
	each_format(extend_each);
}

static void test_flip(void)
{
	each_format(flip_each_bit);
}

static void test_fields(void)
{
	each_format(change_one);
}

static void test_pairs(void)
{
	each_format(change_two);
}

static void test_strangers(void)
{
	each_format(strange_to);
}

/* --- kernel images from outside --- */

static u8 *read_open(FILE *in, u64 *size)
{
	u8 *data;
	long length;

	if (fseek(in, 0, SEEK_END))
		return NULL;
	length = ftell(in);
	if (length <= 0 || length > INT_MAX)
		return NULL;
	rewind(in);
	data = malloc(length);
	if (data && fread(data, length, 1, in) != 1) {
		free(data);
		return NULL;
	}
	*size = length;
	return data;
}

static u8 *read_whole(const char *path, u64 *size)
{
	FILE *in = fopen(path, "rb");
	u8 *data = NULL;

	if (in) {
		data = read_open(in, size);
		fclose(in);
	}
	return data;
}

/* Each is sound in one format at most, and no parser disagrees with its oracle. */
static void test_real(void)
{
	unsigned int i, formats_of_file;
	int n;

	for (n = 0; n < nr_real_files; n++) {
		const char *wrong = NULL, *is = "of no format";
		u64 size = 0;
		u8 *data = read_whole(real_files[n], &size);

		if (!data)
			continue;
		for (i = 0, formats_of_file = 0; !wrong && i < ARRAY_SIZE(formats); i++) {
			bool sound = false;

			wrong = formats[i]->check(data, size, &sound);
			formats_of_file += sound;
			if (sound)
				is = formats[i]->name;
		}
		free(data);
		EXPECT(!wrong, "%s: %s", real_files[n], wrong);
		EXPECT(formats_of_file <= 1, "%s has two formats", real_files[n]);
		printf("# %s: %s\n", real_files[n], is);
	}
}

static const struct ktap_test tests[] = {
	{ "refusals", test_refusals },
	{ "profiles", test_profiles },
	{ "selectors", test_selectors },
	{ "seeds", test_seeds },
	{ "cut_at_each_byte", test_cut },
	{ "trailing_data", test_extend },
	{ "each_bit", test_flip },
	{ "each_field", test_fields },
	{ "each_pair_of_fields", test_pairs },
	{ "other_formats", test_strangers },
	{ "many_symbols", test_symbols },
	{ "marks_of_live_update", test_marks },
	{ "marks_in_reach", test_marks_in_reach },
	{ "serial_port", test_serial },
	{ "real_images", test_real },
};

static int write_seeds(const struct format *format, const char *dir)
{
	char path[4096];
	struct file file;
	unsigned int n;
	FILE *out;

	for (n = 0; format->build(n, &file); n++) {
		snprintf(path, sizeof(path), "%s/seed-%u", dir, n);
		out = fopen(path, "wb");
		if (!out || fwrite(file.data, file.size, 1, out) != 1 || fclose(out))
			return 1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	unsigned int i;

	if (argc == 4 && !strcmp(argv[1], "--seeds")) {
		for (i = 0; i < ARRAY_SIZE(formats); i++) {
			if (!strcmp(argv[2], formats[i]->name))
				return write_seeds(formats[i], argv[3]);
		}
		return 2;
	}
	real_files = argv + 1;
	nr_real_files = argc - 1;
	return ktap_run(tests, ARRAY_SIZE(tests));
}
