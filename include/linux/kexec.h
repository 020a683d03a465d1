/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * kexec: start another kernel from the running one, without the firmware.
 *
 * This header is the contract between the core (kernel/kexec*.c), the
 * architectures (machine_kexec() and its kin) and the rest of the kernel.
 *
 * What a load builds is a struct kimage: up to KEXEC_SEGMENT_MAX segments, each
 * a destination in physical memory and the bytes that must stand there when
 * the next kernel is entered.  Bytes that could not be put at their
 * destination at load time wait elsewhere, and the architecture's relocation
 * code moves them by walking the hand-off list at kimage.head.
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

/* Its macros switch off the defaults below and those of linux/crash_core.h. */
#include <asm/kexec.h>

#if !defined(KEXEC_ARCH) || !defined(KEXEC_CONTROL_PAGE_SIZE) || \
	!defined(KEXEC_CONTROL_MEMORY_LIMIT) || \
	!defined(KEXEC_SOURCE_MEMORY_LIMIT) || \
	!defined(KEXEC_DESTINATION_MEMORY_LIMIT)
#error asm/kexec.h must define the memory limits, the control page size and KEXEC_ARCH
#endif

/* What few architectures need otherwise. */
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
 * @bufsz: their number
 * @mem: physical address of the destination, page aligned
 * @memsz: its length in bytes; what @bufsz does not fill is zero
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

struct kexec_memory;

/**
 * struct kimage - an image, from its load to its execution
 * @head: start of the hand-off list
 * @start: physical address at which the image is entered
 * @control_code_page: KEXEC_CONTROL_PAGE_SIZE bytes for the code that runs
 *	between the kernels; an architecture may replace it by a page of its own
 * @swap_page: a spare page for architectures that exchange pages; not for
 *	crash images
 * @nr_segments: entries of @segment in use
 * @segment: the segments; @kexec_segment.buf is still the caller's when
 *	machine_kexec_prepare() runs
 * @type: %KEXEC_TYPE_DEFAULT or %KEXEC_TYPE_CRASH
 * @preserve_context: the image returns to this kernel
 * @file_mode: loaded by kexec_file_load(2)
 * @arch: what the architecture keeps
 * @memory: every page of the image; private to the core
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
	unsigned int type : 1;
	unsigned int preserve_context : 1;
	unsigned int file_mode : 1;

#ifdef ARCH_HAS_KIMAGE_ARCH
	struct kimage_arch arch;
#endif

	struct kexec_memory *memory;
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

/* What an architecture provides. */
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
 * Called for pages that become, and cease to be, memory of an image: host
 * memory encryption changes their state.  @nr pages from @start on.
 */
#ifndef arch_kexec_pre_free_pages
static inline void arch_kexec_pre_free_pages(void *start, unsigned int nr)
{
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

/* Where the next kernel sees memory elsewhere than this one: arm's idmap. */
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

/* What the core provides. */
extern struct kimage *kexec_image;
extern struct kimage *kexec_crash_image;
extern bool kexec_in_progress;
extern bool kexec_file_dbg_print;

struct page *kimage_alloc_control_pages(struct kimage *image,
					unsigned int order);
int kernel_kexec(void);

#define kexec_dprintk(fmt, arg...)		\
do {						\
	if (kexec_file_dbg_print)		\
		pr_info(fmt, ##arg);		\
} while (0)

#else /* !CONFIG_KEXEC_CORE */

#define kexec_in_progress	false

#endif /* CONFIG_KEXEC_CORE */

/* Its stubs serve without kexec too, and its defaults yield to asm/kexec.h. */
#include <linux/crash_core.h>

extern note_buf_t __percpu *crash_notes;

static inline void set_kexec_sig_enforced(void)
{
}

#endif /* !__ASSEMBLY__ */

#endif /* LINUX_KEXEC_H */
