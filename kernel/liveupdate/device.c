// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/liveupdate: makes and retrieves sessions.
 *
 * One program at a time has the device open: the one that knows which sessions
 * there are to be.  It hands their descriptors to the programs whose files they
 * are for.  A session does not need the device any more.
 */
#define pr_fmt(fmt) "liveupdate: " fmt

#include <linux/cc_platform.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/init.h>
#include <linux/miscdevice.h>

#include "ioctl.h"
#include "session.h"

static_assert(LU_NAME_SIZE == LIVEUPDATE_SESSION_NAME_LENGTH);

/* The file of a session that was made or retrieved just now. */
static struct file *open_new(struct lu_session *session)
{
	struct file *file;

	if (IS_ERR(session))
		return ERR_CAST(session);
	file = lu_open_session(session);
	if (IS_ERR(file))
		lu_return_session(session);
	return file;
}

static struct file *create_session(const struct lu_call *call)
{
	return open_new(lu_create_session(call->arg.create.name));
}

static struct file *retrieve_session(const struct lu_call *call)
{
	return open_new(lu_retrieve_session(call->arg.retrieve.name));
}

static int run_create(struct lu_call *call)
{
	return lu_return_fd(call, create_session);
}

static int run_retrieve(struct lu_call *call)
{
	return lu_return_fd(call, retrieve_session);
}

static const struct lu_command command[] = {
	{
		.cmd = LIVEUPDATE_IOCTL_CREATE_SESSION,
		.size = sizeof(struct liveupdate_ioctl_create_session),
		.run = run_create,
	}, {
		.cmd = LIVEUPDATE_IOCTL_RETRIEVE_SESSION,
		.size = sizeof(struct liveupdate_ioctl_retrieve_session),
		.run = run_retrieve,
	},
};

static const struct lu_commands commands = {
	.command = command,
	.base = LIVEUPDATE_CMD_BASE,
	.nr = ARRAY_SIZE(command),
};

static long device_ioctl(struct file *filp, unsigned int cmd, unsigned long arg)
{
	return lu_ioctl(&commands, NULL, cmd, arg);
}

static unsigned long in_use;

/* What could not be read is not an absence of sessions: nobody may think so. */
static int device_open(struct inode *inode, struct file *filp)
{
	if (test_and_set_bit_lock(0, &in_use))
		return -EBUSY;
	if (lu_arrival_error()) {
		clear_bit_unlock(0, &in_use);
		return -EIO;
	}
	return 0;
}

static int device_release(struct inode *inode, struct file *filp)
{
	clear_bit_unlock(0, &in_use);
	return 0;
}

static const struct file_operations device_fops = {
	.owner = THIS_MODULE,
	.open = device_open,
	.release = device_release,
	.unlocked_ioctl = device_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.llseek = noop_llseek,
};

static struct miscdevice device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "liveupdate",
	.fops = &device_fops,
	.mode = 0600,
};

/* The next kernel would read preserved memory with another key, or none. */
static int __init device_init(void)
{
	if (cc_platform_has(CC_ATTR_MEM_ENCRYPT)) {
		pr_info("memory is encrypted, so none can be handed over\n");
		return 0;
	}
	return misc_register(&device);
}
device_initcall(device_init);
