// SPDX-License-Identifier: GPL-2.0-only
/*
 * A reboot as live update sees it, and back; not part of the series.
 *
 * debugfs kexec_lab/depart: "go": hand all sessions over to the loaded image, and
 * take them back.  "hold": the same, but they are taken back when someone writes
 * "release".  "await": wait until a "hold" has frozen the sessions.  "blank": does
 * the root of the image tell of no index?  "purge": give back what mappings that
 * are gone still hold, which is KASAN's shadow of them.
 */
#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/init.h>
#include <linux/liveupdate.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>
#include <linux/wait.h>

#include <asm/setup_data.h>

#include "kexec/image.h"

static DECLARE_WAIT_QUEUE_HEAD(changed);
static bool held, released;

static void hold(void)
{
	WRITE_ONCE(held, true);
	wake_up_all(&changed);
	/* A signal makes the wait shorter. */
	if (wait_event_killable(changed, READ_ONCE(released)))
		pr_info("kexec_lab: released by a signal\n");
	WRITE_ONCE(held, false);
	WRITE_ONCE(released, false);
}

static int depart(bool and_hold)
{
	int err = -EINVAL;

	if (!kexec_trylock())
		return -EBUSY;
	if (kexec_image)
		err = liveupdate_depart(kexec_image);
	if (!err) {
		if (and_hold)
			hold();
		liveupdate_stay(kexec_image);
	}
	kexec_unlock();
	return err;
}

static int check_blank(void)
{
	struct setup_data *root;
	bool blank;

	root = kimage_map_segment(kexec_image, kexec_image->liveupdate_root,
				  PAGE_SIZE);
	if (!root)
		return -ENOMEM;
	blank = !root->next && !memchr_inv(root->data, 0, root->len);
	kimage_unmap_segment(root);
	return blank ? 0 : -EUCLEAN;
}

static int purge(void)
{
	vm_unmap_aliases();
	return 0;
}

static int release(void)
{
	WRITE_ONCE(released, true);
	wake_up_all(&changed);
	return 0;
}

static ssize_t depart_write(struct file *file, const char __user *buf,
			    size_t count, loff_t *pos)
{
	char what[16];
	int err = -EINVAL;

	if (count >= sizeof(what))
		return -EINVAL;
	if (copy_from_user(what, buf, count))
		return -EFAULT;
	what[count] = 0;

	if (!strcmp(what, "go"))
		err = depart(false);
	else if (!strcmp(what, "hold"))
		err = depart(true);
	else if (!strcmp(what, "await"))
		err = wait_event_killable(changed, READ_ONCE(held));
	else if (!strcmp(what, "blank"))
		err = check_blank();
	else if (!strcmp(what, "purge"))
		err = purge();
	else if (!strcmp(what, "release"))
		err = release();
	return err ?: count;
}

static const struct file_operations depart_fops = { .write = depart_write };

static int __init kexec_lab_depart_init(void)
{
	struct dentry *dir = debugfs_lookup("kexec_lab", NULL);

	debugfs_create_file("depart", 0200, dir, NULL, &depart_fops);
	dput(dir);
	return 0;
}
late_initcall_sync(kexec_lab_depart_init);
