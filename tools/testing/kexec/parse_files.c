// SPDX-License-Identifier: GPL-2.0-only
/*
 * Build kernel images.  Each file is as small as its format allows, and each file
 * of a format takes another path through the parser.
 */
#include <elf.h>
#include <string.h>

#include "parse_files.h"

u64 get_field(const u8 *data, struct field field)
{
	u64 value = 0;

	memcpy(&value, data + field.offset, field.width);
	return value;
}

void put_field(u8 *data, struct field field, u64 value)
{
	memcpy(data + field.offset, &value, field.width);
}

void put(struct file *file, u64 offset, unsigned int width, u64 value)
{
	put_field(file->data, (struct field){ offset, width }, value);
}

/* Values that show whether the parser checks a field closely enough. */
unsigned int telling_values(const u8 *data, u64 size, struct field field, u64 *out)
{
	u64 now = get_field(data, field);
	const u64 values[] = {
		0, 1, ~0ull, ~0ull - 1, size - 1, size, size + 1, now - 1, now + 1,
		-now, size - now, size - now + 1, ~0ull - size, ~0ull - size + 1,
		0x80, 0x7fffffff, 0x80000000, 0x1000, 0xfffff000, -(1ull << 12),
		1ull << 63, (1ull << 52) - 1, 0x200000, 0x40000000, 0x40000001,
	};

	memcpy(out, values, sizeof(values));
	return ARRAY_SIZE(values);
}

/* Bytes that no field has as its value. */
static void start(struct file *file, u64 size)
{
	memset(file->data, 0xc7, sizeof(file->data));
	file->size = size;
}

/* Those of the fields that lie in the file. */
struct list {
	struct field *field;
	unsigned int nr;
	u64 size;
};

static void add(struct list *list, u64 offset, unsigned int width)
{
	if (list->nr < FIELDS_MAX && offset <= list->size && width <= list->size - offset)
		list->field[list->nr++] = (struct field){ offset, width };
}

static u64 peek(const u8 *data, u64 size, u64 offset, unsigned int width)
{
	if (offset > size || width > size - offset)
		return 0;
	return get_field(data, (struct field){ offset, width });
}

/* --- bzImage --- */

/* A kernel_info of which the records begin at @at; returns the end of that. */
static u64 start_info(struct file *file, u64 at)
{
	put(file, 0x268, 4, at - BZIMAGE_PAYLOAD);
	put(file, at, 4, 0x506f544c);
	put(file, at + 4, 4, 16);
	put(file, at + 8, 4, 16);
	return at + 16;
}

static void add_record(struct file *file, u64 info, u64 magic, u64 size)
{
	u64 total = get_field(file->data, (struct field){ info + 8, 4 });

	put(file, info + total, 4, magic);
	put(file, info + total + 4, 4, size);
	put(file, info + 8, 4, total + size);
}

#define LUPD 0x6470554c

static bool build_bzimage(unsigned int n, struct file *file)
{
	start(file, BZIMAGE_PAYLOAD + 0x300);
	put(file, 0x1f1, 1, 1);
	put(file, 0x1fe, 2, 0xaa55);
	put(file, 0x200, 2, 0x6aeb);
	put(file, 0x202, 4, 0x53726448);
	put(file, 0x206, 2, 0x20f);
	put(file, 0x211, 1, 0x01);
	put(file, 0x230, 4, 0x200000);
	put(file, 0x234, 1, 1);
	put(file, 0x236, 2, 0x7f);
	put(file, 0x238, 4, 2047);
	put(file, 0x258, 8, 0x1000000);
	put(file, 0x260, 4, 0x2000000);
	switch (n) {
	case 0:
		return true;
	case 1: /* the oldest protocol, the default size of the setup area */
		put(file, 0x1f1, 1, 0);
		put(file, 0x206, 2, 0x20c);
		file->size = 5 * 512 + 0x201;
		return true;
	case 2: /* a header that is larger than what boot_params hold */
		put(file, 0x201, 1, 0xff);
		put(file, 0x234, 1, 0);
		return true;
	case 3: /* as little memory as may be */
		put(file, 0x260, 4, 0x300);
		return true;
	case 4: /* the mark of live update, up to the end of the file */
		put(file, start_info(file, BZIMAGE_INFO) + 8, 4, 1);
		add_record(file, BZIMAGE_INFO, LUPD, 12);
		file->size = BZIMAGE_INFO + 28;
		return true;
	case 5: /* the mark behind other records; the first one has no data */
		start_info(file, BZIMAGE_INFO);
		add_record(file, BZIMAGE_INFO, 0x64636261, 8);
		add_record(file, BZIMAGE_INFO, LUPD, 11);
		add_record(file, BZIMAGE_INFO, LUPD, 12);
		put(file, BZIMAGE_INFO + 16 + 8 + 11 + 8, 4, 7);
		add_record(file, BZIMAGE_INFO, LUPD, 12);
		return true;
	case 6: /* a kernel_info that has no records */
		start_info(file, BZIMAGE_INFO);
		return true;
	default:
		return false;
	}
}

static unsigned int fields_bzimage(const u8 *data, u64 size, struct field *out)
{
	static const struct field fields[] = {
		{ 0x1f1, 1 }, { 0x1fe, 2 }, { 0x201, 1 }, { 0x202, 4 }, { 0x206, 2 },
		{ 0x211, 1 }, { 0x230, 4 }, { 0x234, 1 }, { 0x236, 2 }, { 0x238, 4 },
		{ 0x258, 8 }, { 0x260, 4 }, { 0x268, 4 },
	};
	struct list list = { .field = out, .size = size };
	u64 info = BZIMAGE_PAYLOAD + peek(data, size, 0x268, 4);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(fields); i++)
		add(&list, fields[i].offset, fields[i].width);
	for (i = 0; i < 8; i++)
		add(&list, info + 4 * i, 4);
	return list.nr;
}

const struct format bzimage_format = {
	"bzimage", build_bzimage, fields_bzimage, parse_bzimage_copy, check_bzimage,
};

/* --- vmlinux --- */

static void put_bytes(struct file *file, u64 offset, const void *bytes, u64 size)
{
	memcpy(file->data + offset, bytes, size);
}

static void start_vmlinux(struct file *file, unsigned int phnum, u64 size)
{
	Elf64_Ehdr ehdr = {
		.e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
		.e_type = ET_EXEC,
		.e_machine = EM_X86_64,
		.e_version = EV_CURRENT,
		.e_entry = 0x1000000,
		.e_phoff = ELF_PHDR(0),
		.e_ehsize = sizeof(ehdr),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = phnum,
		.e_shentsize = sizeof(Elf64_Shdr),
	};

	start(file, size);
	put_bytes(file, 0, &ehdr, sizeof(ehdr));
}

static void put_load(struct file *file, unsigned int n, u64 paddr, u64 offset,
		     u64 filesz, u64 memsz)
{
	Elf64_Phdr phdr = {
		.p_type = PT_LOAD,
		.p_vaddr = 0xffffffff80000000ull | (paddr & 0x3fffffff),
		.p_paddr = paddr,
		.p_offset = offset,
		.p_filesz = filesz,
		.p_memsz = memsz,
		.p_align = 0x200000,
	};

	put_bytes(file, ELF_PHDR(n), &phdr, sizeof(phdr));
}

#define SYMBOLS_AT 0x600
#define STRINGS_AT 0x700
#define SYMBOL_NAME "__pgtable_l5_enabled"

/* Three sections: none, symbols, strings.  The second symbol is the one. */
static void put_symbols(struct file *file, u64 shndx)
{
	Elf64_Shdr shdr[3] = {
		[1] = { .sh_type = SHT_SYMTAB, .sh_link = 2, .sh_offset = SYMBOLS_AT,
			.sh_size = 2 * sizeof(Elf64_Sym), .sh_entsize = sizeof(Elf64_Sym) },
		[2] = { .sh_type = SHT_STRTAB, .sh_offset = STRINGS_AT,
			.sh_size = 1 + sizeof(SYMBOL_NAME) },
	};
	Elf64_Sym symbol[2] = { [1] = { .st_name = 1, .st_shndx = shndx } };

	put(file, offsetof(Elf64_Ehdr, e_shoff), 8, ELF_SECTIONS);
	put(file, offsetof(Elf64_Ehdr, e_shnum), 2, 3);
	put_bytes(file, ELF_SECTIONS, shdr, sizeof(shdr));
	put_bytes(file, SYMBOLS_AT, symbol, sizeof(symbol));
	put_bytes(file, STRINGS_AT, "\0" SYMBOL_NAME, 1 + sizeof(SYMBOL_NAME));
	file->size = STRINGS_AT + 1 + sizeof(SYMBOL_NAME);
}

/* As kernels are: per-CPU data at virtual address 0, notes, a gap, zeroes. */
static void build_usual_vmlinux(struct file *file, u64 shndx)
{
	start_vmlinux(file, 5, 0x800);
	put_load(file, 0, 0x1000000, 0x200, 0x80, 0x1900);
	put_load(file, 1, 0x1200000, 0x280, 0x80, 0x80);
	put_load(file, 2, 0x1201000, 0x300, 0x20, 0x1000);
	put(file, ELF_PHDR(2) + offsetof(Elf64_Phdr, p_vaddr), 8, 0);
	put_load(file, 3, 0x1202000, 0x320, 0, 0x2345);
	put_load(file, 4, 0x1000, ~0ull, ~0ull, 1);
	put(file, ELF_PHDR(4), 4, PT_NOTE);
	put(file, offsetof(Elf64_Ehdr, e_entry), 8, 0x120007f);
	put_symbols(file, shndx);
}

#define NOTES_AT 0x700

/* Behind the notes that are there. */
static void add_note(struct file *file, const char *name, u64 data, u64 type)
{
	u64 at = file->size, padded = (strlen(name) + 4) / 4 * 4;

	put(file, at, 4, strlen(name) + 1);
	put(file, at + 4, 4, data);
	put(file, at + 8, 4, type);
	put_bytes(file, at + 12, name, strlen(name) + 1);
	file->size += 12 + padded + (data + 3) / 4 * 4;
	put(file, ELF_PHDR(1) + offsetof(Elf64_Phdr, p_filesz), 8, file->size - NOTES_AT);
}

/* One part, and notes; more of them can be added. */
static void start_notes(struct file *file)
{
	start_vmlinux(file, 2, NOTES_AT);
	put(file, offsetof(Elf64_Ehdr, e_shnum), 2, 0);
	put_load(file, 0, 0x1000000, 0x100, 0x80, 0x1000);
	put_load(file, 1, 0x1000000, NOTES_AT, 0, 0);
	put(file, ELF_PHDR(1), 4, PT_NOTE);
}

/* The last part may start at the highest address that is allowed. */
#define FAR_BASE 0xfffffbfe00000ull

static bool build_vmlinux(unsigned int n, struct file *file)
{
	unsigned int i;

	switch (n) {
	case 0: /* no sections at all, nothing but what must be there */
		start_vmlinux(file, 1, 0x100);
		put(file, offsetof(Elf64_Ehdr, e_shnum), 2, 0);
		put_load(file, 0, 0x1000000, 0x80, 0x80, 0x1000);
		return true;
	case 1:
		build_usual_vmlinux(file, 7);
		return true;
	case 2: /* the symbol is asked for, not there */
		build_usual_vmlinux(file, SHN_UNDEF);
		return true;
	case 3: /* as many parts as may be, an empty one, and as far as may be */
		start_vmlinux(file, 9, 0x400);
		for (i = 0; i < 7; i++)
			put_load(file, i, FAR_BASE + i * 0x1000, 0x300, 0x80, 0x1000);
		put_load(file, 7, FAR_BASE + 0x200000, 0x300, 0x80, 0x3fe00000);
		put_load(file, 8, 0, ~0ull, 0, 0);
		put(file, offsetof(Elf64_Ehdr, e_entry), 8, FAR_BASE);
		return true;
	case 4: /* the symbol is the first one */
		build_usual_vmlinux(file, SHN_UNDEF);
		put(file, SYMBOLS_AT, 4, 1);
		put(file, SYMBOLS_AT + offsetof(Elf64_Sym, st_shndx), 2, 7);
		return true;
	case 5: /* the mark of live update, up to the end of the file */
		start_notes(file);
		add_note(file, "LiveUpdate", 4, 1);
		put(file, file->size - 4, 4, 1);
		return true;
	case 6: /* the mark behind other notes */
		start_notes(file);
		add_note(file, "Linux", 21, 1);
		add_note(file, "LiveUpdate", 3, 1);
		add_note(file, "LiveUpdate", 4, 2);
		add_note(file, "LiveUpdat", 4, 1);
		add_note(file, "LiveUpdate", 4, 1);
		put(file, file->size - 4, 4, 7);
		add_note(file, "LiveUpdate", 4, 1);
		return true;
	default:
		return false;
	}
}

#define ADD_ELF(list, at, type, member) \
	add(list, (at) + offsetof(type, member), sizeof(((type *)0)->member))

static void fields_phdr(struct list *list, u64 at)
{
	ADD_ELF(list, at, Elf64_Phdr, p_type);
	ADD_ELF(list, at, Elf64_Phdr, p_offset);
	ADD_ELF(list, at, Elf64_Phdr, p_vaddr);
	ADD_ELF(list, at, Elf64_Phdr, p_paddr);
	ADD_ELF(list, at, Elf64_Phdr, p_filesz);
	ADD_ELF(list, at, Elf64_Phdr, p_memsz);
}

static void fields_shdr(struct list *list, u64 at)
{
	ADD_ELF(list, at, Elf64_Shdr, sh_type);
	ADD_ELF(list, at, Elf64_Shdr, sh_link);
	ADD_ELF(list, at, Elf64_Shdr, sh_offset);
	ADD_ELF(list, at, Elf64_Shdr, sh_size);
}

static unsigned int fields_vmlinux(const u8 *data, u64 size, struct field *out)
{
	struct list list = { .field = out, .size = size };
	u64 phoff = peek(data, size, offsetof(Elf64_Ehdr, e_phoff), 8);
	u64 shoff = peek(data, size, offsetof(Elf64_Ehdr, e_shoff), 8);
	unsigned int i;

	add(&list, 0, 4);
	add(&list, EI_CLASS, 1);
	add(&list, EI_DATA, 1);
	ADD_ELF(&list, 0, Elf64_Ehdr, e_type);
	ADD_ELF(&list, 0, Elf64_Ehdr, e_machine);
	ADD_ELF(&list, 0, Elf64_Ehdr, e_entry);
	ADD_ELF(&list, 0, Elf64_Ehdr, e_phoff);
	ADD_ELF(&list, 0, Elf64_Ehdr, e_phentsize);
	ADD_ELF(&list, 0, Elf64_Ehdr, e_phnum);
	ADD_ELF(&list, 0, Elf64_Ehdr, e_shoff);
	ADD_ELF(&list, 0, Elf64_Ehdr, e_shentsize);
	ADD_ELF(&list, 0, Elf64_Ehdr, e_shnum);
	for (i = 0; i < peek(data, size, offsetof(Elf64_Ehdr, e_phnum), 2) && i < 9; i++)
		fields_phdr(&list, phoff + i * sizeof(Elf64_Phdr));
	for (i = 0; i < peek(data, size, offsetof(Elf64_Ehdr, e_shnum), 2) && i < 3; i++)
		fields_shdr(&list, shoff + i * sizeof(Elf64_Shdr));
	for (i = 0; i < 8; i++)
		add(&list, NOTES_AT + 4 * i, 4);
	add(&list, SYMBOLS_AT + sizeof(Elf64_Sym), 4);
	add(&list, SYMBOLS_AT + sizeof(Elf64_Sym) + offsetof(Elf64_Sym, st_shndx), 2);
	return list.nr;
}

const struct format vmlinux_format = {
	"vmlinux", build_vmlinux, fields_vmlinux, parse_vmlinux_copy, check_vmlinux,
};

/* --- UKI --- */

static void start_uki(struct file *file)
{
	start(file, PE_HEADERS);
	put(file, 0, 2, 0x5a4d);
	put(file, 0x3c, 4, PE_AT);
	put(file, PE_AT, 4, 0x4550);
	put(file, PE_AT + 4, 2, 0x8664);
	put(file, PE_AT + 6, 2, 0);
	put(file, PE_AT + 20, 2, 240);
	put(file, PE_OPTIONAL_AT, 2, 0x20b);
	put(file, PE_OPTIONAL_AT + 60, 4, PE_HEADERS);
	put(file, PE_OPTIONAL_AT + 108, 4, 16);
	put(file, PE_OPTIONAL_AT + 144, 8, 0);
}

/* Behind what is there, with padding as linkers make it. */
static void add_section(struct file *file, const char *name, u64 bytes, u64 padding)
{
	struct field count = { PE_AT + 6, 2 };
	u64 n = get_field(file->data, count), at;

	at = PE_OPTIONAL_AT + get_field(file->data, (struct field){ PE_AT + 20, 2 }) + 40 * n;
	put_field(file->data, count, n + 1);
	memset(file->data + at, 0, 8);
	put_bytes(file, at, name, strlen(name));
	put(file, at + 8, 4, bytes);
	put(file, at + 12, 4, 0x1000 * (n + 2));
	put(file, at + 16, 4, bytes + padding);
	put(file, at + 20, 4, bytes + padding ? file->size : 0);
	file->size += bytes + padding;
}

static void add_certificates(struct file *file, u64 size)
{
	put(file, PE_OPTIONAL_AT + 144, 4, file->size);
	put(file, PE_OPTIONAL_AT + 148, 4, size);
	file->size += size;
}

static void build_signed_uki(struct file *file)
{
	start_uki(file);
	add_section(file, ".text", 0x40, 0);
	add_section(file, ".bss", 0, 0);
	add_section(file, ".osrel", 0x11, 0xf);
	add_section(file, ".cmdline", 0x15, 0xb);
	add_section(file, ".ucode", 0x20, 0);
	add_section(file, ".initrd", 0x33, 0xd);
	add_section(file, ".linux", 0x41, 0x3f);
	add_certificates(file, 0x60);
}

/*
 * As ukify makes them: sections padded to 0x20 in the file and to pages in memory, a
 * kernel that needs more memory than it has bytes, and what is for other machines in
 * the base.  The second profile has no initrd.
 */
static void build_uki_of_profiles(struct file *file)
{
	static const char * const base[] = {
		".osrel", ".cmdline", ".dtbauto", ".dtbauto", ".hwids", ".initrd", ".efifw",
		".efifw", ".ucode",
	};
	unsigned int i;

	start_uki(file);
	for (i = 0; i < ARRAY_SIZE(base); i++)
		add_section(file, base[i], 0x11 + i, 0xf - i);
	add_section(file, ".linux", 0x40, 0);
	put(file, PE_SECTION(i) + 8, 4, 0xfff);
	add_section(file, ".profile", 0x1e, 2);
	add_section(file, ".pcrsig", 0x1e, 2);
	add_section(file, ".profile", 0x1d, 3);
	add_section(file, ".cmdline", 0x1c, 4);
	add_section(file, ".initrd", 0, 0);
}

static bool build_uki(unsigned int n, struct file *file)
{
	unsigned int i;

	switch (n) {
	case 0:
		start_uki(file);
		add_section(file, ".linux", 0x80, 0);
		return true;
	case 1:
		build_signed_uki(file);
		return true;
	case 2: /* two profiles on a base, each with something of its own */
		start_uki(file);
		add_section(file, ".linux", 0x40, 0);
		add_section(file, ".profile", 0x10, 0);
		add_section(file, ".cmdline", 0x10, 0);
		add_section(file, ".profile", 0x10, 0);
		add_section(file, ".cmdline", 0x10, 0);
		add_section(file, ".linux", 0x10, 0);
		return true;
	case 3: /* without a directory for certificates; bytes behind the sections */
		start_uki(file);
		put(file, PE_OPTIONAL_AT + 108, 4, 4);
		put(file, PE_OPTIONAL_AT + 144, 8, ~0ull);
		add_section(file, ".cmdline", 0x10, 0);
		add_section(file, ".linux", 0x40, 0);
		add_section(file, ".initrd", 0, 0x20);
		file->size += 0x21;
		return true;
	case 4: /* certificates in front of the sections; in memory nothing between */
		start_uki(file);
		add_certificates(file, 0x10);
		add_section(file, ".linux", 0x40, 0);
		put(file, PE_SECTION(0) + 12, 4, PE_HEADERS);
		return true;
	case 5: /* the shortest optional header, as many sections as may be */
		start_uki(file);
		file->size = 0x1200;
		put(file, PE_AT + 20, 2, 152);
		put(file, PE_OPTIONAL_AT + 60, 4, file->size);
		for (i = 0; i < 95; i++)
			add_section(file, ".text", 0x8, 0);
		add_section(file, ".linux", 0x40, 0);
		return true;
	case 6:
		build_uki_of_profiles(file);
		return true;
	case 7: /* no base: all that there is belongs to the first profile */
		start_uki(file);
		add_section(file, ".profile", 0, 0);
		add_section(file, ".linux", 0x40, 0);
		add_section(file, ".profile", 0, 0);
		return true;
	default:
		return false;
	}
}

/* Behind so many sections come more of the same. */
#define SECTIONS_TRIED 8

static unsigned int fields_uki(const u8 *data, u64 size, struct field *out)
{
	struct list list = { .field = out, .size = size };
	u64 pe = peek(data, size, 0x3c, 4), optional = pe + 24;
	u64 table = optional + peek(data, size, pe + 20, 2);
	unsigned int i;

	add(&list, 0, 2);
	add(&list, 0x3c, 4);
	add(&list, pe, 4);
	add(&list, pe + 4, 2);
	add(&list, pe + 6, 2);
	add(&list, pe + 20, 2);
	add(&list, optional, 2);
	add(&list, optional + 60, 4);
	add(&list, optional + 108, 4);
	add(&list, optional + 144, 4);
	add(&list, optional + 148, 4);
	for (i = 0; i < peek(data, size, pe + 6, 2) && i < SECTIONS_TRIED; i++) {
		add(&list, table + 40 * i, 8);
		add(&list, table + 40 * i + 8, 4);
		add(&list, table + 40 * i + 12, 4);
		add(&list, table + 40 * i + 16, 4);
		add(&list, table + 40 * i + 20, 4);
	}
	return list.nr;
}

const struct format uki_format = {
	"uki", build_uki, fields_uki, parse_uki_copy, check_uki,
};
