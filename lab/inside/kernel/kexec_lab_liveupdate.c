// SPDX-License-Identifier: GPL-2.0-only
/*
 * What only the lab may do to what live update hands over; not part of the series.
 *
 * debugfs kexec_lab/liveupdate: "root", "list" or "index": when the machine
 * changes kernels, flip a bit there, behind all checks of this kernel.
 */
#define pr_fmt(fmt) "kexec_lab: " fmt

#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/init.h>
#include <linux/mm.h>
#include <linux/reboot.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include <asm/setup_data.h>

#include "kexec/image.h"
#include "liveupdate/format.h"

static char what[16];

static void flip(const char *name, void *at)
{
	if (strcmp(what, name))
		return;
	*(u8 *)at ^= 0x10;
	pr_info("damaged the %s\n", name);
}

static int at_reboot(struct notifier_block *nb, unsigned long action, void *data)
{
	struct setup_data *head;
	struct lu_root *root;
	struct lu_list *list;

	if (!*what || !kexec_image || !kexec_image->liveupdate_root)
		return NOTIFY_DONE;
	head = kimage_map_segment(kexec_image, kexec_image->liveupdate_root,
				  PAGE_SIZE);
	if (!head)
		return NOTIFY_DONE;
	root = (struct lu_root *)(head + 1);
	list = phys_to_virt(root->list);
	/* Far behind the header: the bitmap of the first range. */
	flip("index", page_address(pfn_to_page(list->pfn[0])) + 256);
	flip("list", &list->pfn[0]);
	flip("root", &root->index_size);
	kimage_unmap_segment(head);
	return NOTIFY_DONE;
}

static struct notifier_block reboot_nb = { .notifier_call = at_reboot };

static ssize_t choose(struct file *file, const char __user *buf, size_t count,
		      loff_t *pos)
{
	if (count >= sizeof(what))
		return -EINVAL;
	if (copy_from_user(what, buf, count))
		return -EFAULT;
	what[count] = 0;
	strim(what);
	return count;
}

static const struct file_operations choose_fops = { .write = choose };

static int __init kexec_lab_liveupdate_init(void)
{
	debugfs_create_file("liveupdate", 0200,
			    debugfs_lookup("kexec_lab", NULL), NULL, &choose_fops);
	return register_reboot_notifier(&reboot_nb);
}
late_initcall_sync(kexec_lab_liveupdate_init);
