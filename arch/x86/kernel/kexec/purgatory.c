// SPDX-License-Identifier: GPL-2.0-only
/*
 * The purgatory of x86_64, in the kernel: its relocations and its parameters.
 * Relocation types: x86-64 psABI, "Relocation Types".
 */
#define pr_fmt(fmt) "kexec: " fmt

#include <linux/elf.h>
#include <linux/kexec.h>
#include <linux/panic.h>
#include <linux/printk.h>
#include <linux/string.h>

#include <asm/kexec-purgatory.h>

/**
 * struct field - the field that a relocation type writes
 * @bytes: length of the field in bytes; 0 for no field
 * @relative: the value is the distance from the field
 * @sign: the value may be negative
 */
struct field {
	unsigned int bytes;
	bool relative;
	bool sign;
};

static bool field_of(unsigned int type, struct field *field)
{
	static const struct {
		unsigned int type;
		struct field field;
	} known[] = {
		{ R_X86_64_NONE,	{ 0 } },
		{ R_X86_64_64,		{ 8 } },
		{ R_X86_64_32,		{ 4 } },
		{ R_X86_64_32S,		{ 4, .sign = true } },
		{ R_X86_64_PC32,	{ 4, .sign = true, .relative = true } },
		{ R_X86_64_PLT32,	{ 4, .sign = true, .relative = true } },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(known); i++) {
		if (known[i].type == type) {
			*field = known[i].field;
			return true;
		}
	}
	return false;
}

static bool fits(const struct field *field, u64 value)
{
	if (field->bytes != sizeof(u32))
		return true;
	return field->sign ? value == (u64)(s32)value : value == (u32)value;
}

static u64 symbol_value(const struct purgatory_info *pi,
			const Elf64_Shdr *symtab, u64 index)
{
	const Elf64_Sym *symbol = (const void *)pi->ehdr + symtab->sh_offset;

	symbol += index;
	if (symbol->st_shndx >= pi->ehdr->e_shnum)
		return symbol->st_value;
	return symbol->st_value + pi->sechdrs[symbol->st_shndx].sh_addr;
}

static int apply(struct purgatory_info *pi, const Elf64_Shdr *section,
		 const Elf64_Rela *rela, const Elf64_Shdr *symtab)
{
	unsigned int type = ELF64_R_TYPE(rela->r_info);
	struct field field;
	u64 value;

	if (!field_of(type, &field)) {
		pr_err("purgatory: relocation type %u is unknown\n", type);
		return -ENOEXEC;
	}
	if (field.bytes > section->sh_size - rela->r_offset) {
		pr_err("purgatory: relocation at %#llx of %#llx bytes passes the end\n",
		       rela->r_offset, section->sh_size);
		return -ENOEXEC;
	}

	value = rela->r_addend +
		symbol_value(pi, symtab, ELF64_R_SYM(rela->r_info));
	if (field.relative)
		value -= section->sh_addr + rela->r_offset;
	if (!fits(&field, value)) {
		pr_err("purgatory: %#llx does not fit a relocation of type %u\n",
		       value, type);
		return -ENOEXEC;
	}
	memcpy(pi->purgatory_buf + section->sh_offset + rela->r_offset, &value,
	       field.bytes);
	return 0;
}

/**
 * arch_kexec_apply_relocations_add - relocate a section of the purgatory
 * @pi: the purgatory, laid out and placed
 * @section: the section
 * @relsec: the relocations of the section; the core has checked that each
 *	begins within the section and has a symbol with an address
 * @symtab: the symbols
 *
 * Return: 0 or -ENOEXEC.
 */
int arch_kexec_apply_relocations_add(struct purgatory_info *pi,
				     Elf64_Shdr *section,
				     const Elf64_Shdr *relsec,
				     const Elf64_Shdr *symtab)
{
	const Elf64_Rela *rela = (const void *)pi->ehdr + relsec->sh_offset;
	const Elf64_Rela *end = rela + relsec->sh_size / sizeof(*rela);
	int err = 0;

	for (; !err && rela < end; rela++)
		err = apply(pi, section, rela, symtab);
	return err;
}

/**
 * x86_kexec_purgatory - set the parameters of the purgatory of an image
 * @image: the image, to which kexec_load_purgatory() has added the purgatory
 * @entry: physical address of the 64-bit entry
 * @boot_params: physical address of struct boot_params
 *
 * Return: 0 or -EINVAL.
 */
int x86_kexec_purgatory(struct kimage *image, u64 entry, u64 boot_params)
{
	struct kexec_purgatory_params params = {
		.entry		= entry,
		.boot_params	= boot_params,
		.serial		= x86_kexec_serial_port(),
		/*
		 * A reboot must not end in a machine that stands still.  After
		 * a panic, panic= decides.
		 */
		.reset		= image->type != KEXEC_TYPE_CRASH ||
				  panic_timeout != 0,
	};

	return kexec_purgatory_get_set_symbol(image, "purgatory_params",
					      &params, sizeof(params), false);
}
