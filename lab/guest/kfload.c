// SPDX-License-Identifier: GPL-2.0-only
/*
 * kfload: calls kexec_file_load(2) directly, for formats that the kexec tools do not know.
 *
 *	kfload [options] KERNEL INITRD [CMDLINE [FLAGS]]
 *	  -u		unload, after the load if there is one
 *	  -e		execute the image loaded (nothing is loaded without a KERNEL)
 *	  -m		sample free memory while the load runs, print the peak and what is kept
 *
 * INITRD "-" is none, with KEXEC_FILE_NO_INITRAMFS; a CMDLINE that is left out has no byte, an
 * empty one is a single NUL. Each call prints one line, "KFLOAD: load rc=R errno=NAME ms=T". The
 * exit status is 0 if all calls returned 0, 1 if one did not, 2 if it could not be made.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/kexec.h>
#include <linux/reboot.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/syscall.h>
#include <time.h>

#include "memory.h"

static struct {
	int unload, execute, measure;
} opt;

static void die(const char *what)
{
	printf("KFLOAD: cannot go on: %s: %s\n", what, strerror(errno));
	exit(2);
}

static int open_file(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		die(path);
	return fd;
}

static unsigned long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int call(const char *what, int kernel, int initrd, const char *cmdline, unsigned long flags)
{
	unsigned long length = cmdline ? strlen(cmdline) + 1 : 0;
	unsigned long start = now_ms();
	long rc = syscall(SYS_kexec_file_load, kernel, initrd, length, cmdline, flags);

	printf("KFLOAD: %s rc=%ld errno=%s ms=%lu\n", what, rc, rc ? strerrorname_np(errno) : "0",
	       now_ms() - start);
	return rc != 0;
}

static int load(char **argv, int argc)
{
	int kernel = open_file(argv[0]), initrd = -1, failed;
	const char *cmdline = argc > 2 ? argv[2] : NULL;
	unsigned long flags = argc > 3 ? strtoul(argv[3], NULL, 0) : 0;
	struct memory memory;

	if (strcmp(argv[1], "-"))
		initrd = open_file(argv[1]);
	else
		flags |= KEXEC_FILE_NO_INITRAMFS;
	if (opt.measure && memory_start(&memory))
		die("pthread_create");
	failed = call("load", kernel, initrd, cmdline, flags);
	if (opt.measure)
		memory_report(&memory, "KFLOAD");
	close(kernel);
	close(initrd);
	return failed;
}

static int execute(void)
{
	fflush(stdout);
	reboot(LINUX_REBOOT_CMD_KEXEC);
	printf("KFLOAD: execute errno=%s\n", strerrorname_np(errno));
	return 1;
}

static void parse_options(int argc, char **argv)
{
	int c;

	while ((c = getopt(argc, argv, "uem")) != -1) {
		switch (c) {
		case 'u': opt.unload = 1; break;
		case 'e': opt.execute = 1; break;
		case 'm': opt.measure = 1; break;
		default: exit(2);
		}
	}
	if (argc - optind == 1 || argc - optind > 4) {
		printf("KFLOAD: usage: kfload [-uem] KERNEL INITRD|- [CMDLINE [FLAGS]]\n");
		exit(2);
	}
}

int main(int argc, char **argv)
{
	int failed = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	parse_options(argc, argv);
	if (optind < argc)
		failed = load(argv + optind, argc - optind);
	if (opt.unload)
		failed |= call("unload", -1, -1, NULL, KEXEC_FILE_UNLOAD);
	if (opt.execute && !failed)
		failed = execute();
	return failed;
}
