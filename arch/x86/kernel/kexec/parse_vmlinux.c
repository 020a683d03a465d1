// SPDX-License-Identifier: GPL-2.0-only
/*
 * Parser of vmlinux files: the program headers of the ELF file from which a
 * bzImage is made.
 *
 * kexec starts a vmlinux as its decompressor does: it loads all parts and
 * enters startup_64; e_entry is the physical address of startup_64.  startup_64
 * finds the address at which it runs and corrects its page tables, with and
 * without CONFIG_RELOCATABLE.  The distance from the address that it was linked
 * for must be a multiple of 2 MiB.
 *
 * A part is a PT_LOAD and the gap up to the next PT_LOAD, so the parts cover
 * all memory that the kernel uses as its own.  Memory without bytes in the file
 * is zero.
 *
 * A note in the PT_NOTE is the mark of a kernel that understands live update.
 *
 * The numbers of program headers and of sections have 16 bits in the file, so
 * the loops over them are short.  The number of symbols, and the length of the
 * notes, are limited here.
 */
#ifdef __KERNEL__
#include <linux/elf.h>
#include <linux/string.h>
#else
#include <elf.h>
#include <string.h>
#endif

#include "parse.h"

#define PAGE			4096ull
#define BASE_ALIGNMENT		0x200000ull
#define LOWEST_BASE		0x100000ull

/* The virtual addresses of the kernel: lowest address, room in bytes. */
#define KERNEL_VIRTUAL		0xffffffff80000000ull
#define MAX_SIZE		0x40000000ull

/* A note: sizes of name and data, type; name and data are padded to 4 bytes. */
#define NOTE_DATA_SIZE		4
#define NOTE_TYPE		8
#define NOTE_NAME		12
#define MARK_NAME		"LiveUpdate"
#define MARK_TYPE		1
#define MARK_DATA_SIZE		4

/* x86_64 has at most 52 bits of physical address. */
#define MAX_PHYSICAL		(0x10000000000000ull - MAX_SIZE)

/**
 * kexec_is_vmlinux - is a file an x86_64 ELF executable of type ET_EXEC?
 * @file: the bytes of the file
 * @size: length of the file in bytes
 *
 * Programs of user space may have this type, too; kexec_parse_vmlinux() refuses
 * them by their virtual addresses.
 *
 * Return: true if kexec_parse_vmlinux() is to accept or refuse the file.
 */
bool kexec_is_vmlinux(const void *file, u64 size)
{
	Elf64_Ehdr ehdr;

	if (size < sizeof(ehdr))
		return false;
	memcpy(&ehdr, file, sizeof(ehdr));
	return !memcmp(ehdr.e_ident, ELFMAG, SELFMAG) &&
	       ehdr.e_ident[EI_CLASS] == ELFCLASS64 &&
	       ehdr.e_ident[EI_DATA] == ELFDATA2LSB &&
	       ehdr.e_machine == EM_X86_64 && ehdr.e_type == ET_EXEC;
}

static int check_table(const Elf64_Ehdr *ehdr, u64 size,
		       struct parse_reason *why)
{
	u64 length = (u64)ehdr->e_phnum * sizeof(Elf64_Phdr);

	if (ehdr->e_phentsize != sizeof(Elf64_Phdr))
		return parse_refuse(why, "size of a program header", ehdr->e_phentsize,
			      sizeof(Elf64_Phdr));
	if (!parse_fits(ehdr->e_phoff, length, size))
		return parse_refuse(why, "program headers are not in the file",
			      ehdr->e_phoff, size);
	return 0;
}

static int check_load(const Elf64_Phdr *phdr, u64 size,
		      struct parse_reason *why)
{
	if (phdr->p_filesz > phdr->p_memsz)
		return parse_refuse(why, "PT_LOAD has more bytes than memory",
			      phdr->p_filesz, phdr->p_memsz);
	if (!parse_fits(phdr->p_offset, phdr->p_filesz, size))
		return parse_refuse(why, "bytes of a PT_LOAD are not in the file",
			      phdr->p_offset, size);
	if (phdr->p_paddr > MAX_PHYSICAL)
		return parse_refuse(why, "physical address of a PT_LOAD is too high",
				    phdr->p_paddr, MAX_PHYSICAL);
	if (phdr->p_paddr % PAGE)
		return parse_refuse(why, "physical address of a PT_LOAD is not aligned",
			      phdr->p_paddr, PAGE);
	return 0;
}

/* Append a part.  close_gaps() sets the sizes of the parts later. */
static int add_part(struct vmlinux_layout *layout, const Elf64_Phdr *phdr,
		    struct parse_reason *why)
{
	struct vmlinux_part *part = &layout->part[layout->nr_parts];
	u64 end = layout->base + layout->size;

	if (layout->nr_parts == VMLINUX_MAX_PARTS)
		return parse_refuse(why, "too many PT_LOADs", layout->nr_parts + 1,
			      VMLINUX_MAX_PARTS);
	if (!layout->nr_parts) {
		if (phdr->p_vaddr < KERNEL_VIRTUAL)
			return parse_refuse(why, "not linked as a kernel, virtual address",
					    phdr->p_vaddr, KERNEL_VIRTUAL);
		layout->base = phdr->p_paddr;
	}
	if (phdr->p_paddr < end)
		return parse_refuse(why, "PT_LOAD starts before the end of another",
			      phdr->p_paddr, end);
	part->start = phdr->p_paddr - layout->base;
	if (!parse_fits(part->start, phdr->p_memsz, MAX_SIZE))
		return parse_refuse(why, "kernel is too large, memory of a PT_LOAD",
			      phdr->p_memsz, MAX_SIZE);
	part->bytes.offset = phdr->p_offset;
	part->bytes.size = phdr->p_filesz;
	layout->size = part->start + phdr->p_memsz;
	layout->nr_parts++;
	return 0;
}

static int add_parts(const void *file, u64 size, const Elf64_Ehdr *ehdr,
		     struct vmlinux_layout *layout, struct parse_reason *why)
{
	Elf64_Phdr phdr;
	unsigned int i;
	int err;

	for (i = 0; i < ehdr->e_phnum; i++) {
		memcpy(&phdr, (const char *)file + ehdr->e_phoff +
		       i * sizeof(phdr), sizeof(phdr));
		if (phdr.p_type != PT_LOAD || !phdr.p_memsz)
			continue;
		err = check_load(&phdr, size, why);
		if (!err)
			err = add_part(layout, &phdr, why);
		if (err)
			return err;
	}
	return 0;
}

/* Extend each part to the next one, and the last one to a page boundary. */
static void close_gaps(struct vmlinux_layout *layout)
{
	unsigned int i;
	u64 end;

	layout->size = (layout->size + PAGE - 1) & ~(PAGE - 1);
	end = layout->size;
	for (i = layout->nr_parts; i--; end = layout->part[i].start)
		layout->part[i].size = end - layout->part[i].start;
}

static int check_kernel(const Elf64_Ehdr *ehdr,
			const struct vmlinux_layout *layout,
			struct parse_reason *why)
{
	u64 entry = ehdr->e_entry - layout->base;
	unsigned int i;

	if (!layout->nr_parts)
		return parse_refuse(why, "no PT_LOAD among the program headers",
			      ehdr->e_phnum, 1);
	if (layout->base < LOWEST_BASE)
		return parse_refuse(why, "physical base is too low", layout->base,
			      LOWEST_BASE);
	if (layout->base % BASE_ALIGNMENT)
		return parse_refuse(why, "physical base is not aligned", layout->base,
			      BASE_ALIGNMENT);
	for (i = 0; i < layout->nr_parts; i++) {
		if (entry >= layout->part[i].start &&
		    entry - layout->part[i].start < layout->part[i].bytes.size)
			return 0;
	}
	return parse_refuse(why, "entry is in no PT_LOAD by its physical address",
		      ehdr->e_entry, layout->base);
}

/* Find the symbol table and its strings; false unless both are in the file. */
static bool find_symbols(const void *file, u64 size, const Elf64_Ehdr *ehdr,
			 struct parse_range *symbols,
			 struct parse_range *strings)
{
	Elf64_Shdr symtab, strtab;
	const char *table;
	unsigned int i;

	if (ehdr->e_shentsize != sizeof(symtab) ||
	    !parse_fits(ehdr->e_shoff, (u64)ehdr->e_shnum * sizeof(symtab), size))
		return false;
	table = (const char *)file + ehdr->e_shoff;
	for (i = 0; i < ehdr->e_shnum; i++) {
		memcpy(&symtab, table + i * sizeof(symtab), sizeof(symtab));
		if (symtab.sh_type == SHT_SYMTAB)
			break;
	}
	if (i == ehdr->e_shnum || symtab.sh_link >= ehdr->e_shnum)
		return false;
	memcpy(&strtab, table + symtab.sh_link * sizeof(strtab), sizeof(strtab));
	*symbols = (struct parse_range){ symtab.sh_offset, symtab.sh_size };
	*strings = (struct parse_range){ strtab.sh_offset, strtab.sh_size };
	return parse_fits(symbols->offset, symbols->size, size) &&
	       parse_fits(strings->offset, strings->size, size);
}

/* False for a file without symbols, too. */
static bool has_symbol(const void *file, u64 size, const Elf64_Ehdr *ehdr,
		       const char *name)
{
	const u64 length = strlen(name) + 1;
	struct parse_range symbols, strings;
	const char *string;
	Elf64_Sym symbol;
	u64 i, nr;

	if (!find_symbols(file, size, ehdr, &symbols, &strings))
		return false;
	string = (const char *)file + strings.offset;
	nr = symbols.size / sizeof(symbol);
	if (nr > VMLINUX_MAX_SYMBOLS)
		nr = VMLINUX_MAX_SYMBOLS;
	for (i = 0; i < nr; i++) {
		memcpy(&symbol, (const char *)file + symbols.offset +
		       i * sizeof(symbol), sizeof(symbol));
		if (symbol.st_shndx != SHN_UNDEF &&
		    parse_fits(symbol.st_name, length, strings.size) &&
		    !memcmp(string + symbol.st_name, name, length))
			return true;
	}
	return false;
}

static u64 pad_note(u64 size)
{
	return (size + 3) & ~3ull;
}

/* Find the first PT_NOTE; empty if there is none, or if it is not in the file. */
static struct parse_range find_notes(const void *file, u64 size,
				     const Elf64_Ehdr *ehdr)
{
	struct parse_range notes = { 0, 0 };
	Elf64_Phdr phdr;
	unsigned int i;

	for (i = 0; i < ehdr->e_phnum; i++) {
		memcpy(&phdr, (const char *)file + ehdr->e_phoff +
		       i * sizeof(phdr), sizeof(phdr));
		if (phdr.p_type == PT_NOTE)
			break;
	}
	if (i < ehdr->e_phnum && phdr.p_filesz <= PARSE_MARK_ROOM &&
	    parse_fits(phdr.p_offset, phdr.p_filesz, size))
		notes = (struct parse_range){ phdr.p_offset, phdr.p_filesz };
	return notes;
}

/* Is this note, whose name lies in the file, the mark of live update? */
static bool is_mark(const void *file, u64 at)
{
	return parse_u32(file, at) == sizeof(MARK_NAME) &&
	       parse_u32(file, at + NOTE_DATA_SIZE) == MARK_DATA_SIZE &&
	       parse_u32(file, at + NOTE_TYPE) == MARK_TYPE &&
	       !memcmp((const char *)file + at + NOTE_NAME, MARK_NAME,
		       sizeof(MARK_NAME));
}

/* The version in the mark of live update; a damaged mark is none. */
static unsigned int find_mark(const void *file, u64 size,
			      const Elf64_Ehdr *ehdr)
{
	struct parse_range notes = find_notes(file, size, ehdr);
	u64 at = notes.offset, end = at + notes.size, name, data;

	for (; parse_fits(at, NOTE_NAME, end); at += NOTE_NAME + name + data) {
		name = pad_note(parse_u32(file, at));
		data = pad_note(parse_u32(file, at + NOTE_DATA_SIZE));
		if (!parse_fits(at + NOTE_NAME, name + data, end))
			return 0;
		if (is_mark(file, at))
			return parse_u32(file, at + NOTE_NAME + name);
	}
	return 0;
}

/**
 * kexec_parse_vmlinux - find the parts of a vmlinux
 * @file: the bytes of the file
 * @size: length of the file in bytes
 * @layout: set if the file is accepted
 * @why: set if the file is refused
 *
 * Return: 0 or -ENOEXEC.
 */
int kexec_parse_vmlinux(const void *file, u64 size,
			struct vmlinux_layout *layout,
			struct parse_reason *why)
{
	Elf64_Ehdr ehdr;
	int err;

	if (!kexec_is_vmlinux(file, size))
		return parse_refuse(why, "no x86_64 ELF executable in a file of this size",
			      size, sizeof(ehdr));
	memcpy(&ehdr, file, sizeof(ehdr));

	*layout = (struct vmlinux_layout){ .nr_parts = 0 };
	err = check_table(&ehdr, size, why);
	if (!err)
		err = add_parts(file, size, &ehdr, layout, why);
	if (!err)
		err = check_kernel(&ehdr, layout, why);
	if (err)
		return err;

	close_gaps(layout);
	layout->entry = ehdr.e_entry - layout->base;
	layout->liveupdate = find_mark(file, size, &ehdr);
	/* Only kernels with CONFIG_X86_5LEVEL have this variable. */
	layout->five_level = has_symbol(file, size, &ehdr,
					"__pgtable_l5_enabled");
	return 0;
}
