// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ways to die, for the lab's kernels only; not part of the series.
 *
 * debugfs kexec_lab/crash: write the name of a way, and it is taken at once,
 * on the CPU that writes.  "notifier", "device" and "syscore" are taken in a
 * reboot, when it has come to the reboot notifiers, to the devices and to the
 * end.
 *
 * debugfs kexec_lab/crash_damage: "SEGMENT OFFSET": change a byte of the loaded
 * crash image, an offset below 0 counts from the end of the segment's bytes.
 *
 * A page with a pattern that names its own address is there from boot on; the
 * address is in vmcoreinfo as LAB_MAGIC, so that a dump can be searched for it.
 */
#define pr_fmt(fmt) "kexec_lab: " fmt

#include <linux/atomic.h>
#include <linux/debugfs.h>
#include <linux/device.h>
#include <linux/fs.h>
#include <linux/init.h>
#include <linux/interrupt.h>
#include <linux/irq_work.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/objtool.h>
#include <linux/platform_device.h>
#include <linux/reboot.h>
#include <linux/sched/task.h>
#include <linux/smp.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/syscore_ops.h>
#include <linux/uaccess.h>
#include <linux/vmcore_info.h>

#include "kexec/crash.h"

#define MAGIC		0x6b65786563206c61ULL

/* The stage of a reboot at which to panic. */
static const char *armed;

static void die_armed(const char *stage)
{
	if (armed && !strcmp(armed, stage))
		panic("lab: at the stage of the %s", stage);
}

static void die_bug(void)
{
	BUG();
}

static void die_null(void)
{
	WRITE_ONCE(*(int *)8, 1);
}

static void irq_handler(struct irq_work *work)
{
	BUG();
}

static void die_irq(void)
{
	static struct irq_work work = IRQ_WORK_INIT_HARD(irq_handler);

	irq_work_queue(&work);
}

static void softirq_handler(struct tasklet_struct *tasklet)
{
	BUG();
}

static void die_softirq(void)
{
	static DECLARE_TASKLET(tasklet, softirq_handler);

	tasklet_schedule(&tasklet);
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Winfinite-recursion"
static noinline int eat_stack(int depth)
{
	char frame[256];

	memset(frame, depth, sizeof(frame));
	/* No tail call: the frame is read afterwards. */
	return eat_stack(depth + 1) + READ_ONCE(frame[depth & 0xff]);
}

#pragma GCC diagnostic pop

static void die_stack(void)
{
	pr_info("%d\n", eat_stack(0));
}

/* An exception that cannot push its frame. */
static void die_double(void)
{
	asm volatile("cli; movq %0, %%rsp; 1: pushq $0; jmp 1b" : : "r" (0x1000UL));
}
STACK_FRAME_NON_STANDARD(die_double);

static void die_soft(void)
{
	preempt_disable();
	for (;;)
		cpu_relax();
}

static void die_hard(void)
{
	local_irq_disable();
	for (;;)
		cpu_relax();
}

/* A write to the crash region, which is to fault. */
static void die_stray(void)
{
	u8 *byte = phys_to_virt(crashk_res.start + resource_size(&crashk_res) / 2);

	WRITE_ONCE(*byte, ~READ_ONCE(*byte));
	pr_err("the write to the crash region went through\n");
}

/* Locks that whoever allocates, or looks at processes, would wait for. */
static void die_locked(void)
{
	static int somewhere;
	struct page *page = virt_to_page(lm_alias(&somewhere));

	write_lock_irq(&tasklist_lock);
	spin_lock(&page_zone(page)->lock);
	panic("lab: with locks held");
}

/* None of them begins before all are there. */
static void die_here(void *arrived)
{
	atomic_inc(arrived);
	while (atomic_read(arrived) < num_online_cpus())
		cpu_relax();
	panic("lab: on all CPUs at once");
}

static void die_together(void)
{
	static atomic_t arrived;

	on_each_cpu(die_here, &arrived, 0);
}

static const struct {
	const char *name;
	void (*die)(void);
} ways[] = {
	{ "bug", die_bug },
	{ "null", die_null },
	{ "irq", die_irq },
	{ "softirq", die_softirq },
	{ "stack", die_stack },
	{ "double", die_double },
	{ "soft", die_soft },
	{ "hard", die_hard },
	{ "locked", die_locked },
	{ "together", die_together },
	{ "stray", die_stray },
};

static const char *const stages[] = { "notifier", "device", "syscore" };

static ssize_t crash_write(struct file *file, const char __user *buf,
			   size_t count, loff_t *pos)
{
	char word[16] = "";
	unsigned int i;

	if (count >= sizeof(word))
		return -EINVAL;
	if (copy_from_user(word, buf, count))
		return -EFAULT;
	strim(word);

	for (i = 0; i < ARRAY_SIZE(ways); i++)
		if (!strcmp(word, ways[i].name))
			ways[i].die();
	for (i = 0; i < ARRAY_SIZE(stages); i++)
		if (!strcmp(word, stages[i]))
			armed = stages[i];
	return count;
}

static const struct file_operations crash_fops = { .write = crash_write };

static int damage(struct kimage *image, unsigned long index, long offset)
{
	const struct kexec_segment *segment = &image->segment[index];
	u8 *byte;

	if (index >= image->nr_segments)
		return -EINVAL;
	if (offset < 0)
		offset += segment->bufsz;
	byte = phys_to_virt(segment->mem + offset);
	crash_region_open();
	*byte = ~*byte;
	crash_region_close();
	pr_info("damaged segment %lu at %#lx+%#zx\n", index, segment->mem,
		segment->memsz);
	return 0;
}

static ssize_t damage_write(struct file *file, const char __user *buf,
			    size_t count, loff_t *pos)
{
	unsigned long index;
	char word[40] = "";
	long offset;
	int err = -ENOENT;

	if (count >= sizeof(word))
		return -EINVAL;
	if (copy_from_user(word, buf, count))
		return -EFAULT;
	if (sscanf(word, "%lu %ld", &index, &offset) != 2)
		return -EINVAL;

	mutex_lock(&crash_lock);
	if (kexec_crash_image)
		err = damage(kexec_crash_image, index, offset);
	mutex_unlock(&crash_lock);
	return err ?: count;
}

static const struct file_operations damage_fops = { .write = damage_write };

static int reboot_event(struct notifier_block *nb, unsigned long event,
			void *data)
{
	die_armed("notifier");
	return NOTIFY_OK;
}

static struct notifier_block reboot_nb = { .notifier_call = reboot_event };

static void device_shutdown_event(struct platform_device *device)
{
	die_armed("device");
}

static struct platform_driver lab_driver = {
	.driver = { .name = "kexec_lab" },
	.shutdown = device_shutdown_event,
};

static void syscore_event(void *unused)
{
	die_armed("syscore");
}

static const struct syscore_ops lab_syscore_ops = { .shutdown = syscore_event };
static struct syscore lab_syscore = { .ops = &lab_syscore_ops };

static void make_magic(void)
{
	u64 *page = (u64 *)get_zeroed_page(GFP_KERNEL);
	unsigned int i;

	if (!page)
		return;
	for (i = 0; i < PAGE_SIZE / sizeof(*page); i++)
		page[i] = MAGIC ^ (__pa(page) + i);
	vmcoreinfo_append_str("LAB_MAGIC=%lx\n", __pa(page));
}

static int __init kexec_lab_crash_init(void)
{
	struct dentry *dir = debugfs_lookup("kexec_lab", NULL);

	make_magic();
	register_reboot_notifier(&reboot_nb);
	register_syscore(&lab_syscore);
	platform_driver_register(&lab_driver);
	platform_device_register_simple("kexec_lab", PLATFORM_DEVID_NONE, NULL, 0);
	debugfs_create_file("crash", 0200, dir, NULL, &crash_fops);
	debugfs_create_file("crash_damage", 0200, dir, NULL, &damage_fops);
	dput(dir);
	return 0;
}
late_initcall_sync(kexec_lab_crash_init);
