// SPDX-License-Identifier: GPL-2.0-only
/*
 * The purgatory of an image: a program of the architecture that runs between
 * the two kernels.
 *
 * This kernel contains the purgatory as a relocatable object.  A loader calls
 * kexec_load_purgatory() to link it into a segment of the image, at which the
 * image is entered, and sets variables of the purgatory by their symbols.
 * link.c decides where each section goes; this file allocates, places and
 * relocates.
 *
 * Symbols can be set in the buffer of the segment until the load is over;
 * kexec_purgatory_digest() is the last to set some.
 */
#define pr_fmt(fmt) "kexec: " fmt

#include <linux/err.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "files.h"
#include "link.h"

static_assert(__same_type(Elf_Shdr, Elf64_Shdr));

static int lay_out(struct purgatory_info *pi, struct kexec_buf *kbuf)
{
	const Elf_Ehdr *ehdr = (const void *)kexec_purgatory;
	struct link_verdict verdict;
	struct link_layout layout;

	verdict = link_check(ehdr, kexec_purgatory_size);
	if (verdict.wrong)
		return kexec_refuse(-ENOEXEC, "the purgatory cannot be linked: section %u: %s",
				    verdict.section, verdict.wrong);

	pi->ehdr = ehdr;
	pi->sechdrs = kvcalloc(ehdr->e_shnum, sizeof(*pi->sechdrs),
			       GFP_KERNEL | __GFP_NOWARN);
	if (!pi->sechdrs)
		return kexec_refuse(-ENOMEM, "no memory to link the purgatory");
	memcpy(pi->sechdrs, (const void *)ehdr + ehdr->e_shoff,
	       ehdr->e_shnum * sizeof(*pi->sechdrs));
	layout = link_lay_out(ehdr, pi->sechdrs);

	pi->purgatory_buf = kvzalloc(layout.bufsz, GFP_KERNEL | __GFP_NOWARN);
	if (!pi->purgatory_buf)
		return kexec_refuse(-ENOMEM, "no memory to link the purgatory");
	kbuf->buffer = pi->purgatory_buf;
	kbuf->bufsz = layout.bufsz;
	kbuf->memsz = layout.memsz;
	/* Some callers do not set an alignment. */
	kbuf->buf_align = layout.align;
	return 0;
}

static int apply_relocations(struct purgatory_info *pi)
{
	Elf_Shdr *section, *target;
	unsigned int i;
	int err = 0;

	for (i = 0; !err && i < pi->ehdr->e_shnum; i++) {
		section = &pi->sechdrs[i];
		if (!link_is_applied(pi->sechdrs, section))
			continue;
		target = &pi->sechdrs[section->sh_info];
		if (section->sh_type == SHT_RELA)
			err = arch_kexec_apply_relocations_add(pi, target, section,
							       &pi->sechdrs[section->sh_link]);
		else
			err = arch_kexec_apply_relocations(pi, target, section,
							   &pi->sechdrs[section->sh_link]);
	}
	if (err)
		return kexec_refuse(-ENOEXEC, "the purgatory cannot be linked: a relocation in section %u failed with error %d",
				    i - 1, err);
	return 0;
}

static int link_at(struct kimage *image, unsigned long mem)
{
	struct purgatory_info *pi = &image->purgatory_info;
	u64 entry;
	int err;

	link_place(pi->ehdr, pi->sechdrs, mem);
	link_copy(pi->ehdr, pi->sechdrs, pi->purgatory_buf);
	err = apply_relocations(pi);
	if (err)
		return err;

	if (!link_entry(pi->ehdr, pi->sechdrs, &entry))
		return kexec_refuse(-ENOEXEC, "the purgatory cannot be linked: it has no entry");
	image->start = entry;
	return 0;
}

/**
 * kexec_load_purgatory - add the purgatory to an image as its entry
 * @image: the image
 * @kbuf: the bounds of its place: the caller sets mem, buf_min, buf_max and
 *	top_down, this function the rest; mem is its physical address afterwards
 *
 * Return: 0; -ENOMEM; -ENOEXEC if the purgatory cannot be linked; or the errno
 * of kexec_add_buffer().
 */
int kexec_load_purgatory(struct kimage *image, struct kexec_buf *kbuf)
{
	int err = lay_out(&image->purgatory_info, kbuf);

	if (!err)
		err = kexec_add_buffer(kbuf);
	if (!err)
		err = link_at(image, kbuf->mem);
	return err;
}

static const Elf_Sym *find_symbol(struct purgatory_info *pi, const char *name)
{
	return pi->purgatory_buf ? link_find_symbol(pi->ehdr, name) : NULL;
}

/**
 * kexec_purgatory_get_symbol_addr - the address of a symbol of the purgatory
 * @image: an image with a purgatory
 * @name: a global symbol
 *
 * Return: its physical address, or ERR_PTR(-EINVAL).
 */
void *kexec_purgatory_get_symbol_addr(struct kimage *image, const char *name)
{
	struct purgatory_info *pi = &image->purgatory_info;
	const Elf_Sym *symbol = find_symbol(pi, name);

	if (!symbol)
		return ERR_PTR(-EINVAL);
	return (void *)(pi->sechdrs[symbol->st_shndx].sh_addr +
			symbol->st_value);
}

/**
 * kexec_purgatory_get_set_symbol - read or change a variable of the purgatory
 * @image: an image with a purgatory
 * @name: a global symbol in a section that has bytes, not in .bss
 * @buf: the value
 * @size: its length in bytes, exactly that of the symbol
 * @get_value: copy it to @buf, else from there
 *
 * Return: 0 or -EINVAL.
 */
int kexec_purgatory_get_set_symbol(struct kimage *image, const char *name,
				   void *buf, unsigned int size,
				   bool get_value)
{
	struct purgatory_info *pi = &image->purgatory_info;
	const Elf_Sym *symbol = find_symbol(pi, name);
	const Elf_Shdr *section;
	void *at;

	if (!symbol)
		return kexec_refuse(-EINVAL, "the purgatory has no %s", name);
	if (symbol->st_size != size)
		return kexec_refuse(-EINVAL, "%s of the purgatory has %llu bytes, not %u",
				    name, (u64)symbol->st_size, size);
	section = &pi->sechdrs[symbol->st_shndx];
	if (section->sh_type == SHT_NOBITS)
		return kexec_refuse(-EINVAL, "%s of the purgatory has no bytes",
				    name);

	at = pi->purgatory_buf + section->sh_offset + symbol->st_value;
	if (get_value)
		memcpy(buf, at, size);
	else
		memcpy(at, buf, size);
	return 0;
}

/**
 * kexec_purgatory_free - free the parts of the purgatory that only a load needs
 * @image: an image, with a purgatory or not
 */
void kexec_purgatory_free(struct kimage *image)
{
	struct purgatory_info *pi = &image->purgatory_info;

	kvfree(pi->purgatory_buf);
	kvfree(pi->sechdrs);
	*pi = (struct purgatory_info) {};
}
