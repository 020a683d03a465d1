// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unmovable pages where the lab wants them; not part of the series.
 *
 * debugfs kexec_lab/hold: "START STEP COUNT", in bytes: the kernel takes COUNT
 * pages for itself, one every STEP from the physical address START, and has
 * moved away what is there.  All of them, or -EBUSY and none of them.
 * "release" gives back what all calls took.
 */
#define pr_fmt(fmt) "kexec_lab: " fmt

#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/gfp.h>
#include <linux/init.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/string.h>
#include <linux/uaccess.h>

static DEFINE_MUTEX(hold_lock);
static LIST_HEAD(held);

static void release_all(void)
{
	struct page *page, *next;

	list_for_each_entry_safe(page, next, &held, lru) {
		list_del(&page->lru);
		__free_page(page);
	}
}

static int hold_pages(unsigned long start, unsigned long step,
		      unsigned long count)
{
	unsigned long pfn = PHYS_PFN(start), end = PHYS_PFN(start + step * count);
	int err = alloc_contig_range(pfn, end, MIGRATE_MOVABLE, GFP_KERNEL);

	if (err) {
		pr_err("%lx-%lx cannot be emptied: %d\n", pfn, end, err);
		return err;
	}
	for (; pfn < end; pfn += PHYS_PFN(step)) {
		list_add(&pfn_to_page(pfn)->lru, &held);
		free_contig_range(pfn + 1, PHYS_PFN(step) - 1);
	}
	return 0;
}

static ssize_t hold_write(struct file *file, const char __user *buf,
			  size_t count, loff_t *pos)
{
	unsigned long start, step, pages;
	char what[64];
	int err = 0;

	if (count >= sizeof(what))
		return -EINVAL;
	if (copy_from_user(what, buf, count))
		return -EFAULT;
	what[count] = 0;

	mutex_lock(&hold_lock);
	if (!strncmp(what, "release", 7))
		release_all();
	else if (sscanf(what, "%li %li %li", &start, &step, &pages) == 3)
		err = hold_pages(start, step, pages);
	else
		err = -EINVAL;
	mutex_unlock(&hold_lock);
	return err ?: count;
}

static const struct file_operations hold_fops = { .write = hold_write };

static int __init kexec_lab_hold_init(void)
{
	struct dentry *dir = debugfs_lookup("kexec_lab", NULL);

	debugfs_create_file("hold", 0200, dir, NULL, &hold_fops);
	dput(dir);
	return 0;
}
late_initcall(kexec_lab_hold_init);
