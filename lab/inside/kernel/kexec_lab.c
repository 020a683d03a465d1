// SPDX-License-Identifier: GPL-2.0-only
/*
 * What only the lab may do to a loaded image; not part of the series.
 *
 * debugfs kexec_lab/scribble: "first", "middle" or "last" page of the largest
 * run in place, "list" or "table": write there as a stray pointer would.  The
 * writer must not survive it.
 *
 * debugfs kexec_lab/sabotage: "ud", "pf", "gp" or "int3": damage the image so
 * that this exception is raised between the kernels, and log the vector, RIP
 * and CR2 that the report must name; or "staged": change a byte that waits to
 * be copied, and log its destination.  Needs an image with staged pages.
 * "inplace" does the same to the first byte in place that is not
 * write-protected, "middle" to one in the middle of the longest run in place,
 * if it is not.
 */
#define pr_fmt(fmt) "kexec_lab: " fmt

#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/init.h>
#include <linux/mm.h>
#include <linux/pgtable.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "kexec/image.h"
#include "kexec/pages.h"

#define BAD_ADDRESS		(1UL << 45)
#define NON_CANONICAL		(1UL << 63)

static int write_word(char *word, size_t size, const char __user *buf,
		      size_t count)
{
	if (count >= size)
		return -EINVAL;
	if (copy_from_user(word, buf, count))
		return -EFAULT;
	word[count] = 0;
	strim(word);
	return 0;
}

/* The longest run of destinations in place, or of those that are not. */
static unsigned long longest_run(struct kimage *image, bool in_place,
				 unsigned long *from, unsigned long *pages)
{
	struct kexec_extent extent;
	unsigned long best = 0;

	*pages = 0;
	for_each_kexec_extent(image, &extent, 0, ULONG_MAX) {
		if ((extent.source == extent.dest) == in_place &&
		    extent.pages > *pages) {
			best = extent.dest;
			*from = extent.source;
			*pages = extent.pages;
		}
	}
	return best;
}

static void *scribble_target(struct kimage *image, const char *what)
{
	unsigned long pages, from, pfn = longest_run(image, true, &from, &pages);

	if (!strcmp(what, "list"))
		return phys_to_virt(image->head & PAGE_MASK);
	if (!strcmp(what, "table"))
		return image->arch.pgd;
	if (!pages)
		return NULL;
	if (!strcmp(what, "first"))
		return pfn_to_kaddr(pfn);
	if (!strcmp(what, "middle"))
		return pfn_to_kaddr(pfn + pages / 2);
	if (!strcmp(what, "last"))
		return pfn_to_kaddr(pfn + pages - 1);
	return NULL;
}

static ssize_t scribble(struct file *file, const char __user *buf, size_t count,
			loff_t *pos)
{
	u64 *target;
	char what[16];
	int err = write_word(what, sizeof(what), buf, count);

	if (err)
		return err;
	/* Without the lock, which the writer would take into its grave. */
	target = kexec_image ? scribble_target(kexec_image, what) : NULL;
	if (!target)
		return -EINVAL;

	pr_info("writing to %s at %px\n", what, target);
	WRITE_ONCE(*target, ~READ_ONCE(*target));
	pr_err("the write to %s went through\n", what);
	return count;
}

static const struct file_operations scribble_fops = { .write = scribble };

/* The first entry of the list that is a source. */
static kimage_entry_t *first_source(struct kimage *image)
{
	kimage_entry_t *entry = phys_to_virt(image->head & PAGE_MASK);

	while (!(*entry & (IND_SOURCE | IND_DONE)))
		entry++;
	return *entry & IND_SOURCE ? entry : NULL;
}

static u8 *find_code(struct kimage *image, const char *bytes, size_t size)
{
	u8 *code = page_address(image->control_code_page);
	unsigned int i;

	for (i = 0; i + size <= KEXEC_CONTROL_CODE_MAX_SIZE; i++)
		if (!memcmp(code + i, bytes, size))
			return code + i;
	return NULL;
}

static int damage_staged(struct kimage *image)
{
	unsigned long pages, from, pfn = longest_run(image, false, &from, &pages);
	u8 *byte = pfn_to_kaddr(from + pages / 2) + PAGE_SIZE / 2;

	if (!pages)
		return -ENOENT;
	*byte = ~*byte;
	pr_info("damaged %lx\n", (pfn + pages / 2) << PAGE_SHIFT);
	return 0;
}

static bool is_writable(unsigned long pfn)
{
	unsigned int level;
	pte_t *pte = lookup_address((unsigned long)pfn_to_kaddr(pfn), &level);

	return pte && pte_write(*pte);
}

static int damage_page(unsigned long pfn)
{
	u8 *byte = pfn_to_kaddr(pfn) + PAGE_SIZE / 2;

	if (!is_writable(pfn))
		return -EPERM;
	*byte = ~*byte;
	pr_info("damaged %lx\n", pfn << PAGE_SHIFT);
	return 0;
}

static int damage_middle(struct kimage *image)
{
	unsigned long pages, from, pfn = longest_run(image, true, &from, &pages);

	return pages ? damage_page(pfn + pages / 2) : -ENOENT;
}

static int damage_in_place(struct kimage *image)
{
	struct kexec_extent extent;
	unsigned long pfn;

	for_each_kexec_extent(image, &extent, 0, ULONG_MAX) {
		if (extent.source != extent.dest)
			continue;
		for (pfn = extent.dest; pfn < extent.dest + extent.pages; pfn++) {
			if (!damage_page(pfn))
				return 0;
		}
	}
	return -ENOENT;
}

static int damage(struct kimage *image, const char *what)
{
	/* rep movsq; cld, mov %rdi,%rax */
	u8 *copy = find_code(image, "\xf3\x48\xa5", 3);
	u8 *start = find_code(image, "\xfc\x48\x89\xf8", 4);
	kimage_entry_t *source = first_source(image);

	if (!strcmp(what, "staged"))
		return damage_staged(image);
	if (!copy || !start || !source)
		return -ENOENT;

	if (!strcmp(what, "int3")) {
		*start = 0xcc;
		pr_info("expect vector 3 rip %llx\n", (u64)__pa(start) + 1);
	} else if (!strcmp(what, "ud")) {
		memcpy(copy, "\x0f\x0b", 2);
		pr_info("expect vector 6 rip %llx\n", (u64)__pa(copy));
	} else if (!strcmp(what, "pf")) {
		*source = BAD_ADDRESS | IND_SOURCE;
		pr_info("expect vector e cr2 %lx\n", BAD_ADDRESS);
	} else if (!strcmp(what, "gp")) {
		*source = NON_CANONICAL | IND_SOURCE;
		pr_info("expect vector d\n");
	} else {
		return -EINVAL;
	}
	return 0;
}

static ssize_t sabotage(struct file *file, const char __user *buf, size_t count,
			loff_t *pos)
{
	char what[16];
	int err = write_word(what, sizeof(what), buf, count);

	if (err)
		return err;
	if (!kexec_trylock())
		return -EBUSY;
	err = -ENOENT;
	if (kexec_image && !strcmp(what, "inplace"))
		err = damage_in_place(kexec_image);
	else if (kexec_image && !strcmp(what, "middle"))
		err = damage_middle(kexec_image);
	else if (kexec_image && kexec_unguard(kexec_image))
		err = damage(kexec_image, what);
	kexec_unlock();
	return err ?: count;
}

static const struct file_operations sabotage_fops = { .write = sabotage };

/* What IMA does where the firmware has secure boot on. */
static ssize_t enforce(struct file *file, const char __user *buf, size_t count,
		       loff_t *pos)
{
	set_kexec_sig_enforced();
	return count;
}

static const struct file_operations enforce_fops = { .write = enforce };

static int __init kexec_lab_init(void)
{
	struct dentry *dir = debugfs_create_dir("kexec_lab", NULL);

	debugfs_create_file("scribble", 0200, dir, NULL, &scribble_fops);
	debugfs_create_file("sabotage", 0200, dir, NULL, &sabotage_fops);
	debugfs_create_file("enforce", 0200, dir, NULL, &enforce_fops);
	return 0;
}
late_initcall(kexec_lab_init);
