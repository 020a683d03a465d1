/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The formats that kexec_file_load(2) knows on x86_64, each as a small file that
 * is accepted: bzImage (see kexec_file_test.h), vmlinux and UKI.
 */
#ifndef KEXEC_FORMATS_H
#define KEXEC_FORMATS_H

#include "kexec_file_test.h"

#include <elf.h>
#include <stddef.h>

#define FILE_SIZE_MAX	(64 * KIB)

/* --- vmlinux ----------------------------------------------------------- */

/*
 * Text, a page of nothing, and data with bss, loaded to 16 MiB.  The one symbol
 * shows that the kernel can run on 5-level page tables.
 */
#define VM_BASE		(16 * MIB)
#define VM_VIRTUAL	0xffffffff81000000
#define VM_DATA		(2 * PAGE)	/* from the base, and in the file */
#define VM_BSS		(2 * PAGE)
#define VM_SIZE		(3 * PAGE)

#define VM_SYMBOL	"__pgtable_l5_enabled"

struct vmlinux {
	Elf64_Ehdr ehdr;
	Elf64_Phdr text;
	Elf64_Phdr note;
	Elf64_Phdr data;
	Elf64_Shdr no_section;
	Elf64_Shdr symtab;
	Elf64_Shdr strtab;
	Elf64_Sym no_symbol;
	Elf64_Sym symbol;
	char strings[32];
};

/* A PT_LOAD: @bytes at @offset of the file, loaded to @size bytes at base + @at. */
static inline Elf64_Phdr vmlinux_load(unsigned long offset, unsigned long at,
				      unsigned long bytes, unsigned long size)
{
	return (Elf64_Phdr) {
		.p_type = PT_LOAD, .p_flags = PF_R | PF_W | PF_X,
		.p_offset = offset, .p_vaddr = VM_VIRTUAL + at,
		.p_paddr = VM_BASE + at, .p_filesz = bytes, .p_memsz = size,
		.p_align = PAGE,
	};
}

static inline void vmlinux_make(void *file)
{
	struct vmlinux v = {
		.ehdr = {
			.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3,
				     ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
			.e_type = ET_EXEC, .e_machine = EM_X86_64,
			.e_version = EV_CURRENT, .e_entry = VM_BASE,
			.e_phoff = offsetof(struct vmlinux, text),
			.e_shoff = offsetof(struct vmlinux, no_section),
			.e_ehsize = sizeof(Elf64_Ehdr),
			.e_phentsize = sizeof(Elf64_Phdr), .e_phnum = 3,
			.e_shentsize = sizeof(Elf64_Shdr), .e_shnum = 3,
		},
		.text = vmlinux_load(PAGE, 0, PAGE, PAGE),
		.note = { .p_type = PT_NOTE },
		.data = vmlinux_load(VM_DATA, VM_DATA, PAGE, PAGE + VM_BSS),
		.symtab = {
			.sh_type = SHT_SYMTAB, .sh_link = 2,
			.sh_offset = offsetof(struct vmlinux, no_symbol),
			.sh_size = 2 * sizeof(Elf64_Sym),
			.sh_entsize = sizeof(Elf64_Sym),
		},
		.strtab = {
			.sh_type = SHT_STRTAB,
			.sh_offset = offsetof(struct vmlinux, strings),
			.sh_size = sizeof(v.strings),
		},
		.symbol = { .st_name = 1, .st_shndx = SHN_ABS },
		.strings = "\0" VM_SYMBOL,
	};

	memset(file, 0, PAGE);
	memcpy(file, &v, sizeof(v));
	memset((char *)file + PAGE, 0xf4, VM_SIZE - PAGE);
}

/* --- UKI --------------------------------------------------------------- */

enum {
	UKI_PE = 0x40,
	UKI_MACHINE = UKI_PE + 4,
	UKI_SECTIONS = UKI_PE + 6,
	UKI_OPTIONAL_SIZE = UKI_PE + 20,
	UKI_OPTIONAL = UKI_PE + 24,
	UKI_HEADERS_SIZE = UKI_OPTIONAL + 60,
	UKI_DIRECTORIES = UKI_OPTIONAL + 108,
	UKI_CERTIFICATES = UKI_OPTIONAL + 144,
	UKI_TABLE = UKI_OPTIONAL + 112 + 16 * 8,
};

/* In the order of the table; .linux comes last, as usual. */
enum uki_section { OSREL, CMDLINE, UCODE, INITRD, LINUX, UKI_NR_SECTIONS };

#define UKI_SECTION(s)		(UKI_TABLE + 40 * (s))
#define UKI_VIRTUAL_SIZE(s)	(UKI_SECTION(s) + 8)
#define UKI_ADDRESS(s)		(UKI_SECTION(s) + 12)
#define UKI_RAW_SIZE(s)		(UKI_SECTION(s) + 16)
#define UKI_RAW_OFFSET(s)	(UKI_SECTION(s) + 20)

#define UKI_HEADERS	1024UL
#define UKI_RAW		PAGE		/* where the first section is */
#define UKI_STEP	(3 * PAGE / 2)	/* from one to the next */
#define UKI_CERTIFICATE	(UKI_RAW + UKI_NR_SECTIONS * UKI_STEP)
#define UKI_SIZE	(UKI_CERTIFICATE + 512)

#define UKI_AT(s)	(UKI_RAW + (s) * UKI_STEP)

#define UKI_CMDLINE	"console=ttyS0"

/* For edits: the section gets another name. */
#define UKI_NAME(s, name)	U64(UKI_SECTION(s), name)
#define NAME_LINUX		0x78756e696c2e		/* ".linux" */
#define NAME_CMDLINE		0x656e696c646d632e	/* ".cmdline" */
#define NAME_INITRD		0x647274696e692e	/* ".initrd" */
#define NAME_PROFILE		0x656c69666f72702e	/* ".profile" */
#define NAME_OTHER		0x5f			/* "_" */

static inline void uki_section(void *file, enum uki_section s, const char *name,
			       const void *bytes, uint32_t size)
{
	uint32_t padded = (size + 511) & ~511;

	memcpy((char *)file + UKI_SECTION(s), name, strlen(name));
	apply(file, EDITS(U32(UKI_VIRTUAL_SIZE(s), size),
			  U32(UKI_ADDRESS(s), UKI_AT(s)),
			  U32(UKI_RAW_SIZE(s), padded),
			  U32(UKI_RAW_OFFSET(s), UKI_AT(s))));
	memcpy((char *)file + UKI_AT(s), bytes, size);
}

static inline void uki_make(void *file)
{
	static const struct edit headers[] = {
		U16(0, 0x5a4d),
		U32(0x3c, UKI_PE),
		U32(UKI_PE, 0x4550),
		U16(UKI_MACHINE, 0x8664),
		U16(UKI_SECTIONS, UKI_NR_SECTIONS),
		U16(UKI_OPTIONAL_SIZE, UKI_TABLE - UKI_OPTIONAL),
		U16(UKI_OPTIONAL, 0x20b),
		U32(UKI_HEADERS_SIZE, UKI_HEADERS),
		U32(UKI_DIRECTORIES, 16),
		U32(UKI_CERTIFICATES, UKI_CERTIFICATE),
		U32(UKI_CERTIFICATES + 4, UKI_SIZE - UKI_CERTIFICATE),
		{}
	};
	char bzimage[BZ_SIZE];

	memset(file, 0, UKI_SIZE);
	apply(file, headers);
	bzimage_make(bzimage);
	uki_section(file, OSREL, ".osrel", "ID=test", 7);
	uki_section(file, CMDLINE, ".cmdline", UKI_CMDLINE, strlen(UKI_CMDLINE));
	uki_section(file, UCODE, ".ucode", "070701", 6);
	uki_section(file, INITRD, ".initrd", "070701", 6);
	uki_section(file, LINUX, ".linux", bzimage, sizeof(bzimage));
}

/* --- all formats ------------------------------------------------------- */

/* Bytes [@from, @to) of a file say which format it has. */
struct format {
	const char *name;
	size_t size;
	size_t from;
	size_t to;
	void (*make)(void *file);
	bool new;
};

enum format_index { BZIMAGE, VMLINUX, UKI, NR_FORMATS };

static const struct format formats[NR_FORMATS] = {
	[BZIMAGE] = { "bzImage", BZ_SIZE, BZ_SETUP_SECTS, BZ_HEADER_END,
		      bzimage_make, false },
	[VMLINUX] = { "vmlinux", VM_SIZE, 0, sizeof(struct vmlinux),
		      vmlinux_make, true },
	[UKI] = { "UKI", UKI_SIZE, 0, UKI_SECTION(UKI_NR_SECTIONS), uki_make,
		  true },
};

/* Stock 6.12 knows bzImage alone. */
static inline bool unknown(const struct format *f)
{
	return mute() && f->new;
}

#endif /* KEXEC_FORMATS_H */
