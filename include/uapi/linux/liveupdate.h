/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * The ioctls of /dev/liveupdate, by which a program hands files to the kernel
 * that a kexec starts.
 *
 * Numbers and structures are those of Linux 6.19 and later; GET_NAME is that of
 * Linux 7.2.  The first field of every structure is its size in bytes, as the
 * program knows the structure.  A size less than that of the structure below
 * gets EINVAL.  A larger size is a newer structure: the kernel accepts it if all
 * bytes that the kernel does not know are 0, or else returns E2BIG.
 *
 * A call with an error may have written to the field fd; no descriptor of that
 * number was made.
 *
 * Documentation/admin-guide/liveupdate.rst has the life of a session, and every
 * errno.
 */
#ifndef _UAPI_LINUX_LIVEUPDATE_H
#define _UAPI_LINUX_LIVEUPDATE_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define LIVEUPDATE_IOCTL_TYPE			0xBA

/* Bytes of a session's name, with the 0 at its end. */
#define LIVEUPDATE_SESSION_NAME_LENGTH		64

/* Numbers of the device's ioctls. */
enum {
	LIVEUPDATE_CMD_BASE			= 0x00,
	LIVEUPDATE_CMD_CREATE_SESSION		= LIVEUPDATE_CMD_BASE,
	LIVEUPDATE_CMD_RETRIEVE_SESSION		= 0x01,
};

/* Numbers of a session's ioctls. */
enum {
	LIVEUPDATE_CMD_SESSION_BASE		= 0x40,
	LIVEUPDATE_CMD_SESSION_PRESERVE_FD	= LIVEUPDATE_CMD_SESSION_BASE,
	LIVEUPDATE_CMD_SESSION_RETRIEVE_FD	= 0x41,
	LIVEUPDATE_CMD_SESSION_FINISH		= 0x42,
	LIVEUPDATE_CMD_SESSION_GET_NAME		= 0x43,
};

/**
 * struct liveupdate_ioctl_create_session - a new outgoing session
 * @size: bytes of the structure
 * @fd: returns the descriptor of the session, which execve() closes
 * @name: name of the session, 1 to 63 bytes and a 0 behind them; no other
 *	outgoing session may have it
 *
 * The kernel that a kexec starts has the session as an incoming one.
 */
struct liveupdate_ioctl_create_session {
	__u32 size;
	__s32 fd;
	__u8 name[LIVEUPDATE_SESSION_NAME_LENGTH];
};

#define LIVEUPDATE_IOCTL_CREATE_SESSION		\
	_IO(LIVEUPDATE_IOCTL_TYPE, LIVEUPDATE_CMD_CREATE_SESSION)

/**
 * struct liveupdate_ioctl_retrieve_session - an incoming session
 * @size: bytes of the structure
 * @fd: returns the descriptor of the session, which execve() closes
 * @name: the name that the session had in the previous kernel
 *
 * A session can be retrieved once.
 */
struct liveupdate_ioctl_retrieve_session {
	__u32 size;
	__s32 fd;
	__u8 name[LIVEUPDATE_SESSION_NAME_LENGTH];
};

#define LIVEUPDATE_IOCTL_RETRIEVE_SESSION	\
	_IO(LIVEUPDATE_IOCTL_TYPE, LIVEUPDATE_CMD_RETRIEVE_SESSION)

/**
 * struct liveupdate_session_preserve_fd - add a file to an outgoing session
 * @size: bytes of the structure
 * @fd: the file; the session keeps it open
 * @token: any number that no other file of the session has; the next kernel's
 *	programs ask for the file by it
 */
struct liveupdate_session_preserve_fd {
	__u32 size;
	__s32 fd;
	__aligned_u64 token;
};

#define LIVEUPDATE_SESSION_PRESERVE_FD		\
	_IO(LIVEUPDATE_IOCTL_TYPE, LIVEUPDATE_CMD_SESSION_PRESERVE_FD)

/**
 * struct liveupdate_session_retrieve_fd - open a file of a retrieved session
 * @size: bytes of the structure
 * @fd: returns a descriptor of the file, which execve() closes
 * @token: the number that the file was preserved with
 *
 * A second call returns another descriptor of the same open file, or the error
 * of the first call.
 */
struct liveupdate_session_retrieve_fd {
	__u32 size;
	__s32 fd;
	__aligned_u64 token;
};

#define LIVEUPDATE_SESSION_RETRIEVE_FD		\
	_IO(LIVEUPDATE_IOCTL_TYPE, LIVEUPDATE_CMD_SESSION_RETRIEVE_FD)

/**
 * struct liveupdate_session_finish - end a retrieved session
 * @size: bytes of the structure
 * @reserved: must be 0
 *
 * Frees the memory of all files that were not retrieved.
 */
struct liveupdate_session_finish {
	__u32 size;
	__u32 reserved;
};

#define LIVEUPDATE_SESSION_FINISH		\
	_IO(LIVEUPDATE_IOCTL_TYPE, LIVEUPDATE_CMD_SESSION_FINISH)

/**
 * struct liveupdate_session_get_name - the name of a session
 * @size: bytes of the structure
 * @reserved: must be 0
 * @name: returns the name, with a 0 behind it
 */
struct liveupdate_session_get_name {
	__u32 size;
	__u32 reserved;
	__u8 name[LIVEUPDATE_SESSION_NAME_LENGTH];
};

#define LIVEUPDATE_SESSION_GET_NAME		\
	_IO(LIVEUPDATE_IOCTL_TYPE, LIVEUPDATE_CMD_SESSION_GET_NAME)

#endif /* _UAPI_LINUX_LIVEUPDATE_H */
