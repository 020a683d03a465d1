// SPDX-License-Identifier: GPL-2.0-only
/*
 * The arguments of ioctls: which number, which size, and the return of a
 * descriptor.
 *
 * Nothing here holds a lock, because the memory of the caller can stay away for
 * as long as the caller likes (userfaultfd, a file on a dead server).  So what is
 * returned is written before the call changes anything: a descriptor is reserved,
 * its number is written, and only then is the file made.
 */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/uaccess.h>

#include "ioctl.h"

/**
 * lu_ioctl - find the command of a call, copy its argument, and run it
 * @commands: the commands of the file
 * @session: the session of the file, NULL for the device
 * @cmd: from the caller
 * @arg: from the caller
 *
 * Return: what the command returns; -EINVAL for a number out of range, or for an
 * argument that is too short; -ENOTTY for a number in range with another type,
 * direction or size; -E2BIG for a longer argument with something in its rest;
 * -EFAULT.
 */
long lu_ioctl(const struct lu_commands *commands, struct lu_session *session,
	      unsigned int cmd, unsigned long arg)
{
	struct lu_call call = { .session = session, .user = (void __user *)arg };
	/* A number below the first one becomes a large one. */
	unsigned int nr = _IOC_NR(cmd) - commands->base;
	const struct lu_command *command;
	u32 size;
	int err;

	if (nr >= commands->nr)
		return -EINVAL;
	command = &commands->command[nr];
	if (command->cmd != cmd)
		return -ENOTTY;
	if (get_user(size, (u32 __user *)call.user))
		return -EFAULT;
	if (size < command->size)
		return -EINVAL;
	err = copy_struct_from_user(&call.arg, command->size, call.user, size);
	return err ?: command->run(&call);
}

/* All structures with a descriptor have it at the same place. */
static_assert(offsetof(struct liveupdate_ioctl_create_session, fd) ==
	      offsetof(struct liveupdate_session_retrieve_fd, fd));
static_assert(offsetof(struct liveupdate_ioctl_retrieve_session, fd) ==
	      offsetof(struct liveupdate_session_retrieve_fd, fd));

/**
 * lu_return_fd - make a file and return a descriptor of it
 * @call: the call; its structure has the field fd
 * @make: makes the file, with a reference for the descriptor; the last thing
 *	that can fail
 *
 * Return: 0, -EMFILE, -ENOMEM, -EFAULT or what @make has returned.
 */
int lu_return_fd(struct lu_call *call,
		 struct file *(*make)(const struct lu_call *call))
{
	struct liveupdate_session_retrieve_fd __user *user = call->user;
	int fd = get_unused_fd_flags(O_CLOEXEC);
	struct file *file;

	if (fd < 0)
		return fd;
	file = put_user(fd, &user->fd) ? ERR_PTR(-EFAULT) : make(call);
	if (IS_ERR(file)) {
		put_unused_fd(fd);
		return PTR_ERR(file);
	}
	fd_install(fd, file);
	return 0;
}
