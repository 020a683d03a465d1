// SPDX-License-Identifier: GPL-2.0-only
/*
 * Check what the linker promises, byte by byte and symbol by symbol.
 *
 * Every buffer has exactly the size that the code asks for, so that the
 * sanitizers report any access outside of it.
 */
#include <stdio.h>
#include <stdlib.h>

#include "link_oracle.h"

#define DEMAND(condition) do {						\
	if (!(condition)) {						\
		static char wrong[200];					\
		snprintf(wrong, sizeof(wrong), "%s:%d: not so: %s",	\
			 __func__, __LINE__, #condition);		\
		return wrong;						\
	}								\
} while (0)

static const Elf64_Shdr *headers(const Elf64_Ehdr *ehdr)
{
	return (const void *)ehdr + ehdr->e_shoff;
}

static bool allocated(const Elf64_Shdr *section)
{
	return section->sh_type != SHT_NULL && section->sh_flags & SHF_ALLOC;
}

static bool disjoint(const Elf64_Shdr *one, const Elf64_Shdr *other)
{
	return !one->sh_size || !other->sh_size ||
	       one->sh_offset + one->sh_size <= other->sh_offset ||
	       other->sh_offset + other->sh_size <= one->sh_offset;
}

static const char *check_place(const struct linked *linked,
			       const Elf64_Shdr *section, u64 *bytes, u64 *all)
{
	u64 end = section->sh_offset + section->sh_size;

	if (section->sh_addralign) {
		DEMAND(section->sh_offset % section->sh_addralign == 0);
		DEMAND(linked->layout.align % section->sh_addralign == 0);
	}
	if (section->sh_type == SHT_NOBITS)
		DEMAND(section->sh_offset >= linked->layout.bufsz);
	else if (end > *bytes)
		*bytes = end;
	if (end > *all)
		*all = end;
	return NULL;
}

/* The gap between a section and those before it is only what its alignment needs. */
static bool packed(const struct linked *linked, const Elf64_Shdr *section)
{
	const Elf64_Shdr *other = linked->info.sechdrs;
	const Elf64_Shdr *end = other + linked->info.ehdr->e_shnum;
	u64 before = 0;

	for (; other < end; other++)
		if (other != section && allocated(other) &&
		    other->sh_offset + other->sh_size <= section->sh_offset &&
		    other->sh_offset + other->sh_size > before)
			before = other->sh_offset + other->sh_size;
	return section->sh_offset - before <= (section->sh_addralign ?: 1) - 1;
}

/* Sections do not overlap, are aligned, and leave no gap that is not needed. */
static const char *check_layout(const struct linked *linked)
{
	const Elf64_Ehdr *ehdr = linked->info.ehdr;
	const Elf64_Shdr *sechdrs = linked->info.sechdrs;
	u64 bytes = 0, all = 0, align = 1;
	const char *wrong;
	unsigned int i, j;

	for (i = 0; i < ehdr->e_shnum; i++) {
		if (!allocated(&sechdrs[i])) {
			DEMAND(sechdrs[i].sh_offset == headers(ehdr)[i].sh_offset);
			continue;
		}
		DEMAND(packed(linked, &sechdrs[i]));
		wrong = check_place(linked, &sechdrs[i], &bytes, &all);
		if (wrong)
			return wrong;
		if (sechdrs[i].sh_addralign > align)
			align = sechdrs[i].sh_addralign;
		for (j = 0; j < i; j++)
			DEMAND(!allocated(&sechdrs[j]) ||
			       disjoint(&sechdrs[i], &sechdrs[j]));
	}
	DEMAND(linked->layout.bufsz == bytes);
	DEMAND(linked->layout.memsz == all);
	DEMAND(linked->layout.align == align);
	DEMAND(all <= LINK_MAX_BYTES);
	return NULL;
}

static const char *check_addresses(const struct linked *linked)
{
	const Elf64_Ehdr *ehdr = linked->info.ehdr;
	const Elf64_Shdr *section;
	unsigned int i;

	for (i = 0; i < ehdr->e_shnum; i++) {
		section = &linked->info.sechdrs[i];
		if (allocated(section))
			DEMAND(section->sh_addr == linked->base + section->sh_offset);
		else
			DEMAND(!section->sh_addr);
	}
	return NULL;
}

/* The buffer holds the bytes of its sections, and zeroes between them. */
static const char *check_bytes(const struct linked *linked)
{
	const Elf64_Ehdr *ehdr = linked->info.ehdr;
	char *expected = calloc(1, linked->layout.bufsz + 1);
	unsigned int i;
	bool same;

	for (i = 0; i < ehdr->e_shnum; i++) {
		const Elf64_Shdr *section = &linked->info.sechdrs[i];

		if (allocated(section) && section->sh_type != SHT_NOBITS)
			memcpy(expected + section->sh_offset,
			       (const void *)ehdr + headers(ehdr)[i].sh_offset,
			       section->sh_size);
	}
	same = !memcmp(expected, linked->info.purgatory_buf, linked->layout.bufsz);
	free(expected);
	DEMAND(same);
	return NULL;
}

static const Elf64_Shdr *symbol_table(const Elf64_Ehdr *ehdr)
{
	const Elf64_Shdr *section = headers(ehdr);

	while (section->sh_type != SHT_SYMTAB)
		section++;
	return section;
}

/* Whether the symbol can be looked up by name. */
static bool offered(const Elf64_Ehdr *ehdr, const Elf64_Sym *symbol)
{
	return ELF64_ST_BIND(symbol->st_info) == STB_GLOBAL &&
	       symbol->st_shndx != SHN_UNDEF && symbol->st_shndx < ehdr->e_shnum &&
	       allocated(headers(ehdr) + symbol->st_shndx);
}

static const char *check_symbols(const struct linked *linked)
{
	const Elf64_Ehdr *ehdr = linked->info.ehdr;
	const Elf64_Shdr *table = symbol_table(ehdr);
	const char *names = (const void *)ehdr + headers(ehdr)[table->sh_link].sh_offset;
	const Elf64_Sym *symbol = (const void *)ehdr + table->sh_offset;
	const Elf64_Sym *found;
	u64 i;

	for (i = 0; i < table->sh_size / sizeof(*symbol); i++) {
		found = link_find_symbol(ehdr, names + symbol[i].st_name);
		if (!found) {
			DEMAND(!offered(ehdr, &symbol[i]));
			continue;
		}
		DEMAND(offered(ehdr, found));
		DEMAND(!strcmp(names + found->st_name, names + symbol[i].st_name));
		DEMAND(found->st_value + found->st_size <=
		       headers(ehdr)[found->st_shndx].sh_size);
	}
	return NULL;
}

static const char *check_entry(const struct linked *linked)
{
	u64 entry;

	if (!link_entry(linked->info.ehdr, linked->info.sechdrs, &entry))
		return NULL;
	DEMAND(entry - linked->base <= linked->layout.memsz);
	return NULL;
}

/**
 * oracle_link - link an object without its relocations, and check the result
 * @object: an object that link_check() has accepted; kept until oracle_free()
 * @base: where to place it
 * @linked: out: the linked object, whatever is wrong with it
 *
 * Return: what is wrong, or NULL.
 */
const char *oracle_link(const void *object, u64 base, struct linked *linked)
{
	const char *(*const checks[])(const struct linked *linked) = {
		check_layout, check_addresses, check_bytes, check_symbols, check_entry,
	};
	const Elf64_Ehdr *ehdr = object;
	size_t table = ehdr->e_shnum * sizeof(Elf64_Shdr);
	const char *wrong = NULL;
	unsigned int i;

	linked->base = base;
	linked->info.ehdr = ehdr;
	linked->info.sechdrs = malloc(table);
	memcpy(linked->info.sechdrs, headers(ehdr), table);
	linked->layout = link_lay_out(ehdr, linked->info.sechdrs);
	linked->info.purgatory_buf = calloc(1, linked->layout.bufsz);
	link_place(ehdr, linked->info.sechdrs, base);
	link_copy(ehdr, linked->info.sechdrs, linked->info.purgatory_buf);

	for (i = 0; !wrong && i < ARRAY_SIZE(checks); i++)
		wrong = checks[i](linked);
	return wrong;
}

void oracle_free(struct linked *linked)
{
	free(linked->info.sechdrs);
	free(linked->info.purgatory_buf);
}

/**
 * oracle_relocate - apply the relocations as the kernel does
 * @linked: the object
 * @apply: the architecture's code
 *
 * Return: 0 or what @apply returned.
 */
int oracle_relocate(struct linked *linked, relocate_fn *apply)
{
	Elf64_Shdr *sechdrs = linked->info.sechdrs;
	unsigned int i;
	int err = 0;

	for (i = 0; !err && i < linked->info.ehdr->e_shnum; i++)
		if (link_is_applied(sechdrs, &sechdrs[i]) &&
		    sechdrs[i].sh_type == SHT_RELA)
			err = apply(&linked->info, &sechdrs[sechdrs[i].sh_info],
				    &sechdrs[i], &sechdrs[sechdrs[i].sh_link]);
	return err;
}
