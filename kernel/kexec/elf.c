// SPDX-License-Identifier: GPL-2.0-only
/*
 * ELF images for the loaders of file loads.
 *
 * The headers are converted to the byte order of this machine: a little endian
 * kernel may load a big endian kernel of the same architecture.  A loader gets
 * checked headers: each segment's bytes lie within the file, and its addresses
 * do not wrap.  The number of headers has 16 bits in the file, so loops over them
 * need not reschedule.
 *
 * kexec_elf_load() moves all segments of an image by the same distance.
 */
#define pr_fmt(fmt) "kexec: " fmt

#include <linux/align.h>
#include <linux/elf.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/swab.h>

#include "files.h"

#define HOST_DATA	(IS_ENABLED(CONFIG_CPU_BIG_ENDIAN) ? ELFDATA2MSB : \
							     ELFDATA2LSB)

static u64 swapped(u64 value, size_t bytes)
{
	if (bytes == sizeof(u16))
		return swab16(value);
	if (bytes == sizeof(u32))
		return swab32(value);
	return swab64(value);
}

#define SWAP(field)	((field) = swapped(field, sizeof(field)))

static void swap_header(struct elfhdr *ehdr)
{
	SWAP(ehdr->e_type);
	SWAP(ehdr->e_machine);
	SWAP(ehdr->e_version);
	SWAP(ehdr->e_entry);
	SWAP(ehdr->e_phoff);
	SWAP(ehdr->e_shoff);
	SWAP(ehdr->e_flags);
	SWAP(ehdr->e_ehsize);
	SWAP(ehdr->e_phentsize);
	SWAP(ehdr->e_phnum);
	SWAP(ehdr->e_shentsize);
	SWAP(ehdr->e_shnum);
	SWAP(ehdr->e_shstrndx);
}

static void swap_segment(struct elf_phdr *phdr)
{
	SWAP(phdr->p_type);
	SWAP(phdr->p_flags);
	SWAP(phdr->p_offset);
	SWAP(phdr->p_vaddr);
	SWAP(phdr->p_paddr);
	SWAP(phdr->p_filesz);
	SWAP(phdr->p_memsz);
	SWAP(phdr->p_align);
}

static bool is_foreign(const struct elfhdr *ehdr)
{
	return ehdr->e_ident[EI_DATA] != HOST_DATA;
}

static bool is_loaded(const struct elf_phdr *phdr)
{
	return phdr->p_type == PT_LOAD && phdr->p_memsz;
}

static bool fits(u64 offset, u64 bytes, u64 len)
{
	return offset <= len && bytes <= len - offset;
}

/* Read the header.  Return: the fault as a text, or NULL. */
static const char *read_header(const char *buf, size_t len,
			       struct elfhdr *ehdr)
{
	if (len < sizeof(*ehdr) || memcmp(buf, ELFMAG, SELFMAG))
		return "not an ELF file";

	memcpy(ehdr, buf, sizeof(*ehdr));
	if (ehdr->e_ident[EI_CLASS] != ELF_CLASS)
		return "of the other word size";
	if (ehdr->e_ident[EI_DATA] != ELFDATA2LSB &&
	    ehdr->e_ident[EI_DATA] != ELFDATA2MSB)
		return "of no byte order";
	if (is_foreign(ehdr))
		swap_header(ehdr);

	if (ehdr->e_type != ET_EXEC && ehdr->e_type != ET_DYN)
		return "not an executable";
	if (!elf_check_arch(ehdr))
		return "for another architecture";
	if (!ehdr->e_phnum || ehdr->e_phentsize != sizeof(struct elf_phdr) ||
	    !fits(ehdr->e_phoff, (u64)ehdr->e_phnum * sizeof(struct elf_phdr),
		  len))
		return "without a table of segments";
	return NULL;
}

/* Read one program header.  Return: the fault as a text, or NULL. */
static const char *read_segment(const char *buf, size_t len,
				const struct elfhdr *ehdr, unsigned int i,
				struct elf_phdr *phdr)
{
	memcpy(phdr, buf + ehdr->e_phoff + i * sizeof(*phdr), sizeof(*phdr));
	if (is_foreign(ehdr))
		swap_segment(phdr);

	if (phdr->p_type == PT_INTERP)
		return "a program";
	if (!fits(phdr->p_offset, phdr->p_filesz, len))
		return "with a segment past the end of the file";
	if (phdr->p_type != PT_LOAD)
		return NULL;
	if (!fits(phdr->p_paddr, phdr->p_memsz, (unsigned long)PAGE_MASK))
		return "with a segment past the end of the address space";
	if (phdr->p_align && !is_power_of_2(phdr->p_align))
		return "with a segment whose alignment is no power of two";
	return NULL;
}

/* Read and check all headers; @phdrs may be NULL. */
static const char *read_image(const char *buf, size_t len,
			      struct elfhdr *ehdr, struct elf_phdr *phdrs)
{
	const char *wrong = read_header(buf, len, ehdr);
	bool loadable = false;
	struct elf_phdr phdr;
	unsigned int i;

	for (i = 0; !wrong && i < ehdr->e_phnum; i++) {
		wrong = read_segment(buf, len, ehdr, i, &phdr);
		loadable |= is_loaded(&phdr);
		if (phdrs)
			phdrs[i] = phdr;
	}
	if (!wrong && !loadable)
		wrong = "without anything to load";
	return wrong;
}

/**
 * kexec_build_elf_info - read the headers of an ELF image
 * @buf: the file
 * @len: its length in bytes
 * @ehdr: out: its header
 * @elf_info: out: all headers; refers to @buf and @ehdr, to be freed by
 *	kexec_free_elf_info()
 *
 * Return: 0; -ENOEXEC if the file is no image for this architecture; -ENOMEM.
 */
int kexec_build_elf_info(const char *buf, size_t len, struct elfhdr *ehdr,
			 struct kexec_elf_info *elf_info)
{
	const char *wrong = read_image(buf, len, ehdr, NULL);
	struct elf_phdr *phdrs;

	*elf_info = (struct kexec_elf_info) {};
	if (wrong)
		return kexec_refuse(-ENOEXEC, "the image is %s", wrong);

	phdrs = kvcalloc(ehdr->e_phnum, sizeof(*phdrs), GFP_KERNEL);
	if (!phdrs)
		return -ENOMEM;
	read_image(buf, len, ehdr, phdrs);

	elf_info->buffer = buf;
	elf_info->ehdr = ehdr;
	elf_info->proghdrs = phdrs;
	return 0;
}

/**
 * kexec_free_elf_info - free what kexec_build_elf_info() has allocated
 * @elf_info: what kexec_build_elf_info() has filled, successfully or not
 */
void kexec_free_elf_info(struct kexec_elf_info *elf_info)
{
	kvfree(elf_info->proghdrs);
	*elf_info = (struct kexec_elf_info) {};
}

/**
 * kexec_elf_probe - is this file an ELF image for this architecture?
 * @buf: the file
 * @len: its length in bytes
 *
 * Return: 0 or -ENOEXEC.
 */
int kexec_elf_probe(const char *buf, unsigned long len)
{
	struct elfhdr ehdr;
	const char *wrong = read_image(buf, len, &ehdr, NULL);

	if (!wrong)
		return 0;
	kexec_dprintk("the file is %s\n", wrong);
	return -ENOEXEC;
}

/**
 * struct extent - the addresses of an image as it was linked
 * @start: first address, aligned
 * @end: first address behind it
 * @align: the coarsest alignment of its segments
 */
struct extent {
	unsigned long start;
	unsigned long end;
	unsigned long align;
};

static struct extent extent_of(const struct elfhdr *ehdr,
			       const struct elf_phdr *phdr)
{
	struct extent extent = { .start = ULONG_MAX, .align = PAGE_SIZE };
	const struct elf_phdr *end = phdr + ehdr->e_phnum;

	for (; phdr < end; phdr++) {
		if (!is_loaded(phdr))
			continue;
		extent.start = min_t(unsigned long, extent.start, phdr->p_paddr);
		extent.end = max_t(unsigned long, extent.end,
				   phdr->p_paddr + phdr->p_memsz);
		extent.align = max_t(unsigned long, extent.align, phdr->p_align);
	}
	extent.start = ALIGN_DOWN(extent.start, extent.align);
	return extent;
}

static int add_segment(struct kimage *image, const char *buffer,
		       const struct elf_phdr *phdr, unsigned long mem)
{
	struct kexec_buf kbuf = {
		.image		= image,
		.buffer		= (void *)buffer + phdr->p_offset,
		.bufsz		= min(phdr->p_filesz, phdr->p_memsz),
		.mem		= mem,
		.memsz		= phdr->p_memsz,
	};

	return kexec_add_placed(&kbuf);
}

/**
 * kexec_elf_load - add the segments of an ELF image
 * @image: the image
 * @ehdr: what kexec_build_elf_info() has found
 * @elf_info: the same
 * @kbuf: buf_min and buf_max bound the place, top_down is the direction of the
 *	search; the place is never below the address for which the image was
 *	linked
 * @lowest_load_addr: out: physical address of its lowest segment
 *
 * Return: 0, or the errno of the search for a place.
 */
int kexec_elf_load(struct kimage *image, struct elfhdr *ehdr,
		   struct kexec_elf_info *elf_info, struct kexec_buf *kbuf,
		   unsigned long *lowest_load_addr)
{
	const struct elf_phdr *phdr = elf_info->proghdrs;
	struct extent extent = extent_of(ehdr, phdr);
	struct kexec_buf hole = {
		.image		= image,
		.mem		= KEXEC_BUF_MEM_UNKNOWN,
		.memsz		= PAGE_ALIGN(extent.end - extent.start),
		.buf_align	= extent.align,
		.buf_min	= max(kbuf->buf_min, extent.start),
		.buf_max	= kbuf->buf_max,
		.top_down	= kbuf->top_down,
	};
	unsigned long lowest = ULONG_MAX, mem;
	unsigned int i;
	int err;

	err = arch_kexec_locate_mem_hole(&hole);
	for (i = 0; !err && i < ehdr->e_phnum; i++) {
		if (!is_loaded(&phdr[i]))
			continue;
		mem = hole.mem + (phdr[i].p_paddr - extent.start);
		lowest = min(lowest, mem);
		err = add_segment(image, elf_info->buffer, &phdr[i], mem);
	}
	*lowest_load_addr = lowest;
	return err;
}
