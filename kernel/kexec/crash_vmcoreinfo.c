// SPDX-License-Identifier: GPL-2.0-only
/*
 * The copy of vmcoreinfo in the crash region.
 *
 * A kernel that crashes may have overwritten its own vmcoreinfo.  It writes the
 * copy when it crashes, through a mapping of its own, since the region is
 * write-protected.
 */
#define pr_fmt(fmt) "kexec: " fmt

#include <linux/mm.h>

#include "crash.h"
#include "pages.h"

#define VMCOREINFO_PAGES	DIV_ROUND_UP(VMCOREINFO_BYTES, PAGE_SIZE)

/**
 * kimage_crash_copy_vmcoreinfo - get and map pages for a copy of vmcoreinfo
 * @image: a crash image
 *
 * Return: 0 or -ENOMEM.
 */
int kimage_crash_copy_vmcoreinfo(struct kimage *image)
{
	unsigned int order = get_order(VMCOREINFO_BYTES), i;
	struct page *pages[VMCOREINFO_PAGES], *first;

	first = kimage_alloc_control_pages(image, order);
	for (i = 0; first && i < VMCOREINFO_PAGES; i++)
		pages[i] = first + i;
	if (first)
		image->crash->vmcoreinfo = kexec_vmap(pages, VMCOREINFO_PAGES);
	if (!image->crash->vmcoreinfo)
		return kexec_refuse(-ENOMEM, "no memory for the copy of vmcoreinfo");
	return 0;
}
