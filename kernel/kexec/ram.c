// SPDX-License-Identifier: GPL-2.0-only
/*
 * The areas of RAM, for the search of a place.
 *
 * An architecture that keeps memblock has in it what the firmware reserves; the
 * others have it in the resources.
 */
#include <linux/ioport.h>
#include <linux/memblock.h>

#include "files.h"

#ifdef CONFIG_ARCH_KEEP_MEMBLOCK
/**
 * kexec_search_ram - visit the areas of RAM in the direction of a search
 * @search: the search; kexec_search.visit is called for each area
 *
 * Return: 1 if the search is over, 0 if not; -EINTR after a fatal signal.
 */
int kexec_search_ram(struct kexec_search *search)
{
	phys_addr_t start, end;
	int err = 0;
	u64 i;

	if (search->need.top_down) {
		for_each_free_mem_range_reverse(i, NUMA_NO_NODE, MEMBLOCK_NONE,
						&start, &end, NULL) {
			err = search->visit(search,
					    (struct plan_area){ start, end });
			if (err)
				break;
		}
	} else {
		for_each_free_mem_range(i, NUMA_NO_NODE, MEMBLOCK_NONE,
					&start, &end, NULL) {
			err = search->visit(search,
					    (struct plan_area){ start, end });
			if (err)
				break;
		}
	}
	return err;
}
#else
static int visit_resource(struct resource *res, void *data)
{
	struct kexec_search *search = data;

	/* Memory that a driver added and may take away again. */
	if (res->flags & IORESOURCE_SYSRAM_DRIVER_MANAGED)
		return 0;
	return search->visit(search, (struct plan_area){ res->start,
							 res->end + 1 });
}

int kexec_search_ram(struct kexec_search *search)
{
	int err;

	if (search->need.top_down)
		err = walk_system_ram_res_rev(0, ULONG_MAX, search,
					      visit_resource);
	else
		err = walk_system_ram_res(0, ULONG_MAX, search,
					  visit_resource);
	/* Other errors of the walk mean that nothing was found. */
	return err == -EINTR ? err : err > 0;
}
#endif
