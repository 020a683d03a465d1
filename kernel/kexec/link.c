// SPDX-License-Identifier: GPL-2.0-only
/*
 * Linking a purgatory.
 *
 * A purgatory comes as one relocatable object.  Its allocated sections are laid
 * out one behind the other, each at its alignment: first those that the object
 * has bytes for, then those that start as zeroes, so that the segment's buffer
 * ends where the bytes do.  Sections for debuggers and linkers are left out.
 *
 * link_check() checks once what the other functions rely on: each table and
 * each section lies within the object, each name ends within its table, and
 * each relocation that is applied changes a byte of an allocated section by a
 * symbol that has an address.  The architecture knows the relocation types.
 *
 * No loop reschedules: the object was built with this kernel, and has a few
 * hundred symbols and relocations.
 */
#ifdef __KERNEL__
#include <linux/string.h>
#else
#include <string.h>
#endif

#include "link.h"

/* The default entry of a purgatory. */
#define LINK_ENTRY	"purgatory_start"

static const Elf64_Shdr *headers(const Elf64_Ehdr *ehdr)
{
	return (const void *)ehdr + ehdr->e_shoff;
}

static const void *contents(const Elf64_Ehdr *ehdr, const Elf64_Shdr *section)
{
	return (const void *)ehdr + section->sh_offset;
}

static u64 align_up(u64 value, u64 align)
{
	return (value + align - 1) & ~(align - 1);
}

static bool is_power_of_two(u64 value)
{
	return value && !(value & (value - 1));
}

/* An alignment of 0 means none. */
static u64 alignment(const Elf64_Shdr *section)
{
	return section->sh_addralign ?: 1;
}

static bool is_allocated(const Elf64_Shdr *section)
{
	return section->sh_type != SHT_NULL && section->sh_flags & SHF_ALLOC;
}

static bool has_bytes(const Elf64_Shdr *section)
{
	return section->sh_type != SHT_NOBITS;
}

static bool is_relocation(const Elf64_Shdr *section)
{
	return section->sh_type == SHT_REL || section->sh_type == SHT_RELA;
}

static bool fits(u64 offset, u64 bytes, u64 size)
{
	return offset <= size && bytes <= size - offset;
}

/* Is this a table of entries with the right size and alignment? */
static bool is_table(const Elf64_Shdr *section, size_t entry)
{
	return section->sh_entsize == entry && !(section->sh_size % entry) &&
	       !(section->sh_offset % sizeof(u64));
}

static bool is_string_table(const Elf64_Ehdr *ehdr, unsigned int index)
{
	const Elf64_Shdr *section;

	if (index >= ehdr->e_shnum)
		return false;
	section = headers(ehdr) + index;
	return section->sh_type == SHT_STRTAB && section->sh_size &&
	       !((const char *)contents(ehdr, section))[section->sh_size - 1];
}

static const char *check_header(const Elf64_Ehdr *ehdr, size_t size)
{
	const unsigned int one = 1;
	unsigned char order = *(const char *)&one ? ELFDATA2LSB : ELFDATA2MSB;

	if (size < sizeof(*ehdr) || memcmp(ehdr->e_ident, ELFMAG, SELFMAG))
		return "not an ELF object";
	if (ehdr->e_ident[EI_CLASS] != ELFCLASS64 ||
	    ehdr->e_ident[EI_DATA] != order)
		return "not an object for this machine";
	if (ehdr->e_type != ET_REL)
		return "not a relocatable object";
	if (!ehdr->e_shnum || ehdr->e_shentsize != sizeof(Elf64_Shdr) ||
	    ehdr->e_shoff % sizeof(u64) ||
	    !fits(ehdr->e_shoff, ehdr->e_shnum * sizeof(Elf64_Shdr), size))
		return "no table of sections";
	return NULL;
}

static const char *check_section(const Elf64_Shdr *section, size_t size)
{
	if (section->sh_type != SHT_NULL && has_bytes(section) &&
	    !fits(section->sh_offset, section->sh_size, size))
		return "it passes the end of the object";
	if (!is_allocated(section))
		return NULL;
	if (section->sh_size > LINK_MAX_BYTES)
		return "it is too large";
	if (!is_power_of_two(alignment(section)) ||
	    alignment(section) > LINK_MAX_BYTES)
		return "its alignment is no sane power of two";
	return NULL;
}

/* Does a symbol have an address? */
static bool symbol_is_sane(const Elf64_Ehdr *ehdr, const Elf64_Sym *symbol)
{
	const Elf64_Shdr *section;

	if (symbol->st_shndx == SHN_UNDEF || symbol->st_shndx == SHN_ABS)
		return true;
	if (symbol->st_shndx >= ehdr->e_shnum)
		return false;
	section = headers(ehdr) + symbol->st_shndx;
	return fits(symbol->st_value, symbol->st_size, section->sh_size);
}

static const char *check_symbols(const Elf64_Ehdr *ehdr,
				 const Elf64_Shdr *section)
{
	const Elf64_Sym *symbol = contents(ehdr, section), *end;

	if (!is_table(section, sizeof(*symbol)))
		return "it is no table of symbols";
	if (is_allocated(section))
		return "its symbols are to be loaded themselves";
	if (!is_string_table(ehdr, section->sh_link))
		return "its symbols have no names";

	end = symbol + section->sh_size / sizeof(*symbol);
	for (; symbol < end; symbol++) {
		if (symbol->st_name >= headers(ehdr)[section->sh_link].sh_size)
			return "the name of a symbol passes the end of its table";
		if (!symbol_is_sane(ehdr, symbol))
			return "a symbol is in no section";
	}
	return NULL;
}

static const Elf64_Shdr *find_symbols(const Elf64_Ehdr *ehdr)
{
	unsigned int i;

	for (i = 0; i < ehdr->e_shnum; i++)
		if (headers(ehdr)[i].sh_type == SHT_SYMTAB)
			return headers(ehdr) + i;
	return NULL;
}

/* Symbol 0 is undefined; relocations without a symbol name it. */
static bool symbol_has_address(const Elf64_Ehdr *ehdr, u64 index)
{
	const Elf64_Shdr *symbols = find_symbols(ehdr);
	const Elf64_Sym *symbol = contents(ehdr, symbols);

	if (index >= symbols->sh_size / sizeof(*symbol))
		return false;
	if (!index || symbol[index].st_shndx == SHN_ABS)
		return true;
	return symbol[index].st_shndx != SHN_UNDEF &&
	       is_allocated(headers(ehdr) + symbol[index].st_shndx);
}

static const char *check_relocations(const Elf64_Ehdr *ehdr,
				     const Elf64_Shdr *section)
{
	size_t entry = section->sh_type == SHT_RELA ? sizeof(Elf64_Rela) :
						      sizeof(Elf64_Rel);
	const void *at = contents(ehdr, section);
	const Elf64_Rel *relocation;
	const Elf64_Shdr *target;
	u64 i;

	if (section->sh_info >= ehdr->e_shnum)
		return "it relocates no section";
	target = headers(ehdr) + section->sh_info;
	if (!is_allocated(target))
		return NULL;
	if (!has_bytes(target))
		return "it relocates what has no bytes";
	if (is_allocated(section))
		return "its relocations are to be loaded themselves";
	if (!is_table(section, entry))
		return "it is no table of relocations";
	if (section->sh_link >= ehdr->e_shnum ||
	    headers(ehdr) + section->sh_link != find_symbols(ehdr))
		return "its relocations have no symbols";

	/* Elf64_Rela begins like Elf64_Rel. */
	for (i = 0; i < section->sh_size; i += entry) {
		relocation = at + i;
		if (relocation->r_offset >= target->sh_size)
			return "a relocation is outside its section";
		if (!symbol_has_address(ehdr, ELF64_R_SYM(relocation->r_info)))
			return "a relocation needs a symbol that has no address";
	}
	return NULL;
}

/* Check a section by its type; the bounds of all sections were checked. */
static const char *check_kind(const Elf64_Ehdr *ehdr,
			      const Elf64_Shdr *section)
{
	if (section->sh_name >= headers(ehdr)[ehdr->e_shstrndx].sh_size)
		return "its name passes the end of the table";
	if (section->sh_type != SHT_SYMTAB)
		return is_relocation(section) ?
		       check_relocations(ehdr, section) : NULL;
	if (section != find_symbols(ehdr))
		return "it is a second table of symbols";
	return NULL;
}

static struct link_verdict check_sections(const Elf64_Ehdr *ehdr, size_t size)
{
	struct link_verdict verdict = {};
	const Elf64_Shdr *symbols;
	unsigned int i;
	u64 total = 0;

	for (i = 0; !verdict.wrong && i < ehdr->e_shnum; i++) {
		const Elf64_Shdr *section = headers(ehdr) + i;

		verdict.section = i;
		verdict.wrong = check_section(section, size);
		if (is_allocated(section))
			total += section->sh_size + alignment(section);
		if (!verdict.wrong && total > LINK_MAX_BYTES)
			verdict.wrong = "with it all are too large";
	}
	if (verdict.wrong)
		return verdict;

	symbols = find_symbols(ehdr);
	verdict.section = 0;
	if (!symbols || !is_string_table(ehdr, ehdr->e_shstrndx)) {
		verdict.wrong = "there are no symbols, or no names of sections";
		return verdict;
	}
	verdict.section = symbols - headers(ehdr);
	verdict.wrong = check_symbols(ehdr, symbols);
	return verdict;
}

/**
 * link_check - can this object be linked?
 * @object: a relocatable object, aligned as its header is
 * @size: its length in bytes
 *
 * Return: the first fault; link_verdict.wrong is NULL for a sound object.
 */
struct link_verdict link_check(const void *object, size_t size)
{
	const Elf64_Ehdr *ehdr = object;
	struct link_verdict verdict = {};
	unsigned int i;

	verdict.wrong = check_header(ehdr, size);
	if (!verdict.wrong)
		verdict = check_sections(ehdr, size);
	for (i = 0; !verdict.wrong && i < ehdr->e_shnum; i++) {
		verdict.section = i;
		verdict.wrong = check_kind(ehdr, headers(ehdr) + i);
	}
	return verdict;
}

/* Place the allocated sections with bytes, or those without, behind @end. */
static u64 lay_out_kind(const Elf64_Ehdr *ehdr, Elf64_Shdr *sechdrs,
			bool bytes, u64 end)
{
	Elf64_Shdr *section;

	for (section = sechdrs; section < sechdrs + ehdr->e_shnum; section++) {
		if (!is_allocated(section) || has_bytes(section) != bytes)
			continue;
		section->sh_offset = align_up(end, alignment(section));
		end = section->sh_offset + section->sh_size;
	}
	return end;
}

/**
 * link_lay_out - decide where in the segment each section goes
 * @ehdr: the object, checked
 * @sechdrs: a copy of its section headers; sh_offset of the allocated ones
 *	becomes their place in the segment, the others keep it
 *
 * Return: the layout of the segment.
 */
struct link_layout link_lay_out(const Elf64_Ehdr *ehdr, Elf64_Shdr *sechdrs)
{
	struct link_layout layout = { .align = 1 };
	unsigned int i;

	for (i = 0; i < ehdr->e_shnum; i++)
		if (is_allocated(&sechdrs[i]) &&
		    alignment(&sechdrs[i]) > layout.align)
			layout.align = alignment(&sechdrs[i]);

	layout.bufsz = lay_out_kind(ehdr, sechdrs, true, 0);
	layout.memsz = lay_out_kind(ehdr, sechdrs, false, layout.bufsz);
	return layout;
}

/**
 * link_place - give the sections their addresses
 * @ehdr: the object
 * @sechdrs: its section headers, laid out; sh_addr is set, to 0 for sections
 *	that are not allocated
 * @base: physical address of the segment
 */
void link_place(const Elf64_Ehdr *ehdr, Elf64_Shdr *sechdrs, u64 base)
{
	unsigned int i;

	for (i = 0; i < ehdr->e_shnum; i++)
		sechdrs[i].sh_addr = is_allocated(&sechdrs[i]) ?
				     base + sechdrs[i].sh_offset : 0;
}

/**
 * link_copy - copy the bytes of the object to the segment's buffer
 * @ehdr: the object
 * @sechdrs: its section headers, laid out
 * @buf: the segment's buffer, link_layout.bufsz zeroes
 */
void link_copy(const Elf64_Ehdr *ehdr, const Elf64_Shdr *sechdrs, void *buf)
{
	unsigned int i;

	for (i = 0; i < ehdr->e_shnum; i++) {
		if (!is_allocated(&sechdrs[i]) || !has_bytes(&sechdrs[i]))
			continue;
		memcpy(buf + sechdrs[i].sh_offset,
		       contents(ehdr, headers(ehdr) + i), sechdrs[i].sh_size);
	}
}

/**
 * link_is_applied - does a section hold relocations that must be applied?
 * @sechdrs: the section headers
 * @section: one of them
 *
 * Return: true if its relocations change an allocated section, which is
 * @sechdrs[@section->sh_info].
 */
bool link_is_applied(const Elf64_Shdr *sechdrs, const Elf64_Shdr *section)
{
	return is_relocation(section) &&
	       is_allocated(&sechdrs[section->sh_info]);
}

/**
 * link_find_symbol - find a global symbol of the object
 * @ehdr: the object
 * @name: its name
 *
 * Return: the symbol, defined in an allocated section; or NULL.
 */
const Elf64_Sym *link_find_symbol(const Elf64_Ehdr *ehdr, const char *name)
{
	const Elf64_Shdr *symbols = find_symbols(ehdr);
	const char *names = contents(ehdr, headers(ehdr) + symbols->sh_link);
	const Elf64_Sym *symbol = contents(ehdr, symbols);
	const Elf64_Sym *end = symbol + symbols->sh_size / sizeof(*symbol);

	for (; symbol < end; symbol++) {
		if (ELF64_ST_BIND(symbol->st_info) != STB_GLOBAL ||
		    strcmp(names + symbol->st_name, name))
			continue;
		if (symbol->st_shndx != SHN_UNDEF &&
		    symbol->st_shndx != SHN_ABS &&
		    is_allocated(headers(ehdr) + symbol->st_shndx))
			return symbol;
	}
	return NULL;
}

/* e_entry is relative to the address that the object's headers give the code. */
static bool header_entry(const Elf64_Ehdr *ehdr, const Elf64_Shdr *sechdrs,
			 u64 *entry)
{
	const Elf64_Shdr *section = headers(ehdr);
	unsigned int i;

	for (i = 0; i < ehdr->e_shnum; i++, section++) {
		if (!is_allocated(section) ||
		    !(section->sh_flags & SHF_EXECINSTR) ||
		    ehdr->e_entry < section->sh_addr ||
		    ehdr->e_entry - section->sh_addr >= section->sh_size)
			continue;
		*entry = sechdrs[i].sh_addr +
			 (ehdr->e_entry - section->sh_addr);
		return true;
	}
	return false;
}

/**
 * link_entry - find the entry of the object
 * @ehdr: the object
 * @sechdrs: its section headers, placed
 * @entry: out: physical address
 *
 * A relocatable object has no addresses yet, so e_entry is unambiguous only if
 * one section holds all the code; a symbol always is.
 *
 * Return: false if it has no entry.
 */
bool link_entry(const Elf64_Ehdr *ehdr, const Elf64_Shdr *sechdrs, u64 *entry)
{
	const Elf64_Sym *symbol = link_find_symbol(ehdr, LINK_ENTRY);

	if (!symbol)
		return header_entry(ehdr, sechdrs, entry);
	*entry = sechdrs[symbol->st_shndx].sh_addr + symbol->st_value;
	return true;
}
