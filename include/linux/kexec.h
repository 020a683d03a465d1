/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * kexec: start another kernel from the running one, without the firmware.
 *
 * This header is the contract between the core (kernel/kexec*.c,
 * kernel/kexec/), the architectures (machine_kexec() and others) and the rest
 * of the kernel.
 *
 * A load builds a struct kimage: up to KEXEC_SEGMENT_MAX segments, each a
 * destination in physical memory and the bytes that must stand there when the
 * next kernel is entered.  Bytes that the load could not put at their
 * destination wait elsewhere, and the architecture's relocation code copies
 * them by the hand-off list at kimage.head.
 */
#ifndef LINUX_KEXEC_H
#define LINUX_KEXEC_H

/*
 * An entry of the hand-off list is the physical address of a page with one of
 * these bits.  DESTINATION sets where the next page goes; SOURCE copies one
 * page there and moves on by a page; INDIRECTION continues the list in another
 * page; DONE ends it.  No other low bit is ever set.
 */
#define IND_DESTINATION_BIT	0
#define IND_DESTINATION		(1 << IND_DESTINATION_BIT)
#define IND_INDIRECTION_BIT	1
#define IND_INDIRECTION		(1 << IND_INDIRECTION_BIT)
#define IND_DONE_BIT		2
#define IND_DONE		(1 << IND_DONE_BIT)
#define IND_SOURCE_BIT		3
#define IND_SOURCE		(1 << IND_SOURCE_BIT)
#define IND_FLAGS		(IND_SOURCE | IND_DONE | \
				 IND_INDIRECTION | IND_DESTINATION)

#ifndef __ASSEMBLY__

#include <linux/crash_reserve.h>
#include <linux/io.h>
#include <linux/printk.h>
#include <linux/range.h>
#include <linux/verification.h>
#include <linux/vmcore_info.h>

#include <uapi/linux/kexec.h>

#ifdef CONFIG_KEXEC_CORE

#include <linux/compat.h>
#include <linux/highmem.h>
#include <linux/ioport.h>
#include <linux/list.h>
#include <linux/module.h>

/* Macros in asm/kexec.h replace defaults here and in linux/crash_core.h. */
#include <asm/kexec.h>

#if !defined(KEXEC_ARCH) || !defined(KEXEC_CONTROL_PAGE_SIZE) || \
	!defined(KEXEC_CONTROL_MEMORY_LIMIT) || \
	!defined(KEXEC_SOURCE_MEMORY_LIMIT) || \
	!defined(KEXEC_DESTINATION_MEMORY_LIMIT)
#error asm/kexec.h must define the memory limits, the control page size and KEXEC_ARCH
#endif

/* Defaults that an architecture may override. */
#ifndef KEXEC_CRASH_MEM_ALIGN
#define KEXEC_CRASH_MEM_ALIGN		PAGE_SIZE
#endif

#ifndef KEXEC_CRASH_CONTROL_MEMORY_LIMIT
#define KEXEC_CRASH_CONTROL_MEMORY_LIMIT KEXEC_CONTROL_MEMORY_LIMIT
#endif

#ifndef KEXEC_CONTROL_MEMORY_GFP
#define KEXEC_CONTROL_MEMORY_GFP	(GFP_KERNEL | __GFP_NORETRY)
#endif

#define KEXEC_CORE_NOTE_NAME		CRASH_CORE_NOTE_NAME

/* An entry of the hand-off list. */
typedef unsigned long kimage_entry_t;

/**
 * struct kexec_segment - a destination and its bytes, as kexec_load(2) has it
 * @buf: the bytes, in the address space of the task that loads
 * @kbuf: the same for a load by the kernel itself
 * @bufsz: number of bytes at @buf
 * @mem: physical address of the destination, page aligned
 * @memsz: length of the destination in bytes; the bytes behind the first @bufsz
 *	are zero
 */
struct kexec_segment {
	union {
		void *kbuf;
		void __user *buf;
	};
	size_t bufsz;
	unsigned long mem;
	size_t memsz;
};

struct kexec_crash;
struct kexec_files;
struct kexec_memory;
struct kimage;

#ifdef CONFIG_KEXEC_FILE
/* The system call returns -ENOEXEC for this, too. */
#define KEXEC_PROBE_REFUSED	1

/**
 * struct purgatory_info - the purgatory of an image while it is being linked
 * @ehdr: the relocatable object, read only
 * @sechdrs: a copy of its section headers; sh_addr is the physical address
 *	at which an allocated section will run, sh_offset its place in
 *	@purgatory_buf
 * @purgatory_buf: the bytes of the segment, to be patched until it is loaded
 */
struct purgatory_info {
	const Elf_Ehdr *ehdr;
	Elf_Shdr *sechdrs;
	void *purgatory_buf;
};

/**
 * struct kexec_file_ops - a loader of one file format
 * @probe: 0 if @buf, the whole file of @size bytes, is of this format; else an
 *	errno, which the caller gets if the last loader has returned it; or
 *	%KEXEC_PROBE_REFUSED if it is of this format and cannot be started, and
 *	the log says why
 * @parse: called instead of @probe if it is not NULL, with the file in
 *	kimage.kernel_buf; 0, %KEXEC_PROBE_REFUSED or -ENOMEM; -ENOEXEC for
 *	another format.  Unless it returns -ENOEXEC, it may keep what it has
 *	found in kimage.image_loader_data for @load; @cleanup frees that, even
 *	if @load is not called
 * @load: add the segments and set kimage.start; the three files are in kernel
 *	memory, @initrd may be NULL, @cmdline_size counts the final NUL and
 *	may be 0.  Returns a pointer for @cleanup, NULL too, which replaces
 *	kimage.image_loader_data; or an ERR_PTR(), which does not
 * @cleanup: free kimage.image_loader_data, which may be NULL; may be NULL
 * @verify_sig: 0 if a key that this system trusts has signed the file; NULL
 *	for a format without signatures
 */
struct kexec_file_ops {
	int (*probe)(const char *buf, unsigned long size);
	int (*parse)(struct kimage *image);
	void *(*load)(struct kimage *image,
		      char *kernel, unsigned long kernel_size,
		      char *initrd, unsigned long initrd_size,
		      char *cmdline, unsigned long cmdline_size);
	int (*cleanup)(void *loader_data);
#ifdef CONFIG_KEXEC_SIG
	int (*verify_sig)(const char *buf, unsigned long size);
#endif
};
#endif /* CONFIG_KEXEC_FILE */

/**
 * struct kimage - an image, from its load to its execution
 * @head: start of the hand-off list
 * @start: physical address at which the image is entered; changes when an image
 *	returns
 * @control_code_page: KEXEC_CONTROL_PAGE_SIZE bytes for the code that runs
 *	between the kernels; an architecture may replace it by a page of its own
 * @swap_page: a spare page, not for crash images; the code between the kernels
 *	may use it to exchange pages, and an image that returns may use it as
 *	a stack
 * @nr_segments: entries of @segment in use
 * @segment: the segments; @kexec_segment.buf is still the caller's when
 *	machine_kexec_prepare() runs
 * @type: %KEXEC_TYPE_DEFAULT or %KEXEC_TYPE_CRASH
 * @preserve_context: the image returns to this kernel
 * @file_mode: loaded by kexec_file_load(2)
 * @no_claim: stage everything: nothing is claimed, inherited or otherwise in
 *	place: %KEXEC_FILE_NO_CMA
 * @force_dtb: hand the device tree of this kernel over:
 *	%KEXEC_FILE_FORCE_DTB
 * @fops: the loader of a file load
 * @image_loader_data: what its parse() has left there, or its load() returned
 * @kernel_buf: the kernel file, whole; NULL from the installation on
 * @kernel_buf_len: its length in bytes
 * @initrd_buf: the initrd file likewise, or NULL
 * @initrd_buf_len: its length in bytes
 * @cmdline_buf: the command line, or NULL
 * @cmdline_buf_len: its length in bytes, the final NUL included
 * @purgatory_info: the purgatory, until the load is over
 * @ima_buffer: the measurement list, if IMA fills it at load
 * @ima_buffer_addr: physical address of the measurement list's segment
 * @ima_buffer_size: its length in bytes
 * @ima_segment_index: its index in @segment
 * @is_ima_segment_index_set: @ima_segment_index holds one
 * @hotplug_support: the loader of the image agrees that its ELF core header is
 *	rewritten after hotplug events
 * @elfcorehdr_updated: the header was rewritten: all possible CPUs are in it
 * @liveupdate_root: physical address of the root page of live update, 0 if the
 *	image does not know live update
 * @hp_action: %KEXEC_CRASH_HP_* while arch_crash_handle_hotplug_event() runs
 * @elfcorehdr_index: index in @segment of the ELF core header; -1 for none
 * @elf_headers: the ELF core header of a crash image, allocated by vzalloc()
 * @elf_headers_sz: its length in bytes
 * @elf_load_addr: its physical address
 * @arch: data of the architecture
 * @memory: every page of the image; private to the core
 * @files: what only a file load needs, until it is over; else NULL; private to
 *	the core
 * @crash: what only a crash image has, else NULL; private to the core
 */
struct kimage {
	kimage_entry_t head;
	unsigned long start;
	struct page *control_code_page;
	struct page *swap_page;

	unsigned long nr_segments;
	struct kexec_segment segment[KEXEC_SEGMENT_MAX];

#define KEXEC_TYPE_DEFAULT	0
#define KEXEC_TYPE_CRASH	1
	unsigned int preserve_context : 1;
	unsigned int file_mode : 1;
	unsigned int type : 1;
	unsigned int no_claim : 1;
	unsigned int force_dtb : 1;

#ifdef CONFIG_KEXEC_FILE
	void *image_loader_data;
	const struct kexec_file_ops *fops;
	unsigned long kernel_buf_len;
	void *kernel_buf;
	unsigned long initrd_buf_len;
	void *initrd_buf;
	unsigned long cmdline_buf_len;
	char *cmdline_buf;
	struct purgatory_info purgatory_info;
#endif

#ifdef CONFIG_IMA_KEXEC
	bool is_ima_segment_index_set;
	unsigned long ima_segment_index;
	size_t ima_buffer_size;
	phys_addr_t ima_buffer_addr;
	void *ima_buffer;
#endif

#ifdef CONFIG_LIVEUPDATE
	unsigned long liveupdate_root;
#endif

#ifdef CONFIG_CRASH_HOTPLUG
	bool hotplug_support;
	bool elfcorehdr_updated;
	int hp_action;
	int elfcorehdr_index;
#endif

	unsigned long elf_load_addr;
	unsigned long elf_headers_sz;
	void *elf_headers;

#ifdef ARCH_HAS_KIMAGE_ARCH
	struct kimage_arch arch;
#endif

	struct kexec_memory *memory;
	struct kexec_files *files;
	struct kexec_crash *crash;
};

#ifdef CONFIG_COMPAT
/* The same segment as a 32-bit caller has it. */
struct compat_kexec_segment {
	compat_uptr_t buf;
	compat_size_t bufsz;
	compat_ulong_t mem;
	compat_size_t memsz;
};
#endif

/* Functions of the architecture. */
int machine_kexec_prepare(struct kimage *image);
void machine_kexec_cleanup(struct kimage *image);
void machine_kexec(struct kimage *image);

#ifndef machine_kexec_post_load
static inline int machine_kexec_post_load(struct kimage *image)
{
	return 0;
}
#endif

/*
 * The core calls these for @nr pages from @start on that become pages of an
 * image, and before it frees them: host memory encryption changes their state.
 * If arch_kexec_pre_free_pages() returns an errno, nobody else gets the pages.
 */
#ifndef arch_kexec_pre_free_pages
static inline int arch_kexec_pre_free_pages(void *start, unsigned int nr)
{
	return 0;
}
#endif

#ifndef arch_kexec_post_alloc_pages
static inline int arch_kexec_post_alloc_pages(void *start, unsigned int nr,
					      gfp_t gfp)
{
	return 0;
}
#endif

/*
 * Take away and give back the kernel's write access to @pages pages from @page
 * on in its own mapping.  An architecture that has no such protection keeps
 * these defaults.
 */
#ifndef arch_kexec_protect_pages
static inline int arch_kexec_protect_pages(struct page *page,
					   unsigned int pages)
{
	return 0;
}

static inline int arch_kexec_unprotect_pages(struct page *page,
					     unsigned int pages)
{
	return 0;
}
#endif

/* Free memory of the crash region; @last is the last byte of it. */
#ifndef crash_free_reserved_phys_range
static inline void crash_free_reserved_phys_range(unsigned long start,
						  unsigned long last)
{
	unsigned long pfn;

	for (pfn = PHYS_PFN(start); pfn <= PHYS_PFN(last); pfn++)
		free_reserved_page(pfn_to_page(pfn));
}
#endif

/* On arm the next kernel may see memory at other physical addresses. */
#ifndef boot_phys_to_phys
#define boot_phys_to_phys(boot_phys)	((phys_addr_t)(boot_phys))
#endif

#ifndef phys_to_boot_phys
#define phys_to_boot_phys(phys)		((unsigned long)(phys))
#endif

#ifndef boot_pfn_to_page
#define boot_pfn_to_page(boot_pfn)	pfn_to_page(boot_pfn)
#endif

#ifndef page_to_boot_pfn
#define page_to_boot_pfn(page)		page_to_pfn(page)
#endif

#ifdef CONFIG_KEXEC_FILE
/* kexec_buf.mem of a buffer that is yet to be placed. */
#ifndef KEXEC_BUF_MEM_UNKNOWN
#define KEXEC_BUF_MEM_UNKNOWN	0
#endif

/**
 * struct kexec_buf - a segment that is to be placed
 * @image: the image that gets the segment
 * @memsz: its length in bytes; rounded up to pages
 * @mem: its physical address; %KEXEC_BUF_MEM_UNKNOWN to have the core find a
 *	place, which the core writes here
 * @bufsz: bytes at @buffer
 * @buffer: its first bytes, which must stay until the load is over; NULL for
 *	none
 * @top_down: search for a place from the top of memory down; the core ignores
 *	this and the following members if @mem is known
 * @buf_max: highest physical address it may take, inclusive
 * @buf_min: lowest physical address it may start at
 * @buf_align: alignment of @mem in bytes, a power of two; at least a page
 *
 * Several architectures fill the structure member by member on the stack, so it
 * cannot get new members.
 */
struct kexec_buf {
	struct kimage *image;
	unsigned long memsz;
	unsigned long mem;
	unsigned long bufsz;
	void *buffer;
	bool top_down;
	unsigned long buf_max;
	unsigned long buf_min;
	unsigned long buf_align;
};

/* The loaders of this architecture, in the order of trial; NULL ends them. */
extern const struct kexec_file_ops * const kexec_file_loaders[];

int kexec_add_buffer(struct kexec_buf *kbuf);
int kexec_locate_mem_hole(struct kexec_buf *kbuf);
int kexec_image_probe_default(struct kimage *image, void *file,
			      unsigned long size);
int kexec_image_post_load_cleanup_default(struct kimage *image);

int kexec_load_purgatory(struct kimage *image, struct kexec_buf *place);
int kexec_purgatory_get_set_symbol(struct kimage *image, const char *symbol,
				   void *value, unsigned int size, bool get);
void *kexec_purgatory_get_symbol_addr(struct kimage *image,
				      const char *symbol);

#ifdef CONFIG_KEXEC_SIG
bool kexec_sig_is_enforced(void);
#ifdef CONFIG_SIGNED_PE_FILE_VERIFICATION
int kexec_kernel_verify_pe_sig(const char *kernel, unsigned long kernel_len);
#endif
#else
static inline bool kexec_sig_is_enforced(void)
{
	return false;
}
#endif

/* For a purgatory without relocations of this kind. */
static inline int kexec_no_relocations(struct purgatory_info *info,
				       Elf_Shdr *target,
				       const Elf_Shdr *relocations,
				       const Elf_Shdr *symbols)
{
	return -ENOEXEC;
}

/* Parts of a file load that an architecture may override. */
#ifndef arch_kexec_kernel_image_probe
#define arch_kexec_kernel_image_probe		kexec_image_probe_default
#endif

#ifndef arch_kexec_locate_mem_hole
#define arch_kexec_locate_mem_hole		kexec_locate_mem_hole
#endif

#ifndef arch_kimage_file_post_load_cleanup
#define arch_kimage_file_post_load_cleanup \
					kexec_image_post_load_cleanup_default
#endif

/*
 * Apply the relocations of a section, with explicit addends (_add) or without,
 * to a section of the purgatory.
 */
#ifndef arch_kexec_apply_relocations
#define arch_kexec_apply_relocations		kexec_no_relocations
#endif

#ifndef arch_kexec_apply_relocations_add
#define arch_kexec_apply_relocations_add	kexec_no_relocations
#endif
#endif /* CONFIG_KEXEC_FILE */

#ifdef CONFIG_KEXEC_ELF
/**
 * struct kexec_elf_info - an ELF image whose headers were checked
 * @proghdrs: its program headers in the byte order of this machine;
 *	kexec_free_elf_info() frees them
 * @ehdr: its header likewise, in memory of the caller
 * @buffer: the file, in memory of the caller
 */
struct kexec_elf_info {
	const struct elf_phdr *proghdrs;
	const struct elfhdr *ehdr;
	const char *buffer;
};

int kexec_elf_probe(const char *file, unsigned long size);
int kexec_build_elf_info(const char *file, size_t size,
			 struct elfhdr *header, struct kexec_elf_info *info);
int kexec_elf_load(struct kimage *image, struct elfhdr *header,
		   struct kexec_elf_info *info, struct kexec_buf *place,
		   unsigned long *lowest);
void kexec_free_elf_info(struct kexec_elf_info *info);
#endif

/* Functions and variables of the core. */
extern struct kimage *kexec_image;
extern struct kimage *kexec_crash_image;
extern bool kexec_in_progress;
extern bool kexec_file_dbg_print;

struct page *kimage_alloc_control_pages(struct kimage *image,
					unsigned int order);
int kernel_kexec(void);

int kexec_crash_rewrite(struct kimage *image, unsigned long index,
			const void *buf, size_t size);

void *kimage_map_segment(struct kimage *image, unsigned long addr,
			 unsigned long size);
void kimage_unmap_segment(void *segment_buffer);

/**
 * kexec_root_page - the segment that the reboot writes for live update
 * @image: the image
 *
 * Return: physical address of the page; 0 if the image has none.
 */
static inline unsigned long kexec_root_page(const struct kimage *image)
{
#ifdef CONFIG_LIVEUPDATE
	return image->liveupdate_root;
#else
	return 0;
#endif
}

#define kexec_dprintk(fmt, arg...)		\
do {						\
	if (kexec_file_dbg_print)		\
		pr_info(fmt, ##arg);		\
} while (0)

/*
 * Log one line for each refusal: the rule, the segment and the numbers.  Each
 * use has a ratelimit state of its own, so that one rule cannot silence
 * another.  The including file defines pr_fmt() as "kexec: ".
 */
#define kexec_refuse(err, fmt, ...)					\
({									\
	pr_notice_ratelimited("load refused: " fmt "\n",		\
			      ##__VA_ARGS__);				\
	(err);								\
})

#else /* !CONFIG_KEXEC_CORE */

#define kexec_in_progress	false

#endif /* CONFIG_KEXEC_CORE */

/*
 * linux/crash_core.h comes last: asm/kexec.h replaces its defaults.  It has
 * stubs for kernels without kexec.
 */
#include <linux/crash_core.h>

extern note_buf_t __percpu *crash_notes;

#ifdef CONFIG_KEXEC_SIG
void set_kexec_sig_enforced(void);
#else
static inline void set_kexec_sig_enforced(void)
{
}
#endif

#endif /* !__ASSEMBLY__ */

#endif /* LINUX_KEXEC_H */
