// SPDX-License-Identifier: GPL-2.0-only
/*
 * The permission to load: a capability, and three sysctls that can only be
 * tightened until the next boot.
 */
#define pr_fmt(fmt) "kexec: " fmt

#include <linux/capability.h>
#include <linux/mutex.h>
#include <linux/sysctl.h>

#include "image.h"

/**
 * struct kexec_load_limit - number of times that an image of one type may be
 * loaded
 * @lock: protects @left
 * @left: loads left; below 0 there is no limit
 */
struct kexec_load_limit {
	struct mutex lock;	/* protects @left */
	int left;
};

static struct kexec_load_limit limits[] = {
	[KEXEC_TYPE_DEFAULT] = {
		.lock = __MUTEX_INITIALIZER(limits[KEXEC_TYPE_DEFAULT].lock),
		.left = -1,
	},
	[KEXEC_TYPE_CRASH] = {
		.lock = __MUTEX_INITIALIZER(limits[KEXEC_TYPE_CRASH].lock),
		.left = -1,
	},
};

static int kexec_load_disabled;

static bool spend_load(struct kexec_load_limit *limit)
{
	bool granted;

	mutex_lock(&limit->lock);
	granted = limit->left;
	if (limit->left > 0)
		limit->left--;
	mutex_unlock(&limit->lock);
	return granted;
}

/**
 * kexec_load_permitted - may the caller use a load system call?
 * @type: %KEXEC_TYPE_DEFAULT or %KEXEC_TYPE_CRASH
 *
 * Every call that passes the first two tests spends a load, also a call that
 * fails and an unload.
 *
 * Return: 0 or -EPERM.
 */
int kexec_load_permitted(int type)
{
	if (!capable(CAP_SYS_BOOT))
		return -EPERM;
	if (kexec_load_disabled)
		return kexec_refuse(-EPERM, "kernel.kexec_load_disabled is 1");
	if (!spend_load(&limits[type]))
		return kexec_refuse(-EPERM, "kernel.kexec_load_limit_%s is 0",
				    type == KEXEC_TYPE_CRASH ? "panic" : "reboot");
	return 0;
}

#ifdef CONFIG_SYSCTL
/* The number of loads left may only go down. */
static int load_limit_handler(const struct ctl_table *table, int write,
			      void *buffer, size_t *lenp, loff_t *ppos)
{
	struct kexec_load_limit *limit = table->data;
	struct ctl_table shown = { .maxlen = sizeof(int) };
	int left, err;

	mutex_lock(&limit->lock);
	left = limit->left;
	shown.data = &left;
	err = proc_dointvec(&shown, write, buffer, lenp, ppos);
	if (!err && write) {
		if (left < 0 || (limit->left >= 0 && left >= limit->left))
			err = -EINVAL;
		else
			limit->left = left;
	}
	mutex_unlock(&limit->lock);
	return err;
}

#define LIMIT_SYSCTL(name, type)					\
	{								\
		.procname = name,					\
		.data = &limits[type],					\
		.mode = 0644,						\
		.proc_handler = load_limit_handler,			\
	}

static struct ctl_table kexec_sysctls[] = {
	LIMIT_SYSCTL("kexec_load_limit_panic", KEXEC_TYPE_CRASH),
	LIMIT_SYSCTL("kexec_load_limit_reboot", KEXEC_TYPE_DEFAULT),
	{
		.procname = "kexec_load_disabled",
		.mode = 0644,
		.maxlen = sizeof(kexec_load_disabled),
		.data = &kexec_load_disabled,
		/* 1 is the only value: loads stay disabled until the next boot. */
		.proc_handler = proc_dointvec_minmax,
		.extra1 = SYSCTL_ONE,
		.extra2 = SYSCTL_ONE,
	},
};

static int __init permit_init(void)
{
	register_sysctl_init("kernel", kexec_sysctls);
	return 0;
}
late_initcall(permit_init);
#endif /* CONFIG_SYSCTL */
