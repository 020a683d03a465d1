// SPDX-License-Identifier: GPL-2.0-only
/*
 * The descriptor of a session: its ioctls, and what its last close does.
 *
 * An outgoing session lives until its descriptor is closed.  Its files are then
 * no longer preserved.  An incoming session whose descriptor is closed, or for
 * which FINISH is called, has handed over what was wanted of it: the memory of
 * the rest is freed.
 */
#define pr_fmt(fmt) "liveupdate: " fmt

#include <linux/anon_inodes.h>
#include <linux/fs.h>
#include <linux/uaccess.h>

#include "ioctl.h"
#include "session.h"

static int run_preserve_fd(struct lu_call *call)
{
	const struct liveupdate_session_preserve_fd *arg = &call->arg.preserve_fd;
	struct lu_session *session = call->session;
	int err;

	if (session->incoming)
		return lu_refuse(-EINVAL, session->name,
				 "PRESERVE_FD is for outgoing sessions");
	err = lu_lock_session(session);
	if (err)
		return err;
	err = lu_preserve_file(session, arg->fd, arg->token);
	lu_unlock_session(session);
	return err;
}

static struct file *retrieve_file(const struct lu_call *call)
{
	struct lu_session *session = call->session;
	struct file *file;
	int err;

	err = lu_lock_session(session);
	if (err)
		return ERR_PTR(err);
	file = lu_retrieve_file(session, call->arg.retrieve_fd.token);
	lu_unlock_session(session);
	return file;
}

static int run_retrieve_fd(struct lu_call *call)
{
	if (!call->session->incoming)
		return lu_refuse(-EINVAL, call->session->name,
				 "RETRIEVE_FD is for retrieved sessions");
	return lu_return_fd(call, retrieve_file);
}

static void end_locked(struct lu_session *session)
{
	if (!session->ended && lu_end_session(session))
		lu_all_arrived();
}

static int run_finish(struct lu_call *call)
{
	struct lu_session *session = call->session;
	int err;

	if (!session->incoming)
		return lu_refuse(-EINVAL, session->name,
				 "FINISH is for retrieved sessions");
	if (call->arg.finish.reserved)
		return lu_refuse(-EINVAL, session->name,
				 "FINISH with %#x in the reserved field",
				 call->arg.finish.reserved);
	err = lu_lock_session(session);
	if (err)
		return err;
	end_locked(session);
	lu_unlock_session(session);
	return 0;
}

static int run_get_name(struct lu_call *call)
{
	struct liveupdate_session_get_name __user *user = call->user;
	struct lu_session *session = call->session;

	if (call->arg.get_name.reserved)
		return lu_refuse(-EINVAL, session->name,
				 "GET_NAME with %#x in the reserved field",
				 call->arg.get_name.reserved);
	if (copy_to_user(user->name, session->name, sizeof(user->name)))
		return -EFAULT;
	return 0;
}

static const struct lu_command command[] = {
	{
		.cmd = LIVEUPDATE_SESSION_PRESERVE_FD,
		.size = sizeof(struct liveupdate_session_preserve_fd),
		.run = run_preserve_fd,
	}, {
		.cmd = LIVEUPDATE_SESSION_RETRIEVE_FD,
		.size = sizeof(struct liveupdate_session_retrieve_fd),
		.run = run_retrieve_fd,
	}, {
		.cmd = LIVEUPDATE_SESSION_FINISH,
		.size = sizeof(struct liveupdate_session_finish),
		.run = run_finish,
	}, {
		.cmd = LIVEUPDATE_SESSION_GET_NAME,
		.size = sizeof(struct liveupdate_session_get_name),
		.run = run_get_name,
	},
};

static const struct lu_commands commands = {
	.command = command,
	.base = LIVEUPDATE_CMD_SESSION_BASE,
	.nr = ARRAY_SIZE(command),
};

static long session_ioctl(struct file *filp, unsigned int cmd, unsigned long arg)
{
	return lu_ioctl(&commands, filp->private_data, cmd, arg);
}

static int session_release(struct inode *inode, struct file *filp)
{
	struct lu_session *session = filp->private_data;

	lu_lock_session_to_close(session);
	end_locked(session);
	lu_unlock_session(session);
	lu_free_session(session);
	return 0;
}

static const struct file_operations session_fops = {
	.owner = THIS_MODULE,
	.release = session_release,
	.unlocked_ioctl = session_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.llseek = noop_llseek,
};

/**
 * lu_open_session - the open file of a session
 * @session: a session that has none; the file's release frees it
 *
 * In /proc/PID/fd it is "anon_inode:[luo_session] NAME", by which programs know
 * the descriptor of a session.
 *
 * Return: the file or an ERR_PTR().
 */
struct file *lu_open_session(struct lu_session *session)
{
	char name[sizeof("[luo_session] ") + LU_NAME_SIZE];

	scnprintf(name, sizeof(name), "[luo_session] %s", session->name);
	return anon_inode_getfile(name, &session_fops, session, O_RDWR);
}
