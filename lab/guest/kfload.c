// SPDX-License-Identifier: GPL-2.0-only
/*
 * kfload: calls kexec_file_load(2) directly, for formats that the kexec tools do not know.
 *
 *	kfload [options] KERNEL INITRD [CMDLINE [FLAGS]]
 *	  -u		unload, after the load if there is one
 *	  -e		execute the image loaded (nothing is loaded without a KERNEL)
 *	  -m		sample free memory while the load runs, print the peak and what is kept
 *	  -k COUNT	load to see how long it takes, then COUNT times in a child that gets SIGKILL,
 *			each time later: "KFLOAD: killed N of COUNT, the slowest gone after M ms"
 *
 * INITRD "-" is none, with KEXEC_FILE_NO_INITRAMFS; a CMDLINE that is left out has no byte, an
 * empty one is a single NUL. Each call prints one line, "KFLOAD: load rc=R errno=NAME ms=T". The
 * exit status is 0 if all calls returned 0, 1 if one did not, 2 if it could not be made.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/kexec.h>
#include <linux/reboot.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "memory.h"

static struct {
	int unload, execute, measure, kills;
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

static unsigned long now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static int call(const char *what, int kernel, int initrd, const char *cmdline, unsigned long flags)
{
	unsigned long length = cmdline ? strlen(cmdline) + 1 : 0;
	unsigned long start = now_us();
	long rc = syscall(SYS_kexec_file_load, kernel, initrd, length, cmdline, flags);

	printf("KFLOAD: %s rc=%ld errno=%s ms=%lu\n", what, rc, rc ? strerrorname_np(errno) : "0",
	       (now_us() - start) / 1000);
	return rc != 0;
}

static int unload(void)
{
	return call("unload", -1, -1, NULL, KEXEC_FILE_UNLOAD);
}

/* Load, and kill that after so many microseconds; how many later it is gone */
static unsigned long kill_load(unsigned long after, int *killed, int kernel, int initrd,
			       const char *cmdline, unsigned long flags)
{
	pid_t child = fork();
	unsigned long start;
	int status;

	if (child < 0)
		die("fork");
	if (!child)
		_exit(!!syscall(SYS_kexec_file_load, kernel, initrd, strlen(cmdline) + 1, cmdline,
				flags));
	usleep(after);
	start = now_us();
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
	start = now_us() - start;
	*killed += WIFSIGNALED(status);
	unload();
	return start;
}

static void kill_loads(int kernel, int initrd, const char *cmdline, unsigned long flags)
{
	unsigned long start = now_us(), took, gone, longest = 0;
	int killed = 0, before;

	if (!cmdline || call("load", kernel, initrd, cmdline, flags))
		die("nothing to kill");
	took = now_us() - start;
	unload();
	while (killed < opt.kills && took) {
		before = killed;
		gone = kill_load(took * killed / opt.kills, &killed, kernel, initrd, cmdline, flags);
		if (killed == before)
			took -= took / 4;	/* It was faster than the first one */
		else if (gone > longest)
			longest = gone;
	}
	printf("KFLOAD: killed %d, the slowest gone after %lu ms\n", killed, longest / 1000);
}

static int load(char **argv, int argc)
{
	int kernel = open_file(argv[0]), initrd = -1, failed = 0;
	const char *cmdline = argc > 2 ? argv[2] : NULL;
	unsigned long flags = argc > 3 ? strtoul(argv[3], NULL, 0) : 0;
	struct memory memory;

	if (strcmp(argv[1], "-"))
		initrd = open_file(argv[1]);
	else
		flags |= KEXEC_FILE_NO_INITRAMFS;
	if (opt.measure && memory_start(&memory))
		die("pthread_create");
	if (opt.kills)
		kill_loads(kernel, initrd, cmdline, flags);
	else
		failed = call("load", kernel, initrd, cmdline, flags);
	if (opt.measure)
		memory_report(&memory, "KFLOAD");
	close(kernel);
	close(initrd);
	return failed;
}

static int execute(void)
{
	printf("KFLOAD: executing at cycle %llx\n", __builtin_ia32_rdtsc());
	fflush(stdout);
	reboot(LINUX_REBOOT_CMD_KEXEC);
	printf("KFLOAD: execute errno=%s\n", strerrorname_np(errno));
	return 1;
}

static void parse_options(int argc, char **argv)
{
	int c;

	while ((c = getopt(argc, argv, "uemk:")) != -1) {
		switch (c) {
		case 'u': opt.unload = 1; break;
		case 'e': opt.execute = 1; break;
		case 'm': opt.measure = 1; break;
		case 'k': opt.kills = atoi(optarg); break;
		default: exit(2);
		}
	}
	if (argc - optind == 1 || argc - optind > 4) {
		printf("KFLOAD: usage: kfload [-uem] [-k COUNT] KERNEL INITRD|- [CMDLINE [FLAGS]]\n");
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
		failed |= unload();
	if (opt.execute && !failed)
		failed = execute();
	return failed;
}
