// SPDX-License-Identifier: GPL-2.0-only
/*
 * kcov COMMAND...: run a command whose system calls the kernel covers, each block
 * of code that they reach. That goes on until the process ends, or its kernel.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <linux/kcov.h>

#define ENTRIES (64 << 10)

int main(int argc, char **argv)
{
	int fd = open("/sys/kernel/debug/kcov", O_RDWR);
	unsigned long *cover;

	if (argc < 2 || fd < 0 || ioctl(fd, KCOV_INIT_TRACE, ENTRIES))
		return 1;
	cover = mmap(NULL, ENTRIES * sizeof(*cover), PROT_READ | PROT_WRITE,
		     MAP_SHARED, fd, 0);
	if (cover == MAP_FAILED || ioctl(fd, KCOV_ENABLE, KCOV_TRACE_PC))
		return 1;
	getppid();
	/* No dprintf(): it asks for the position first, which /dev/kmsg does not know. */
	printf("KCOV: %s\n", *cover ? "covered" : "nothing covered");
	fflush(stdout);
	execvp(argv[1], argv + 1);
	return 1;
}
