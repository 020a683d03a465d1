// SPDX-License-Identifier: GPL-2.0-only
/*
 * Staging: other pages for the destinations that could not be claimed.
 *
 * The pages of a staged destination hold its bytes from the load on, and the
 * code between the kernels copies them.  An image first collects as many pages
 * as it lacks.  Some of them may lie in a destination, and are in place then
 * (see pages.c), so the pages are given to destinations at the end only.
 */
#include <linux/mmzone.h>
#include <linux/sched.h>

#include "pages.h"

static unsigned long pages_missing(const struct kexec_memory *memory)
{
	unsigned long have = memory->in_place + memory->staged +
			     memory->pooled;

	return have < memory->total ? memory->total - have : 0;
}

static int collect_pages(struct kimage *image)
{
	struct kexec_supply supply = {};
	unsigned long missing;
	struct page *page;
	int err = 0;

	while (!err && (missing = pages_missing(image->memory))) {
		page = kexec_take_block(missing, &supply);
		if (!page)
			return -ENOMEM;
		err = kexec_adopt(image, page, 1UL << supply.order);
		cond_resched();
	}
	return err;
}

static int stage_destination(struct kimage *image,
			     const struct plan_range *dest)
{
	struct plan_range gap;
	int err;

	for_each_kexec_gap(image, &gap, dest) {
		err = kexec_map_pooled(image, &gap);
		if (err)
			return err;
	}
	return 0;
}

/**
 * kexec_stage - find a source for every destination page that has none
 * @image: the image
 *
 * After a failure some pages have a source, and the caller may find one for the
 * others elsewhere.
 *
 * Return: 0 or -ENOMEM, after a fatal signal too; nothing is logged.
 */
int kexec_stage(struct kimage *image)
{
	struct kexec_memory *memory = image->memory;
	unsigned int i;
	int err = collect_pages(image);

	for (i = 0; !err && i < memory->nr_dest; i++)
		err = stage_destination(image, &memory->dest[i]);
	return err;
}
