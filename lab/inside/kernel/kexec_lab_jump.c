// SPDX-License-Identifier: GPL-2.0-only
/*
 * What stands in the way of a kexec jump, on request; not part of the series.
 *
 * Two devices, a part of the system core and a notifier note each call that
 * they get on the way to sleep and back.  The first device, the culprit, goes
 * to sleep after the second, the witness.
 *
 * debugfs kexec_lab/jump_fail: the name of a callback of the culprit,
 * "syscore" or "notifier": it fails at each jump, until "none" is written; or
 * "thread": a kernel thread does not let itself be frozen.
 *
 * debugfs kexec_lab/jump_log: the calls since it was last written to.
 *
 * debugfs kexec_lab/jump_block: who reads it sleeps, and cannot be frozen,
 * until somebody writes to it.
 */
#define pr_fmt(fmt) "kexec_lab: " fmt

#include <linux/debugfs.h>
#include <linux/freezer.h>
#include <linux/fs.h>
#include <linux/init.h>
#include <linux/kthread.h>
#include <linux/platform_device.h>
#include <linux/pm.h>
#include <linux/string.h>
#include <linux/suspend.h>
#include <linux/syscore_ops.h>
#include <linux/uaccess.h>
#include <linux/wait.h>

#define FAILURE		(-EIO)

static char fail[16];
static char log[1024];

static int note(const char *who, const char *what, bool may_fail)
{
	strlcat(log, who, sizeof(log));
	strlcat(log, what, sizeof(log));
	strlcat(log, " ", sizeof(log));
	return may_fail && !strcmp(fail, what) ? FAILURE : 0;
}

static int note_device(struct device *dev, const char *what)
{
	bool culprit = to_platform_device(dev)->id == 0;

	return note(culprit ? "culprit:" : "witness:", what, culprit);
}

#define CALLBACK(name)							\
static int lab_##name(struct device *dev)				\
{									\
	return note_device(dev, #name);					\
}

CALLBACK(prepare)
CALLBACK(freeze)
CALLBACK(freeze_late)
CALLBACK(freeze_noirq)
CALLBACK(thaw_noirq)
CALLBACK(thaw_early)
CALLBACK(thaw)
CALLBACK(restore_noirq)
CALLBACK(restore_early)
CALLBACK(restore)

static void lab_complete(struct device *dev)
{
	note_device(dev, "complete");
}

static const struct dev_pm_ops lab_pm_ops = {
	.prepare	= lab_prepare,
	.complete	= lab_complete,
	.freeze		= lab_freeze,
	.freeze_late	= lab_freeze_late,
	.freeze_noirq	= lab_freeze_noirq,
	.thaw_noirq	= lab_thaw_noirq,
	.thaw_early	= lab_thaw_early,
	.thaw		= lab_thaw,
	.restore_noirq	= lab_restore_noirq,
	.restore_early	= lab_restore_early,
	.restore	= lab_restore,
};

static int lab_probe(struct platform_device *pdev)
{
	return 0;
}

static struct platform_driver lab_driver = {
	.probe	= lab_probe,
	.driver	= { .name = "kexec_lab_jump", .pm = &lab_pm_ops },
};

static int lab_syscore_suspend(void *unused)
{
	return note("core:", "syscore", true);
}

static void lab_syscore_resume(void *unused)
{
	note("core:", "resume", false);
}

static const struct syscore_ops lab_syscore_ops = {
	.suspend	= lab_syscore_suspend,
	.resume		= lab_syscore_resume,
};

static struct syscore lab_syscore = { .ops = &lab_syscore_ops };

static int lab_notifier(struct notifier_block *nb, unsigned long event,
			void *unused)
{
	if (event == PM_HIBERNATION_PREPARE)
		return notifier_from_errno(note("core:", "notifier", true));
	note("core:", "post", false);
	return NOTIFY_OK;
}

static struct notifier_block lab_nb = { .notifier_call = lab_notifier };

static int lab_thread(void *unused)
{
	set_freezable();
	for (;;) {
		if (strcmp(fail, "thread"))
			try_to_freeze();
		schedule_timeout_interruptible(HZ / 50);
	}
	return 0;
}

static ssize_t fail_write(struct file *file, const char __user *buf,
			  size_t count, loff_t *pos)
{
	if (count >= sizeof(fail))
		return -EINVAL;
	if (copy_from_user(fail, buf, count))
		return -EFAULT;
	fail[count] = 0;
	strim(fail);
	return count;
}

static const struct file_operations fail_fops = {
	.owner	= THIS_MODULE,
	.write	= fail_write,
};

static ssize_t log_read(struct file *file, char __user *buf, size_t count,
			loff_t *pos)
{
	return simple_read_from_buffer(buf, count, pos, log, strlen(log));
}

static ssize_t log_write(struct file *file, const char __user *buf,
			 size_t count, loff_t *pos)
{
	log[0] = 0;
	return count;
}

static const struct file_operations log_fops = {
	.owner	= THIS_MODULE,
	.read	= log_read,
	.write	= log_write,
};

static DECLARE_WAIT_QUEUE_HEAD(blocked);
static bool released;

static ssize_t block_read(struct file *file, char __user *buf, size_t count,
			  loff_t *pos)
{
	pr_info("blocked\n");
	wait_event(blocked, released);
	return 0;
}

static ssize_t block_write(struct file *file, const char __user *buf,
			   size_t count, loff_t *pos)
{
	released = true;
	wake_up(&blocked);
	return count;
}

static const struct file_operations block_fops = {
	.owner	= THIS_MODULE,
	.read	= block_read,
	.write	= block_write,
};

static int __init kexec_lab_jump_init(void)
{
	struct dentry *dir = debugfs_lookup("kexec_lab", NULL);
	int err = platform_driver_register(&lab_driver);

	if (err)
		return err;
	/* The last registered goes to sleep first. */
	platform_device_register_simple("kexec_lab_jump", 0, NULL, 0);
	platform_device_register_simple("kexec_lab_jump", 1, NULL, 0);
	register_syscore(&lab_syscore);
	register_pm_notifier(&lab_nb);
	kthread_run(lab_thread, NULL, "kexec_lab");

	debugfs_create_file("jump_fail", 0200, dir, NULL, &fail_fops);
	debugfs_create_file("jump_log", 0600, dir, NULL, &log_fops);
	debugfs_create_file("jump_block", 0600, dir, NULL, &block_fops);
	dput(dir);
	return 0;
}

late_initcall_sync(kexec_lab_jump_init);
