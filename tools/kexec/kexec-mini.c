// SPDX-License-Identifier: GPL-2.0-only
/*
 * kexec-mini: change the kernel of a system that has next to nothing.
 *
 *	kexec-mini KERNEL [INITRD|- [CMDLINE]]	load; "-" is no initrd; without
 *						CMDLINE that of the running kernel
 *	kexec-mini -e				start what is loaded
 *	kexec-mini -u				unload
 *
 * The kernel does the work (kexec_file_load(2)), so there is not much left: three
 * arguments, two system calls.  It is linked with nolibc, needs no library, no
 * heap and no file that it could write to, and reads none but those it is given
 * and /proc/cmdline.
 *
 * -e ends no process and unmounts nothing; it only has dirty pages written.  The
 * exit status is 0, or 1 after a message; -e does not come back if it succeeds.
 */
#include <linux/kexec.h>

/* More than the default COMMAND_LINE_SIZE of any architecture. */
static char cmdline[16384];

static int fail(const char *what)
{
	fprintf(stderr, "kexec-mini: %s: errno=%d\n", what, errno);
	return 1;
}

static int bad_arguments(void)
{
	fprintf(stderr, "usage: kexec-mini KERNEL [INITRD|- [CMDLINE]] | -e | -u\n");
	return 1;
}

/* The running kernel's command line, without its newline; NULL after an error. */
static const char *running_cmdline(void)
{
	int fd = open("/proc/cmdline", O_RDONLY);
	ssize_t length;

	if (fd < 0)
		return NULL;
	length = read(fd, cmdline, sizeof(cmdline) - 1);
	if (length < 0)
		return NULL;
	if (length && cmdline[length - 1] == '\n')
		length--;
	cmdline[length] = '\0';
	return cmdline;
}

static int load(const char *kernel, const char *initrd, const char *line)
{
	int kernel_fd = open(kernel, O_RDONLY), initrd_fd = -1;
	unsigned long flags = KEXEC_FILE_NO_INITRAMFS, length;

	if (kernel_fd < 0)
		return fail(kernel);
	if (initrd && strcmp(initrd, "-")) {
		initrd_fd = open(initrd, O_RDONLY);
		if (initrd_fd < 0)
			return fail(initrd);
		flags = 0;
	}
	if (!line)
		line = running_cmdline();
	if (!line)
		return fail("/proc/cmdline");

	/* Not inside syscall(): a call would clobber what it has filled. */
	length = strlen(line) + 1;
	if (syscall(__NR_kexec_file_load, kernel_fd, initrd_fd, length, line,
		    flags))
		return fail("load");
	return 0;
}

static int start(void)
{
	syscall(__NR_sync);
	reboot(LINUX_REBOOT_CMD_KEXEC);
	return fail("start");
}

static int unload(void)
{
	if (syscall(__NR_kexec_file_load, -1, -1, 0UL, NULL, KEXEC_FILE_UNLOAD))
		return fail("unload");
	return 0;
}

int main(int argc, char **argv)
{
	if (argc < 2 || argc > 4)
		return bad_arguments();
	if (argv[1][0] != '-')
		return load(argv[1], argv[2], argc > 3 ? argv[3] : NULL);
	if (argc > 2)
		return bad_arguments();
	if (!strcmp(argv[1], "-e"))
		return start();
	if (!strcmp(argv[1], "-u"))
		return unload();
	return bad_arguments();
}
