// SPDX-License-Identifier: GPL-2.0-only
/*
 * A tmpfs crosses a kexec.
 *
 *	lu-tmpfs keep SESSION DIRECTORY		preserve the tmpfs that is mounted there
 *	lu-tmpfs get SESSION DIRECTORY		mount it there in the next kernel
 *
 * "keep" returns when the tmpfs is preserved, and leaves a process in the background
 * that has the session.  When that process is killed, the tmpfs is no longer preserved.
 */
#include <err.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/liveupdate.h>

#ifndef SYS_move_mount
#define SYS_move_mount		429
#endif
#ifndef MOVE_MOUNT_F_EMPTY_PATH
#define MOVE_MOUNT_F_EMPTY_PATH	4
#endif

/* CREATE_SESSION and RETRIEVE_SESSION take the same structure. */
static int open_session(unsigned long call, const char *name)
{
	struct liveupdate_ioctl_create_session arg = { .size = sizeof(arg) };
	int device = open("/dev/liveupdate", O_RDWR | O_CLOEXEC);

	if (device < 0)
		err(1, "/dev/liveupdate");
	if (strlen(name) >= sizeof(arg.name))
		errx(1, "session %s: the name is too long", name);
	memcpy(arg.name, name, strlen(name));
	if (ioctl(device, call, &arg))
		err(1, "session %s", name);
	close(device);
	return arg.fd;
}

static void keep(const char *name, const char *directory)
{
	int session = open_session(LIVEUPDATE_IOCTL_CREATE_SESSION, name);
	struct liveupdate_session_preserve_fd arg = { .size = sizeof(arg) };

	arg.fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (arg.fd < 0 || ioctl(session, LIVEUPDATE_SESSION_PRESERVE_FD, &arg))
		err(1, "%s", directory);
	close(arg.fd);
	if (daemon(0, 0))
		err(1, "daemon");
	for (;;)
		pause();
}

static void get(const char *name, const char *directory)
{
	int session = open_session(LIVEUPDATE_IOCTL_RETRIEVE_SESSION, name);
	struct liveupdate_session_retrieve_fd arg = { .size = sizeof(arg) };

	if (ioctl(session, LIVEUPDATE_SESSION_RETRIEVE_FD, &arg))
		err(1, "session %s", name);
	if (syscall(SYS_move_mount, arg.fd, "", AT_FDCWD, directory, MOVE_MOUNT_F_EMPTY_PATH))
		err(1, "%s", directory);
}

int main(int argc, char **argv)
{
	if (argc == 4 && !strcmp(argv[1], "keep"))
		keep(argv[2], argv[3]);
	else if (argc == 4 && !strcmp(argv[1], "get"))
		get(argv[2], argv[3]);
	else
		errx(2, "usage: lu-tmpfs keep|get SESSION DIRECTORY");
	return 0;
}
