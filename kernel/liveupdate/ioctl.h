/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The arguments of the ioctls of the device and of sessions.
 */
#ifndef LIVEUPDATE_IOCTL_H
#define LIVEUPDATE_IOCTL_H

#include <uapi/linux/liveupdate.h>

struct file;
struct lu_session;

union lu_argument {
	struct liveupdate_ioctl_create_session create;
	struct liveupdate_ioctl_retrieve_session retrieve;
	struct liveupdate_session_preserve_fd preserve_fd;
	struct liveupdate_session_retrieve_fd retrieve_fd;
	struct liveupdate_session_finish finish;
	struct liveupdate_session_get_name get_name;
};

/**
 * struct lu_call - a call of ioctl(2)
 * @session: the session, NULL for the device
 * @user: the argument in the caller's memory
 * @arg: the kernel's copy of it
 */
struct lu_call {
	struct lu_session *session;
	void __user *user;
	union lu_argument arg;
};

/**
 * struct lu_command - an ioctl
 * @cmd: its code
 * @size: bytes of its structure
 * @run: execute it; 0 or an errno
 */
struct lu_command {
	unsigned int cmd;
	unsigned int size;
	int (*run)(struct lu_call *call);
};

/**
 * struct lu_commands - all ioctls of a kind of file
 * @command: the ioctls, by number
 * @base: number of the first
 * @nr: how many there are
 */
struct lu_commands {
	const struct lu_command *command;
	unsigned int base;
	unsigned int nr;
};

long lu_ioctl(const struct lu_commands *commands, struct lu_session *session,
	      unsigned int cmd, unsigned long arg);
int lu_return_fd(struct lu_call *call,
		 struct file *(*make)(const struct lu_call *call));

#endif /* LIVEUPDATE_IOCTL_H */
