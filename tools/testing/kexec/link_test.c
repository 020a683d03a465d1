// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of kernel/kexec/link.c, and of the code of architectures that applies
 * relocations.
 *
 *	link_test SAMPLE		broken objects, made of link_sample.c as this
 *					machine has it
 *	link_test --object FILE [IMAGE]	a real object of any architecture; IMAGE is
 *					what ld has made of it, to be the same
 *	link_test --script FILE		the ld script that puts its sections where
 *					the linker puts them
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "ktap.h"
#include "link_oracle.h"

/* The tests link objects to this address, which no process maps by itself. */
#define BASE	0x200000000000ull

/* The tests break every field of these widths, in bytes. */
static const unsigned int widths[] = { 1, 2, 4, 8 };

static char *sample;
static size_t sample_size;

static char *read_file(const char *path, size_t *size)
{
	FILE *file = fopen(path, "rb");
	char *data;

	if (!file || fseek(file, 0, SEEK_END)) {
		perror(path);
		exit(2);
	}
	*size = ftell(file);
	data = malloc(*size);
	rewind(file);
	if (fread(data, 1, *size, file) != *size) {
		perror(path);
		exit(2);
	}
	fclose(file);
	return data;
}

/* --- objects of the other byte order, swapped to that of the host --- */

static void swap_bytes(void *field, size_t size)
{
	unsigned char *byte = field, kept;
	size_t i;

	for (i = 0; i < size / 2; i++) {
		kept = byte[i];
		byte[i] = byte[size - 1 - i];
		byte[size - 1 - i] = kept;
	}
}

#define SWAP(field)	swap_bytes(&(field), sizeof(field))

static void swap_ehdr(Elf64_Ehdr *ehdr)
{
	SWAP(ehdr->e_type);
	SWAP(ehdr->e_machine);
	SWAP(ehdr->e_entry);
	SWAP(ehdr->e_shoff);
	SWAP(ehdr->e_shentsize);
	SWAP(ehdr->e_shnum);
	SWAP(ehdr->e_shstrndx);
}

static void swap_shdr(Elf64_Shdr *section)
{
	SWAP(section->sh_name);
	SWAP(section->sh_type);
	SWAP(section->sh_flags);
	SWAP(section->sh_addr);
	SWAP(section->sh_offset);
	SWAP(section->sh_size);
	SWAP(section->sh_link);
	SWAP(section->sh_info);
	SWAP(section->sh_addralign);
	SWAP(section->sh_entsize);
}

static void swap_table(void *data, const Elf64_Shdr *section)
{
	Elf64_Sym *symbol = data;
	Elf64_Rela *rela = data;
	u64 i;

	for (i = 0; section->sh_type == SHT_SYMTAB && i < section->sh_size / sizeof(*symbol); i++) {
		SWAP(symbol[i].st_name);
		SWAP(symbol[i].st_shndx);
		SWAP(symbol[i].st_value);
		SWAP(symbol[i].st_size);
	}
	for (i = 0; section->sh_type == SHT_RELA && i < section->sh_size / sizeof(*rela); i++) {
		SWAP(rela[i].r_offset);
		SWAP(rela[i].r_info);
		SWAP(rela[i].r_addend);
	}
}

static void to_host(char *object)
{
	Elf64_Ehdr *ehdr = (void *)object;
	const int one = 1;
	unsigned char host = *(const char *)&one ? ELFDATA2LSB : ELFDATA2MSB;
	Elf64_Shdr *section;

	if (ehdr->e_ident[EI_DATA] == host)
		return;
	ehdr->e_ident[EI_DATA] = host;
	swap_ehdr(ehdr);
	section = (void *)object + ehdr->e_shoff;
	for (; section < (Elf64_Shdr *)(object + ehdr->e_shoff) + ehdr->e_shnum; section++) {
		swap_shdr(section);
		swap_table(object + section->sh_offset, section);
	}
}

/* --- real objects --- */

static relocate_fn *relocate_for(const Elf64_Ehdr *ehdr)
{
	if (ehdr->e_machine == EM_X86_64)
		return x86_relocate;
#ifdef HAVE_RISCV
	if (ehdr->e_machine == EM_RISCV)
		return riscv_relocate;
#endif
	return NULL;
}

static const char *section_name(const Elf64_Ehdr *ehdr, const Elf64_Shdr *section)
{
	const Elf64_Shdr *table = (const void *)ehdr + ehdr->e_shoff;

	return (const char *)ehdr + table[ehdr->e_shstrndx].sh_offset + section->sh_name;
}

static const Elf64_Shdr *section_of(const struct linked *linked, const char *name)
{
	const Elf64_Sym *symbol = link_find_symbol(linked->info.ehdr, name);

	return symbol ? &linked->info.sechdrs[symbol->st_shndx] : NULL;
}

static u64 size_of(const struct linked *linked, const char *name)
{
	const Elf64_Sym *symbol = link_find_symbol(linked->info.ehdr, name);

	return symbol ? symbol->st_size : 0;
}

/* The symbols that a purgatory must have; that of x86 has others. */
static const char *check_protocol(const struct linked *linked)
{
	static const char * const symbol[] = { "purgatory_sha_regions", "purgatory_sha256_digest" };
	const u64 size[] = { 256, 32 };
	unsigned int i;
	u64 entry;

	if (!link_entry(linked->info.ehdr, linked->info.sechdrs, &entry))
		return "there is no entry";
	if (link_find_symbol(linked->info.ehdr, "purgatory_check"))
		return NULL;
	for (i = 0; i < ARRAY_SIZE(symbol); i++) {
		if (size_of(linked, symbol[i]) != size[i])
			return "a symbol for the digest is not as the kernel knows it";
		if (section_of(linked, symbol[i])->sh_type == SHT_NOBITS)
			return "a symbol for the digest has no bytes";
	}
	return NULL;
}

static const char *check_same(const struct linked *linked, const char *path)
{
	static char wrong[100];
	size_t size, i;
	char *image = read_file(path, &size);
	const char *buf = linked->info.purgatory_buf;

	for (i = 0; i < size && i < linked->layout.bufsz && image[i] == buf[i]; i++)
		;
	free(image);
	if (i == size && size == linked->layout.bufsz)
		return NULL;
	snprintf(wrong, sizeof(wrong), "byte %#zx of %#zx is not as ld has it, who has %#zx",
		 i, (size_t)linked->layout.bufsz, size);
	return wrong;
}

static const char *check_object(const char *path, const char *image)
{
	size_t size;
	char *object = read_file(path, &size);
	struct link_verdict verdict;
	struct linked linked;
	const char *wrong;

	to_host(object);
	verdict = link_check(object, size);
	if (verdict.wrong) {
		free(object);
		return verdict.wrong;
	}

	wrong = oracle_link(object, BASE, &linked);
	if (!wrong)
		wrong = check_protocol(&linked);
	if (!wrong && relocate_for(linked.info.ehdr) &&
	    oracle_relocate(&linked, relocate_for(linked.info.ehdr)))
		wrong = "its relocations cannot be applied";
	if (!wrong && image && relocate_for(linked.info.ehdr))
		wrong = check_same(&linked, image);
	oracle_free(&linked);
	free(object);
	return wrong;
}

static int print_script(const char *path)
{
	size_t size;
	char *object = read_file(path, &size);
	struct linked linked;
	unsigned int i;

	to_host(object);
	if (link_check(object, size).wrong || oracle_link(object, BASE, &linked))
		return 1;
	printf("ENTRY(purgatory_start)\nSECTIONS {\n");
	for (i = 0; i < linked.info.ehdr->e_shnum; i++) {
		const Elf64_Shdr *section = &linked.info.sechdrs[i];
		const char *name = section_name(linked.info.ehdr, section);

		if (section->sh_type != SHT_NULL && section->sh_flags & SHF_ALLOC)
			printf("\t%s %#" PRIx64 " : { *(%s) }\n", name, section->sh_addr, name);
	}
	printf("\t/DISCARD/ : { *(*) }\n}\n");
	oracle_free(&linked);
	free(object);
	return 0;
}

/* --- broken objects --- */

/* A copy of exactly the size of the object, for the sanitizers. */
static char *copy_of_sample(size_t size)
{
	return memcpy(malloc(size), sample, size);
}

static Elf64_Shdr *section_at(char *object, unsigned int index)
{
	return (Elf64_Shdr *)(object + ((Elf64_Ehdr *)object)->e_shoff) + index;
}

/* The first section of a type, with these flags, that is not empty. */
static Elf64_Shdr *find_section(char *object, u32 type, u64 flags)
{
	unsigned int i;

	for (i = 0; i < ((Elf64_Ehdr *)object)->e_shnum; i++) {
		Elf64_Shdr *section = section_at(object, i);

		if (section->sh_type == type && (section->sh_flags & flags) == flags &&
		    section->sh_size)
			return section;
	}
	return NULL;
}

/* If link_check() accepts an object, the oracle must accept the linked one. */
static const char *try_object(const char *object, size_t size)
{
	struct linked linked;
	const char *wrong;

	if (link_check(object, size).wrong)
		return NULL;
	wrong = oracle_link(object, BASE, &linked);
	if (!wrong)
		oracle_relocate(&linked, x86_relocate);
	oracle_free(&linked);
	return wrong;
}

static void sound_sample(void)
{
	struct link_verdict verdict = link_check(sample, sample_size);
	const char *wrong;

	EXPECT(!verdict.wrong, "section %u: %s", verdict.section, verdict.wrong);
	wrong = try_object(sample, sample_size);
	EXPECT(!wrong, "%s", wrong);
}

static void truncated(void)
{
	size_t size;

	for (size = 0; size < sample_size; size++) {
		char *object = copy_of_sample(size);
		bool refused = link_check(object, size).wrong;

		free(object);
		EXPECT(refused, "%zu of %zu bytes are accepted", size, sample_size);
	}
}

static void put(char *at, unsigned int width, u64 value)
{
	memcpy(at, &value, width);
}

static void damaged_anywhere(void)
{
	const u64 values[] = {
		0, 1, 2, 3, 0x7f, 0xff, 0xfff1, 0xfff2, 0xffff, 0x7fffffff, 0xffffffff,
		sample_size - 1, sample_size, sample_size + 1, 1ull << 63, ~0ull - 7, ~0ull,
	};
	unsigned int width, value;
	const char *wrong;
	size_t at;

	for (width = 0; width < ARRAY_SIZE(widths); width++) {
		for (at = 0; at + widths[width] <= sample_size; at += widths[width]) {
			for (value = 0; value < ARRAY_SIZE(values); value++) {
				char *object = copy_of_sample(sample_size);

				put(object + at, widths[width], values[value]);
				wrong = try_object(object, sample_size);
				free(object);
				EXPECT(!wrong, "%#zx set to %#" PRIx64 " (%u bytes): %s",
				       at, values[value], widths[width], wrong);
			}
		}
	}
}

#define SECTION(type, flags)	find_section(object, type, flags)
#define SYMBOLS			((Elf64_Sym *)(object + SECTION(SHT_SYMTAB, 0)->sh_offset))
#define RELOCATIONS		((Elf64_Rela *)(object + SECTION(SHT_RELA, 0)->sh_offset))
#define EHDR			((Elf64_Ehdr *)object)

#define BREAK(name, statement)					\
static void break_##name(char *object)				\
{								\
	statement;						\
}

BREAK(class, EHDR->e_ident[EI_CLASS] = ELFCLASS32)
BREAK(order, EHDR->e_ident[EI_DATA] ^= ELFDATA2LSB ^ ELFDATA2MSB)
BREAK(type, EHDR->e_type = ET_EXEC)
BREAK(shentsize, EHDR->e_shentsize++)
BREAK(shnum, EHDR->e_shnum++)
BREAK(shoff, EHDR->e_shoff = ~0ull - 63)
BREAK(shoff_odd, EHDR->e_shoff -= 4)
BREAK(shstrndx, EHDR->e_shstrndx = EHDR->e_shnum)
BREAK(offset, SECTION(SHT_PROGBITS, SHF_ALLOC)->sh_offset = ~0ull)
BREAK(size_wraps, SECTION(SHT_PROGBITS, SHF_ALLOC)->sh_size =
	-SECTION(SHT_PROGBITS, SHF_ALLOC)->sh_offset)
BREAK(bss, SECTION(SHT_NOBITS, SHF_ALLOC)->sh_size = LINK_MAX_BYTES + 1)
BREAK(bss_all, SECTION(SHT_NOBITS, SHF_ALLOC)->sh_size = LINK_MAX_BYTES)
BREAK(align, SECTION(SHT_PROGBITS, SHF_ALLOC)->sh_addralign = 3)
BREAK(align_huge, SECTION(SHT_PROGBITS, SHF_ALLOC)->sh_addralign = 1ull << 63)
BREAK(no_symbols, SECTION(SHT_SYMTAB, 0)->sh_type = SHT_PROGBITS)
BREAK(two_symbols, {
	while (SECTION(SHT_RELA, 0))
		SECTION(SHT_RELA, 0)->sh_type = SHT_PROGBITS;
	*section_at(object, 1) = *SECTION(SHT_SYMTAB, 0);
})
BREAK(symbol_entsize, SECTION(SHT_SYMTAB, 0)->sh_entsize = 8)
BREAK(symbol_size, SECTION(SHT_SYMTAB, 0)->sh_size--)
BREAK(symbol_alloc, SECTION(SHT_SYMTAB, 0)->sh_flags |= SHF_ALLOC)
BREAK(symbol_link, SECTION(SHT_SYMTAB, 0)->sh_link = EHDR->e_shnum)
BREAK(strtab, object[section_at(object, SECTION(SHT_SYMTAB, 0)->sh_link)->sh_offset +
	section_at(object, SECTION(SHT_SYMTAB, 0)->sh_link)->sh_size - 1] = 'x')
BREAK(symbol_name, SYMBOLS[1].st_name = ~0u)
BREAK(symbol_section, SYMBOLS[1].st_shndx = SHN_COMMON)
BREAK(symbol_value, { SYMBOLS[1].st_shndx = 1; SYMBOLS[1].st_value = ~0ull; })
BREAK(section_name, SECTION(SHT_PROGBITS, SHF_ALLOC)->sh_name = ~0u)
BREAK(rela_target, SECTION(SHT_RELA, 0)->sh_info = EHDR->e_shnum)
BREAK(rela_nobits, section_at(object, SECTION(SHT_RELA, 0)->sh_info)->sh_type = SHT_NOBITS)
BREAK(rela_alloc, SECTION(SHT_RELA, 0)->sh_flags |= SHF_ALLOC)
BREAK(rela_entsize, SECTION(SHT_RELA, 0)->sh_entsize = 16)
BREAK(rela_link, SECTION(SHT_RELA, 0)->sh_link = 0)
BREAK(rela_offset, RELOCATIONS->r_offset =
	section_at(object, SECTION(SHT_RELA, 0)->sh_info)->sh_size)
BREAK(rela_symbol, RELOCATIONS->r_info = ELF64_R_INFO(~0u, 1))
BREAK(align_max, SECTION(SHT_PROGBITS, SHF_ALLOC)->sh_addralign = LINK_MAX_BYTES)
BREAK(bss_two, {
	SECTION(SHT_NOBITS, SHF_ALLOC)->sh_size = LINK_MAX_BYTES / 2;
	SECTION(SHT_PROGBITS, SHF_ALLOC)->sh_type = SHT_NOBITS;
	SECTION(SHT_NOBITS, SHF_ALLOC)->sh_size = LINK_MAX_BYTES / 2;
})
BREAK(first_align, {
	section_at(object, 0)->sh_type = SHT_NOBITS;
	section_at(object, 0)->sh_flags = SHF_ALLOC;
	section_at(object, 0)->sh_addralign = 3;
})
BREAK(first_name, section_at(object, 0)->sh_name = ~0u)
BREAK(symbol_name_end, SYMBOLS[1].st_name =
	section_at(object, SECTION(SHT_SYMTAB, 0)->sh_link)->sh_size)
BREAK(symbol_section_end, SYMBOLS[1].st_shndx = EHDR->e_shnum)
BREAK(section_name_end, SECTION(SHT_PROGBITS, SHF_ALLOC)->sh_name =
	section_at(object, EHDR->e_shstrndx)->sh_size)
BREAK(rela_link_end, SECTION(SHT_RELA, 0)->sh_link = EHDR->e_shnum)
BREAK(rela_symbol_end, RELOCATIONS->r_info =
	ELF64_R_INFO(SECTION(SHT_SYMTAB, 0)->sh_size / sizeof(Elf64_Sym), 1))
BREAK(rela_undefined, SYMBOLS[ELF64_R_SYM(RELOCATIONS->r_info)].st_shndx = SHN_UNDEF)

static const struct {
	const char *name;
	void (*damage)(char *object);
	const char *wrong;
	u32 type;
} broken[] = {
	{ "class", break_class,
	  "not an object for this machine", SHT_NULL },
	{ "order", break_order,
	  "not an object for this machine", SHT_NULL },
	{ "type", break_type,
	  "not a relocatable object", SHT_NULL },
	{ "shentsize", break_shentsize,
	  "no table of sections", SHT_NULL },
	{ "shnum", break_shnum,
	  "no table of sections", SHT_NULL },
	{ "shoff", break_shoff,
	  "no table of sections", SHT_NULL },
	{ "shoff_odd", break_shoff_odd,
	  "no table of sections", SHT_NULL },
	{ "shstrndx", break_shstrndx,
	  "there are no symbols, or no names of sections", SHT_NULL },
	{ "offset", break_offset,
	  "it passes the end of the object", SHT_PROGBITS },
	{ "size_wraps", break_size_wraps,
	  "it passes the end of the object", SHT_PROGBITS },
	{ "bss", break_bss,
	  "it is too large", SHT_NOBITS },
	{ "bss_all", break_bss_all,
	  "with it all are too large", SHT_NOBITS },
	{ "align", break_align,
	  "its alignment is no sane power of two", SHT_PROGBITS },
	{ "align_huge", break_align_huge,
	  "its alignment is no sane power of two", SHT_PROGBITS },
	{ "no_symbols", break_no_symbols,
	  "there are no symbols, or no names of sections", SHT_NULL },
	{ "two_symbols", break_two_symbols,
	  "it is a second table of symbols", SHT_SYMTAB },
	{ "symbol_entsize", break_symbol_entsize,
	  "it is no table of symbols", SHT_SYMTAB },
	{ "symbol_size", break_symbol_size,
	  "it is no table of symbols", SHT_SYMTAB },
	{ "symbol_alloc", break_symbol_alloc,
	  "its symbols are to be loaded themselves", SHT_SYMTAB },
	{ "symbol_link", break_symbol_link,
	  "its symbols have no names", SHT_SYMTAB },
	{ "strtab", break_strtab,
	  "its symbols have no names", SHT_SYMTAB },
	{ "symbol_name", break_symbol_name,
	  "the name of a symbol passes the end of its table", SHT_SYMTAB },
	{ "symbol_section", break_symbol_section,
	  "a symbol is in no section", SHT_SYMTAB },
	{ "symbol_value", break_symbol_value,
	  "a symbol is in no section", SHT_SYMTAB },
	{ "section_name", break_section_name,
	  "its name passes the end of the table", SHT_PROGBITS },
	{ "rela_target", break_rela_target,
	  "it relocates no section", SHT_RELA },
	{ "rela_nobits", break_rela_nobits,
	  "it relocates what has no bytes", SHT_RELA },
	{ "rela_alloc", break_rela_alloc,
	  "its relocations are to be loaded themselves", SHT_RELA },
	{ "rela_entsize", break_rela_entsize,
	  "it is no table of relocations", SHT_RELA },
	{ "rela_link", break_rela_link,
	  "its relocations have no symbols", SHT_RELA },
	{ "rela_offset", break_rela_offset,
	  "a relocation is outside its section", SHT_RELA },
	{ "rela_symbol", break_rela_symbol,
	  "a relocation needs a symbol that has no address", SHT_RELA },
	{ "rela_undefined", break_rela_undefined,
	  "a relocation needs a symbol that has no address", SHT_RELA },
	{ "align_max", break_align_max,
	  "with it all are too large", SHT_PROGBITS },
	{ "bss_two", break_bss_two,
	  "with it all are too large", SHT_NOBITS },
	{ "first_align", break_first_align,
	  "its alignment is no sane power of two", SHT_NOBITS },
	{ "first_name", break_first_name,
	  "its name passes the end of the table", SHT_NULL },
	{ "symbol_name_end", break_symbol_name_end,
	  "the name of a symbol passes the end of its table", SHT_SYMTAB },
	{ "symbol_section_end", break_symbol_section_end,
	  "a symbol is in no section", SHT_SYMTAB },
	{ "section_name_end", break_section_name_end,
	  "its name passes the end of the table", SHT_PROGBITS },
	{ "rela_link_end", break_rela_link_end,
	  "its relocations have no symbols", SHT_RELA },
	{ "rela_symbol_end", break_rela_symbol_end,
	  "a relocation needs a symbol that has no address", SHT_RELA },
};

/* Refused with its reason, and the section of that type named; SHT_NULL is the first. */
static void broken_in_one_place(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(broken); i++) {
		char *object = copy_of_sample(sample_size);
		struct link_verdict verdict;
		u32 type = SHT_NULL;

		broken[i].damage(object);
		verdict = link_check(object, sample_size);
		if (verdict.section)
			type = section_at(object, verdict.section)->sh_type;
		else if (broken[i].type == SHT_NOBITS)
			type = section_at(object, 0)->sh_type;
		free(object);
		EXPECT(verdict.wrong && !strcmp(verdict.wrong, broken[i].wrong), "%s: %s",
		       broken[i].name, verdict.wrong ? verdict.wrong : "accepted");
		EXPECT(type == broken[i].type, "%s: in section %u", broken[i].name,
		       verdict.section);
	}
}

BREAK(align_of_note, SECTION(SHT_STRTAB, 0)->sh_addralign = 3)
BREAK(rela_of_note, {
	SECTION(SHT_RELA, 0)->sh_entsize = 1;
	SECTION(SHT_RELA, 0)->sh_info = SECTION(SHT_SYMTAB, 0) - section_at(object, 0);
})
BREAK(rela_of_nobody, RELOCATIONS->r_info = ELF64_R_INFO(0, 0))
BREAK(no_alignment, {
	unsigned int i;

	for (i = 0; i < EHDR->e_shnum; i++)
		section_at(object, i)->sh_addralign = i % 2;
})
BREAK(first_symbols, {
	Elf64_Shdr *table = SECTION(SHT_SYMTAB, 0);
	unsigned int i;

	*section_at(object, 0) = *table;
	table->sh_type = SHT_NULL;
	for (i = 0; i < EHDR->e_shnum; i++)
		if (section_at(object, i)->sh_type == SHT_RELA)
			section_at(object, i)->sh_link = 0;
})
BREAK(first_counts, {
	section_at(object, 0)->sh_type = SHT_PROGBITS;
	section_at(object, 0)->sh_flags = SHF_ALLOC;
	section_at(object, 0)->sh_size = 16;
	section_at(object, 0)->sh_addralign = 4096;
})
BREAK(as_large_as_may_be, {
	Elf64_Shdr *bss = SECTION(SHT_NOBITS, SHF_ALLOC);
	u64 total = 0;
	unsigned int i;

	for (i = 0; i < EHDR->e_shnum; i++)
		if (section_at(object, i)->sh_flags & SHF_ALLOC)
			total += section_at(object, i)->sh_size +
				 section_at(object, i)->sh_addralign;
	bss->sh_size += LINK_MAX_BYTES - total;
})

static const struct {
	const char *name;
	void (*change)(char *object);
} unusual[] = {
	{ "align_of_note", break_align_of_note },
	{ "rela_of_note", break_rela_of_note },
	{ "rela_of_nobody", break_rela_of_nobody },
	{ "no_alignment", break_no_alignment },
	{ "first_symbols", break_first_symbols },
	{ "first_counts", break_first_counts },
	{ "as_large_as_may_be", break_as_large_as_may_be },
};

static void unusual_but_sound(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(unusual); i++) {
		char *object = copy_of_sample(sample_size);
		const char *wrong;

		unusual[i].change(object);
		wrong = link_check(object, sample_size).wrong;
		if (!wrong)
			wrong = try_object(object, sample_size);
		free(object);
		EXPECT(!wrong, "%s: %s", unusual[i].name, wrong);
	}
}

static void symbols(void)
{
	const Elf64_Ehdr *ehdr = (void *)sample;
	const Elf64_Sym *symbol = link_find_symbol(ehdr, "sample_word");

	EXPECT(symbol && symbol->st_size == 8, "sample_word has no 8 bytes");
	EXPECT(!link_find_symbol(ehdr, "sample_private"), "a private symbol is offered");
	EXPECT(!link_find_symbol(ehdr, "sample_none"), "a symbol is offered that is not there");
	EXPECT(!link_find_symbol(ehdr, ""), "a symbol without a name is offered");
}

/* Behind the end of the table is no symbol. */
static void last_symbol(void)
{
	char *object = copy_of_sample(sample_size);
	const Elf64_Shdr *names = section_at(object, SECTION(SHT_SYMTAB, 0)->sh_link);
	u64 last = SECTION(SHT_SYMTAB, 0)->sh_size / sizeof(Elf64_Sym) - 1;
	const char *name = object + names->sh_offset + SYMBOLS[last].st_name;
	bool found = link_find_symbol(EHDR, name);
	bool found_behind;

	SECTION(SHT_SYMTAB, 0)->sh_size -= sizeof(Elf64_Sym);
	found_behind = link_find_symbol(EHDR, name);
	free(object);
	EXPECT(found, "the last symbol is not found");
	EXPECT(!found_behind, "a symbol behind the table is found");
}

/* As if ld had given addresses to the sections, data to where the code is, too. */
static void give_addresses(char *object, unsigned int code)
{
	unsigned int i;

	for (i = 0; i < EHDR->e_shnum; i++) {
		Elf64_Shdr *section = section_at(object, i);

		section->sh_addr = 0x1000 * (section->sh_flags & SHF_EXECINSTR ? i : code);
	}
	/* The first section is data, which a search would find first. */
	section_at(object, 0)->sh_type = SHT_NOBITS;
	section_at(object, 0)->sh_flags = SHF_ALLOC;
	section_at(object, 0)->sh_size = 0x100;
}

/* Without the symbol the header says where, relative to the code's section. */
static void entry_of_header(void)
{
	char *object = copy_of_sample(sample_size);
	Elf64_Sym *symbol = (Elf64_Sym *)link_find_symbol(EHDR, "purgatory_start");
	unsigned int code = symbol->st_shndx;
	u64 entry = 0, start = 0;
	bool found, found_header, found_behind;
	struct linked linked;

	symbol->st_value = 1;
	give_addresses(object, code);
	oracle_link(object, BASE, &linked);
	found = link_entry(EHDR, linked.info.sechdrs, &start);
	start -= linked.info.sechdrs[code].sh_addr;

	symbol->st_info = ELF64_ST_INFO(STB_LOCAL, STT_FUNC);
	EHDR->e_entry = 0x1000 * code + 1;
	found_header = link_entry(EHDR, linked.info.sechdrs, &entry);
	entry -= linked.info.sechdrs[code].sh_addr;
	EHDR->e_entry = 0x1000 * code + section_at(object, code)->sh_size;
	found_behind = link_entry(EHDR, linked.info.sechdrs, &(u64){ 0 });
	oracle_free(&linked);
	free(object);
	EXPECT(found && start == 1, "the symbol is at %#" PRIx64, start);
	EXPECT(found_header && entry == 1, "the header says %#" PRIx64, entry);
	EXPECT(!found_behind, "an entry behind the code is accepted");
}

/* The sample, linked to the address of its buffer, runs. */
static void runs(void)
{
	unsigned long (*sum)(unsigned long nr);
	const Elf64_Sym *symbol;
	struct linked linked;
	unsigned long result;
	void *at;

	if (((Elf64_Ehdr *)sample)->e_machine != EM_X86_64)
		return;
	at = mmap((void *)BASE, 1 << 16, PROT_READ | PROT_WRITE | PROT_EXEC,
		  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	EXPECT(at == (void *)BASE, "the address is taken");
	oracle_link(sample, BASE, &linked);
	oracle_relocate(&linked, x86_relocate);
	memcpy(at, linked.info.purgatory_buf, linked.layout.bufsz);
	symbol = link_find_symbol(linked.info.ehdr, "sample_sum");
	sum = (void *)(linked.info.sechdrs[symbol->st_shndx].sh_addr + symbol->st_value);
	oracle_free(&linked);
	result = sum(4);
	munmap(at, 1 << 16);
	EXPECT(result == 1 + 2 + 3 + 5 + 4 * 9, "the sum is %lu", result);
}

/* Relocations that are refused: for the type, for the place, for the value. */
static void bad_relocations(void)
{
	const struct {
		u32 type;
		u64 from_end;
		u64 base;
		bool sound;
	} cases[] = {
		{ R_X86_64_NONE, 1, BASE, true },	{ R_X86_64_64, 8, BASE, true },
		{ R_X86_64_64, 7, BASE, false },	{ R_X86_64_PC32, 4, BASE, true },
		{ R_X86_64_PLT32, 3, BASE, false },	{ R_X86_64_32, 4, 0x10000, true },
		{ R_X86_64_32, 4, BASE, false },	{ R_X86_64_32S, 4, BASE, false },
		{ R_X86_64_32S, 4, 0x10000, true },	{ R_X86_64_32S, 4, 0x80000000, false },
		{ R_X86_64_32, 4, 0x80000000, true },	{ R_X86_64_GOTPCREL, 4, BASE, false },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		char *object = copy_of_sample(sample_size);
		Elf64_Shdr *section = SECTION(SHT_RELA, 0);
		Elf64_Rela *rela = RELOCATIONS;
		struct linked linked;
		int err;

		rela->r_info = ELF64_R_INFO(ELF64_R_SYM(rela->r_info), cases[i].type);
		rela->r_offset = section_at(object, section->sh_info)->sh_size - cases[i].from_end;
		section->sh_size = sizeof(*rela);
		oracle_link(object, cases[i].base, &linked);
		err = x86_relocate(&linked.info, &linked.info.sechdrs[section->sh_info],
				   section, SECTION(SHT_SYMTAB, 0));
		oracle_free(&linked);
		free(object);
		EXPECT(!err == cases[i].sound, "case %u: %d", i, err);
	}
}

static const struct ktap_test tests[] = {
	{ "sound_sample", sound_sample },
	{ "symbols", symbols },
	{ "last_symbol", last_symbol },
	{ "entry_of_header", entry_of_header },
	{ "runs", runs },
	{ "bad_relocations", bad_relocations },
	{ "unusual_but_sound", unusual_but_sound },
	{ "broken_in_one_place", broken_in_one_place },
	{ "truncated", truncated },
	{ "damaged_anywhere", damaged_anywhere },
};

int main(int argc, char **argv)
{
	const char *wrong;

	if (argc == 3 && !strcmp(argv[1], "--script"))
		return print_script(argv[2]);
	if (argc >= 3 && !strcmp(argv[1], "--object")) {
		wrong = check_object(argv[2], argc > 3 ? argv[3] : NULL);
		if (wrong)
			printf("%s: %s\n", argv[2], wrong);
		return !!wrong;
	}
	if (argc != 2) {
		fprintf(stderr, "usage: link_test SAMPLE\n");
		return 2;
	}
	sample = read_file(argv[1], &sample_size);
	return ktap_run(tests, ARRAY_SIZE(tests));
}
