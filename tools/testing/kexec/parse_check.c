// SPDX-License-Identifier: GPL-2.0-only
/*
 * Oracles for the parsers of arch/x86/kernel/kexec, which read a file in another
 * way.  They copy structures whole where a parser reads field by field, compute
 * ends in 128 bits, and note for each byte of the file to which part it belongs.
 *
 * The parser gets the file in memory of exactly its size, so that ASan reports a
 * read behind the end.
 */
#include <asm/bootparam.h>
#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "parse_files.h"

typedef unsigned __int128 u128;

static bool in_file(u128 offset, u128 length, u64 size)
{
	return offset + length <= size;
}

static bool same_range(struct parse_range a, struct parse_range b)
{
	return a.size == b.size && (!a.size || a.offset == b.offset);
}

static void *copy_of(const u8 *data, u64 size)
{
	void *copy = malloc(size);

	if (size && !copy)
		abort();
	if (size)
		memcpy(copy, data, size);
	return copy;
}

/* What a parser answered, apart from the layout. */
struct answer {
	bool is;
	int err;
	struct parse_reason why;
};

/* A refusal has an errno and a reason; a sound file is recognised. */
static const char *judge_answer(const struct answer *answer, bool is, bool sound)
{
	if (answer->is != is)
		return "the probe says otherwise";
	if (answer->err && answer->err != -ENOEXEC)
		return "another errno than ENOEXEC";
	if (answer->err && (!answer->why.rule || !*answer->why.rule))
		return "refused without a reason";
	if (!answer->err && !sound)
		return "a broken file was accepted";
	if (answer->err && sound)
		return "a sound file was refused";
	return NULL;
}

/* --- bzImage --- */

int parse_bzimage_copy(const u8 *data, u64 size, struct parse_reason *why)
{
	struct bzimage_layout layout;
	void *file = copy_of(data, size);
	int err = kexec_parse_bzimage(file, size, &layout, why);

	free(file);
	return err;
}

struct info {
	char magic[4];
	u32 fixed, total;
};

struct record {
	char magic[4];
	u32 size, version;
};

/* What the mark in the kernel_info says; the records are those that are whole. */
static unsigned int marked_bzimage(const u8 *data, u64 size, u64 setup, u32 offset)
{
	u128 at = (u128)setup + offset, end;
	struct record record;
	struct info info;

	if (!in_file(at, sizeof(info), size))
		return 0;
	memcpy(&info, data + at, sizeof(info));
	end = at + info.total;
	if (strncmp(info.magic, "LToP", 4) || info.total > 1 << 16 || end > size)
		return 0;
	for (at += info.fixed; at + 8 <= end; at += record.size) {
		memcpy(&record, data + at, 8);
		if (record.size < 8 || at + record.size > end)
			break;
		if (record.size != sizeof(record) || strncmp(record.magic, "LUpd", 4))
			continue;
		memcpy(&record, data + at, sizeof(record));
		return record.version;
	}
	return 0;
}

static bool sound_bzimage(const u8 *data, u64 size, struct bzimage_layout *want)
{
	u64 setup, jump_to, room = sizeof(struct setup_header);
	struct setup_header hdr;

	if (size < 1024)
		return false;
	memcpy(&hdr, data + 0x1f1, sizeof(hdr));
	setup = 512 * (1 + (hdr.setup_sects ? hdr.setup_sects : 4));
	jump_to = 0x202 + (hdr.jump >> 8);

	/* The room between setup_header and edd_mbr_sig_buffer in boot_params. */
	room = offsetof(struct boot_params, edd_mbr_sig_buffer) -
	       offsetof(struct boot_params, hdr);
	*want = (struct bzimage_layout){
		.payload = { setup, size - setup },
		.header = { 0x1f1, jump_to - 0x1f1 < room ? jump_to - 0x1f1 : room },
		.pref_address = hdr.pref_address,
		.init_size = hdr.init_size,
		.alignment = hdr.kernel_alignment,
		.cmdline_size = hdr.cmdline_size,
		.version = hdr.version,
		.xloadflags = hdr.xloadflags,
		.relocatable = hdr.relocatable_kernel,
	};
	if (hdr.version >= 0x20f &&
	    jump_to >= 0x1f1 + offsetof(struct setup_header, kernel_info_offset) + 4)
		want->liveupdate = marked_bzimage(data, size, setup, hdr.kernel_info_offset);
	return hdr.header == 0x53726448 && hdr.boot_flag == 0xaa55 && hdr.version >= 0x20c &&
	       jump_to >= 0x1f1 + offsetof(struct setup_header, handover_offset) &&
	       (hdr.loadflags & LOADED_HIGH) && (hdr.xloadflags & XLF_KERNEL_64) &&
	       (hdr.xloadflags & XLF_CAN_BE_LOADED_ABOVE_4G) &&
	       size > setup + 512 && hdr.init_size >= size - setup &&
	       __builtin_popcount(hdr.kernel_alignment) == 1 &&
	       hdr.kernel_alignment <= 1u << 30;
}

static bool same_bzimage(const struct bzimage_layout *a, const struct bzimage_layout *b)
{
	return same_range(a->payload, b->payload) && same_range(a->header, b->header) &&
	       a->pref_address == b->pref_address && a->init_size == b->init_size &&
	       a->alignment == b->alignment && a->cmdline_size == b->cmdline_size &&
	       a->version == b->version && a->xloadflags == b->xloadflags &&
	       a->relocatable == b->relocatable && a->liveupdate == b->liveupdate;
}

const char *check_bzimage(const u8 *data, u64 size, bool *sound)
{
	bool is = size >= 1024 && !memcmp(data + 0x202, "HdrS", 4);
	struct bzimage_layout layout, want;
	struct answer answer = { .is = false };
	void *file = copy_of(data, size);
	const char *wrong;

	memset(&layout, 0xa5, sizeof(layout));
	answer.is = kexec_is_bzimage(file, size);
	answer.err = kexec_parse_bzimage(file, size, &layout, &answer.why);
	free(file);
	*sound = sound_bzimage(data, size, &want);
	wrong = judge_answer(&answer, is, *sound);
	if (!wrong && *sound && !same_bzimage(&layout, &want))
		wrong = "another layout";
	return wrong;
}

/* --- vmlinux --- */

int parse_vmlinux_copy(const u8 *data, u64 size, struct parse_reason *why)
{
	struct vmlinux_layout layout;
	void *file = copy_of(data, size);
	int err = kexec_parse_vmlinux(file, size, &layout, why);

	free(file);
	return err;
}

static bool claims_vmlinux(const u8 *data, u64 size)
{
	static const u8 ident[] = { 0x7f, 'E', 'L', 'F', 2, 1 };
	static const u8 type_and_machine[] = { 2, 0, 62, 0 };

	return size >= 64 && !memcmp(data, ident, sizeof(ident)) &&
	       !memcmp(data + 16, type_and_machine, sizeof(type_and_machine));
}

/* The PT_LOADs that take memory; false if there are none, too many or unread ones. */
static bool find_loads(const u8 *data, u64 size, const Elf64_Ehdr *ehdr,
		       Elf64_Phdr load[VMLINUX_MAX_PARTS], unsigned int *nr)
{
	unsigned int i;

	*nr = 0;
	if (ehdr->e_phentsize != 56 || !in_file(ehdr->e_phoff, 56 * ehdr->e_phnum, size))
		return false;
	for (i = 0; i < ehdr->e_phnum; i++) {
		Elf64_Phdr phdr;

		memcpy(&phdr, data + ehdr->e_phoff + 56 * i, 56);
		if (phdr.p_type != PT_LOAD || !phdr.p_memsz)
			continue;
		if (*nr == VMLINUX_MAX_PARTS)
			return false;
		load[(*nr)++] = phdr;
	}
	return *nr;
}

static bool sound_load(const Elf64_Phdr *load, u64 base, u64 size)
{
	return load->p_filesz <= load->p_memsz &&
	       in_file(load->p_offset, load->p_filesz, size) &&
	       load->p_paddr % 4096 == 0 && load->p_paddr <= (1ull << 52) - (1 << 30) &&
	       (u128)load->p_paddr + load->p_memsz <= (u128)base + (1 << 30);
}

static bool sound_loads(const Elf64_Phdr *load, unsigned int nr, u64 entry, u64 size)
{
	bool entered = false;
	unsigned int i;

	if (load[0].p_paddr < 1 << 20 || load[0].p_paddr % (2 << 20) ||
	    load[0].p_vaddr < 0xffffffff80000000ull)
		return false;
	for (i = 0; i < nr; i++) {
		if (!sound_load(&load[i], load[0].p_paddr, size))
			return false;
		if (i && load[i].p_paddr < (u128)load[i - 1].p_paddr + load[i - 1].p_memsz)
			return false;
		entered |= entry >= load[i].p_paddr &&
			   entry < (u128)load[i].p_paddr + load[i].p_filesz;
	}
	return entered;
}

static bool is_string_at(const u8 *data, u64 from, u64 to, const char *want)
{
	while (from < to && *want && data[from] == (u8)*want) {
		from++;
		want++;
	}
	return from < to && !*want && !data[from];
}

/* Does the first symbol table, if it is sound, define the symbol? */
static bool shows_five_level(const u8 *data, u64 size, const Elf64_Ehdr *ehdr)
{
	Elf64_Shdr *shdr;
	bool found = false;
	unsigned int i;
	u64 n;

	if (ehdr->e_shentsize != 64 || !in_file(ehdr->e_shoff, 64 * ehdr->e_shnum, size))
		return false;
	shdr = copy_of(data + ehdr->e_shoff, 64 * ehdr->e_shnum);
	for (i = 0; i < ehdr->e_shnum && shdr[i].sh_type != SHT_SYMTAB; i++)
		;
	if (i < ehdr->e_shnum && shdr[i].sh_link < ehdr->e_shnum) {
		const Elf64_Shdr *symbols = &shdr[i], *strings = &shdr[symbols->sh_link];
		bool sound = in_file(symbols->sh_offset, symbols->sh_size, size) &&
			     in_file(strings->sh_offset, strings->sh_size, size);

		for (n = 0; sound && n < symbols->sh_size / 24 && n < VMLINUX_MAX_SYMBOLS; n++) {
			const u8 *symbol = data + symbols->sh_offset + 24 * n;
			u32 name;

			memcpy(&name, symbol, 4);
			found |= (symbol[6] | symbol[7]) &&
				 is_string_at(data, strings->sh_offset + name,
					      strings->sh_offset + strings->sh_size,
					      "__pgtable_l5_enabled");
		}
	}
	free(shdr);
	return found;
}

/* What the mark in the first PT_NOTE says; the notes are those that are whole. */
static unsigned int marked_vmlinux(const u8 *data, u64 size, const Elf64_Ehdr *ehdr)
{
	static const char mark[] = "\x0b\0\0\0\4\0\0\0\1\0\0\0LiveUpdate";
	Elf64_Phdr phdr = { 0 };
	u128 at, end, length;
	u32 note[3], version;
	unsigned int i;

	for (i = 0; i < ehdr->e_phnum && phdr.p_type != PT_NOTE; i++)
		memcpy(&phdr, data + ehdr->e_phoff + 56 * i, 56);
	at = phdr.p_offset;
	end = at + phdr.p_filesz;
	if (phdr.p_type != PT_NOTE || phdr.p_filesz > 1 << 16 || end > size)
		return 0;
	for (; at + sizeof(note) <= end; at += length) {
		memcpy(note, data + at, sizeof(note));
		length = 12 + ((u64)note[0] + 3) / 4 * 4 + ((u64)note[1] + 3) / 4 * 4;
		if (at + length > end)
			break;
		if (length != 28 || memcmp(data + at, mark, sizeof(mark)))
			continue;
		memcpy(&version, data + at + 24, 4);
		return version;
	}
	return 0;
}

static bool same_part(const struct vmlinux_part *part, const Elf64_Phdr *load, u64 base,
		      u64 end)
{
	struct parse_range bytes = { load->p_offset, load->p_filesz };

	return same_range(part->bytes, bytes) && part->start == load->p_paddr - base &&
	       base + part->start + part->size == end;
}

static const char *judge_vmlinux(const struct vmlinux_layout *layout, const Elf64_Phdr *load,
				 unsigned int nr, u64 entry, bool five_level)
{
	u64 base = load[0].p_paddr, end;
	unsigned int i;

	end = (load[nr - 1].p_paddr + load[nr - 1].p_memsz + 4095) / 4096 * 4096;
	if (layout->nr_parts != nr || layout->base != base || layout->size != end - base)
		return "another place";
	if (layout->entry != entry - base)
		return "another entry";
	if (layout->five_level != five_level)
		return "another answer about 5-level page tables";
	for (i = 0; i < nr; i++) {
		u64 until = i + 1 < nr ? load[i + 1].p_paddr : end;

		if (!same_part(&layout->part[i], &load[i], base, until))
			return "another part";
	}
	return NULL;
}

const char *check_vmlinux(const u8 *data, u64 size, bool *sound)
{
	bool is = claims_vmlinux(data, size);
	Elf64_Phdr load[VMLINUX_MAX_PARTS];
	struct vmlinux_layout layout;
	struct answer answer = { .is = false };
	void *file = copy_of(data, size);
	Elf64_Ehdr ehdr = { 0 };
	const char *wrong;
	unsigned int nr;

	memset(&layout, 0xa5, sizeof(layout));
	answer.is = kexec_is_vmlinux(file, size);
	answer.err = kexec_parse_vmlinux(file, size, &layout, &answer.why);
	free(file);
	if (is)
		memcpy(&ehdr, data, sizeof(ehdr));
	*sound = is && find_loads(data, size, &ehdr, load, &nr) &&
		 sound_loads(load, nr, ehdr.e_entry, size);
	wrong = judge_answer(&answer, is, *sound);
	if (!wrong && *sound && layout.liveupdate != marked_vmlinux(data, size, &ehdr))
		wrong = "another mark of live update";
	if (!wrong && *sound)
		wrong = judge_vmlinux(&layout, load, nr, ehdr.e_entry,
				      shows_five_level(data, size, &ehdr));
	return wrong;
}

/* --- UKI --- */

struct pe_header {
	u32 magic;
	u16 machine;
	u16 sections;
	u32 time, symbols, nr_symbols;
	u16 optional_size;
	u16 flags;
	u16 optional_magic;
	u8 versions[58];
	u32 headers;
	u8 stacks[44];
	u32 directories;
	u8 tables[32];
	u32 certificates, certificates_size;
} __attribute__((packed));

struct pe_section {
	char name[8];
	u32 virtual_size, virtual_address, raw_size, raw_offset;
	u8 rest[16];
} __attribute__((packed));

struct uki {
	u64 size;
	struct pe_header pe;
	u64 table;
	struct pe_section section[96];
};

int parse_uki_copy(const u8 *data, u64 size, struct parse_reason *why)
{
	struct uki_layout layout;
	void *file = copy_of(data, size);
	int err = kexec_parse_uki(file, size, 0, &layout, why);

	free(file);
	return err;
}

/* False if it is not a PE file of the right kind. */
static bool read_uki(const u8 *data, u64 size, struct uki *uki)
{
	u64 i, at;
	u32 pe;

	memset(uki, 0, sizeof(*uki));
	uki->size = size;
	if (size < 64 || data[0] != 'M' || data[1] != 'Z')
		return false;
	memcpy(&pe, data + 60, 4);
	if (!in_file(pe, sizeof(uki->pe), size))
		return false;
	memcpy(&uki->pe, data + pe, sizeof(uki->pe));
	if (uki->pe.directories <= 4)
		uki->pe.certificates_size = 0;
	uki->table = pe + 24ull + uki->pe.optional_size;
	for (i = 0; i < 96 && i < uki->pe.sections; i++) {
		at = uki->table + 40 * i;
		if (in_file(at, 40, size))
			memcpy(&uki->section[i], data + at, 40);
	}
	return uki->pe.magic == 0x4550 && uki->pe.machine == 0x8664 &&
	       uki->pe.optional_magic == 0x20b && uki->pe.optional_size >= 152;
}

/* The owner of sections that all profiles share. */
#define BASE (-1)

static bool has_name(const struct pe_section *section, const char *name)
{
	return strnlen(section->name, 8) == strlen(name) &&
	       !memcmp(section->name, name, strlen(name));
}

/* The sections of a name that one profile, or the base, has itself. */
static unsigned int named(const struct uki *uki, long owner, const char *name,
			  struct parse_range *range)
{
	unsigned int i, nr = 0;
	long now = BASE;

	*range = (struct parse_range){ 0, 0 };
	for (i = 0; i < uki->pe.sections && i < 96; i++) {
		const struct pe_section *section = &uki->section[i];

		now += has_name(section, ".profile");
		if (now != owner || !has_name(section, name))
			continue;
		nr++;
		range->offset = section->raw_offset;
		range->size = section->raw_size < section->virtual_size ? section->raw_size :
									    section->virtual_size;
	}
	return nr;
}

static unsigned int profiles_of(const struct uki *uki)
{
	unsigned int i, nr = 0;

	for (i = 0; i < uki->pe.sections && i < 96; i++)
		nr += has_name(&uki->section[i], ".profile");
	return nr;
}

/* Whether any section of that name has bytes, or just is there. */
static bool somewhere(const struct uki *uki, const char *name, bool bytes)
{
	unsigned int i;

	for (i = 0; i < uki->pe.sections && i < 96; i++) {
		const struct pe_section *section = &uki->section[i];

		if (has_name(section, name) &&
		    (!bytes || (section->raw_size && section->virtual_size)))
			return true;
	}
	return false;
}

/* No profile, nor the base, has two sections of a name. */
static bool each_once(const struct uki *uki)
{
	static const char * const names[] = { ".linux", ".initrd", ".cmdline", ".ucode" };
	struct parse_range ignored;
	unsigned int i;
	long owner;

	for (owner = BASE; owner < (long)profiles_of(uki); owner++) {
		for (i = 0; i < ARRAY_SIZE(names); i++) {
			if (named(uki, owner, names[i], &ignored) > 1)
				return false;
		}
	}
	return true;
}

/* Note the owner of bytes; false if they are not in the file, or have an owner. */
static bool own(u8 *taken, u64 size, u64 offset, u64 length)
{
	u64 i;

	if (!length)
		return true;
	if (!in_file(offset, length, size))
		return false;
	for (i = offset; i < offset + length; i++) {
		if (taken[i]++)
			return false;
	}
	return true;
}

static bool apart(const struct uki *uki)
{
	u8 *taken = calloc(uki->size, 1);
	unsigned int i;
	bool fine;

	if (!taken)
		abort();
	fine = own(taken, uki->size, 0, uki->pe.headers) &&
	       own(taken, uki->size, uki->pe.certificates, uki->pe.certificates_size);
	for (i = 0; fine && i < uki->pe.sections; i++)
		fine = own(taken, uki->size, uki->section[i].raw_offset, uki->section[i].raw_size);
	free(taken);
	return fine;
}

/* Of two ranges that are not empty, one ends before the other begins. */
static bool disjoint(u64 a, u64 a_size, u64 b, u64 b_size)
{
	return !a_size || !b_size || a + a_size <= b || b + b_size <= a;
}

static bool apart_in_memory(const struct uki *uki)
{
	unsigned int i, j;

	for (i = 0; i < uki->pe.sections; i++) {
		const struct pe_section *a = &uki->section[i];

		if (!disjoint(0, uki->pe.headers, a->virtual_address, a->virtual_size))
			return false;
		for (j = i + 1; j < uki->pe.sections; j++) {
			const struct pe_section *b = &uki->section[j];

			if (!disjoint(a->virtual_address, a->virtual_size, b->virtual_address,
				      b->virtual_size))
				return false;
		}
	}
	return true;
}

static bool sound_uki(const struct uki *uki)
{
	return uki->pe.sections <= 96 &&
	       uki->table + 40 * uki->pe.sections <= uki->pe.headers && apart(uki) &&
	       apart_in_memory(uki) && each_once(uki);
}

/* A profile's own section, or the one of the base. */
static struct parse_range chosen(const struct uki *uki, u32 profile, const char *name)
{
	struct parse_range range;

	if (!named(uki, profile, name, &range))
		named(uki, BASE, name, &range);
	return range;
}

static bool same_uki(const struct uki_layout *layout, const struct uki *uki, u32 profile)
{
	return same_range(layout->kernel, chosen(uki, profile, ".linux")) &&
	       same_range(layout->initrd, chosen(uki, profile, ".initrd")) &&
	       same_range(layout->cmdline, chosen(uki, profile, ".cmdline")) &&
	       same_range(layout->ucode, chosen(uki, profile, ".ucode")) &&
	       layout->brings_initrd == somewhere(uki, ".initrd", true) &&
	       layout->brings_cmdline == somewhere(uki, ".cmdline", true) &&
	       layout->profiles == profiles_of(uki);
}

/* Run the parser for one profile; @claimed and @whole: what the oracle says of the file. */
static const char *check_profile(const void *file, const struct uki *uki, bool claimed,
				 bool whole, u32 profile, bool *sound)
{
	struct answer answer = { .is = kexec_is_uki(file, uki->size) };
	struct uki_layout layout;
	const char *wrong;

	memset(&layout, 0xa5, sizeof(layout));
	answer.err = kexec_parse_uki(file, uki->size, profile, &layout, &answer.why);
	*sound = whole && chosen(uki, profile, ".linux").size;
	wrong = judge_answer(&answer, claimed, *sound);
	if (!wrong && *sound && !same_uki(&layout, uki, profile))
		wrong = "another layout";
	return wrong;
}

const char *check_uki(const u8 *data, u64 size, bool *sound)
{
	bool pe, claimed, whole, other;
	void *file = copy_of(data, size);
	const char *wrong;
	struct uki uki;

	pe = read_uki(data, size, &uki);
	claimed = pe && somewhere(&uki, ".linux", false);
	whole = pe && sound_uki(&uki);
	wrong = check_profile(file, &uki, claimed, whole, 0, sound);
	if (!wrong && whole)
		wrong = check_profile(file, &uki, claimed, whole, 1, &other);
	free(file);
	return wrong;
}
