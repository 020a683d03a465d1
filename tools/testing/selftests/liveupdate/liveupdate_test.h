/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tests of /dev/liveupdate share: the ioctls as functions that return 0,
 * a descriptor or -errno, and memfds.
 *
 * A refusal logs one line:
 *
 *	liveupdate: refused: session NAME: <the rule, with the numbers>
 */
#ifndef LIVEUPDATE_TEST_H
#define LIVEUPDATE_TEST_H

#include "../kexec/kexec_test.h"

#include <linux/liveupdate.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define DEVICE		"/dev/liveupdate"
#define LIST		"/proc/liveupdate"
#define NAME_SIZE	LIVEUPDATE_SESSION_NAME_LENGTH

static inline long open_device(void)
{
	return result(open(DEVICE, O_RDWR | O_CLOEXEC));
}

static inline long call(int fd, unsigned long cmd, void *arg)
{
	return result(ioctl(fd, cmd, arg));
}

/* A descriptor of a session. */
static inline long session_call(int device, unsigned long cmd, const char *name)
{
	struct liveupdate_ioctl_create_session arg = { .size = sizeof(arg) };
	long rc;

	memcpy(arg.name, name, strnlen(name, NAME_SIZE));
	rc = call(device, cmd, &arg);
	return rc ? rc : arg.fd;
}

static inline long create_session(int device, const char *name)
{
	return session_call(device, LIVEUPDATE_IOCTL_CREATE_SESSION, name);
}

static inline long retrieve_session(int device, const char *name)
{
	return session_call(device, LIVEUPDATE_IOCTL_RETRIEVE_SESSION, name);
}

static inline long preserve_fd(int session, int fd, __u64 token)
{
	struct liveupdate_session_preserve_fd arg = {
		.size = sizeof(arg), .fd = fd, .token = token,
	};

	return call(session, LIVEUPDATE_SESSION_PRESERVE_FD, &arg);
}

static inline long retrieve_fd(int session, __u64 token)
{
	struct liveupdate_session_retrieve_fd arg = {
		.size = sizeof(arg), .token = token,
	};
	long rc = call(session, LIVEUPDATE_SESSION_RETRIEVE_FD, &arg);

	return rc ? rc : arg.fd;
}

static inline long finish(int session, __u32 reserved)
{
	struct liveupdate_session_finish arg = {
		.size = sizeof(arg), .reserved = reserved,
	};

	return call(session, LIVEUPDATE_SESSION_FINISH, &arg);
}

/* The name goes to an array of NAME_SIZE bytes. */
static inline long get_name(int session, char *name, __u32 reserved)
{
	struct liveupdate_session_get_name arg = {
		.size = sizeof(arg), .reserved = reserved,
	};
	long rc = call(session, LIVEUPDATE_SESSION_GET_NAME, &arg);

	memcpy(name, arg.name, NAME_SIZE);
	return rc;
}

/* A memfd of @size bytes, each of which is @fill. */
static inline int make_memfd(size_t size, int fill)
{
	int fd = memfd_create("liveupdate", MFD_CLOEXEC);
	char page[PAGE];
	size_t at;

	memset(page, fill, sizeof(page));
	for (at = 0; fd >= 0 && at < size; at += PAGE) {
		size_t part = size - at < PAGE ? size - at : PAGE;

		if (pwrite(fd, page, part, at) != (ssize_t)part) {
			close(fd);
			return -1;
		}
	}
	return fd;
}

/* The size of a file cannot change while a session has the file. */
static inline bool is_preserved(int memfd)
{
	struct stat st;

	return !fstat(memfd, &st) && ftruncate(memfd, st.st_size + PAGE) < 0;
}

/* Whether the list of sessions has this line, and how many lines it has. */
static inline bool is_listed(const char *line, int *lines)
{
	FILE *f = fopen(LIST, "re");
	bool found = false;
	char buf[512];

	*lines = 0;
	while (f && fgets(buf, sizeof(buf), f)) {
		buf[strcspn(buf, "\n")] = '\0';
		found |= !strcmp(buf, line);
		++*lines;
	}
	if (f)
		fclose(f);
	return found;
}

/* Room for some thousand descriptors. */
static inline long raise_files(rlim_t files)
{
	struct rlimit limit = { .rlim_cur = files, .rlim_max = files };

	return result(setrlimit(RLIMIT_NOFILE, &limit));
}

/*
 * Fork a process that keeps all sessions until the kexec.  Nobody waits for its
 * output.  Return 0, or 1 if there is no such process.
 */
static inline int stay_behind(void)
{
	pid_t pid = fork();

	if (pid)
		return pid < 0;
	close(0);
	close(1);
	close(2);
	for (;;)
		pause();
}

static inline bool liveupdate_kmsg(struct kmsg *k)
{
	bool opened = kmsg_open(k);

	k->prefix = "liveupdate: refused:";
	return opened;
}

#endif /* LIVEUPDATE_TEST_H */
