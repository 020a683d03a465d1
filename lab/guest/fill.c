// SPDX-License-Identifier: GPL-2.0-only
/*
 * fill: makes memory full in one of the ways in which the memory of a server is full.
 *
 *	fill clean FILE KIB	read on in FILE, from where the last call stopped, until the kernel has
 *				taken KIB of memory back: all zones are down at their watermarks then
 *	fill dirty FILE KIB	write KIB at the start of FILE; who calls sees to it that they stay dirty
 *	fill anonymous KIB	write to KIB of anonymous memory, and hold it until killed
 *
 * "FILL: WHAT: N KiB, free F of T KiB" says that it is done.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#define PAGE		4096UL
#define STEP		(1UL << 20)	/* not more than readahead(2) reads at once */
#define CURSOR		"/tmp/fill.cursor"

static void die(const char *what)
{
	printf("FILL: cannot go on: %s: %s\n", what, strerror(errno));
	exit(2);
}

static unsigned long kib(unsigned long units, unsigned long unit)
{
	return units * unit / 1024;
}

static void report(const char *what, unsigned long bytes)
{
	struct sysinfo info;

	sysinfo(&info);
	printf("FILL: %s: %lu KiB, free %lu of %lu KiB\n", what, bytes / 1024,
	       kib(info.freeram, info.mem_unit), kib(info.totalram, info.mem_unit));
	fflush(stdout);
}

static int open_file(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0600);

	if (fd < 0)
		die(path);
	return fd;
}

/* Pages that were taken back since boot, by anybody */
static unsigned long reclaimed(void)
{
	unsigned long sum = 0, value;
	char name[64];
	FILE *vmstat = fopen("/proc/vmstat", "r");

	if (!vmstat)
		die("/proc/vmstat");
	while (fscanf(vmstat, "%63s %lu", name, &value) == 2)
		if (!strcmp(name, "pgsteal_kswapd") || !strcmp(name, "pgsteal_direct"))
			sum += value;
	fclose(vmstat);
	return sum;
}

static off_t read_cursor(void)
{
	off_t at = 0;
	FILE *file = fopen(CURSOR, "r");

	if (!file)
		return 0;
	if (fscanf(file, "%ld", &at) != 1)
		at = 0;
	fclose(file);
	return at;
}

static void write_cursor(off_t at)
{
	FILE *file = fopen(CURSOR, "w");

	if (!file || fprintf(file, "%ld\n", at) < 0 || fclose(file))
		die(CURSOR);
}

/* The file is larger than memory, so what is read next was not read for long. */
static void clean(const char *path, unsigned long pages)
{
	unsigned long start = reclaimed(), bytes = 0;
	int fd = open_file(path, O_RDONLY);
	off_t at = read_cursor();
	struct stat st;

	if (fstat(fd, &st))
		die(path);
	for (; reclaimed() - start < pages; bytes += STEP) {
		if (readahead(fd, at, STEP))
			die(path);
		at = (at + STEP) % st.st_size;
	}
	write_cursor(at);
	report("clean", bytes);
}

static void dirty(const char *path, unsigned long bytes)
{
	static char content[STEP];
	int fd = open_file(path, O_WRONLY | O_CREAT);
	unsigned long done;

	memset(content, 0x5a, sizeof(content));
	for (done = 0; done < bytes; done += STEP)
		if (write(fd, content, STEP) != (ssize_t)STEP)
			die(path);
	report("dirty", bytes);
}

static void anonymous(unsigned long bytes)
{
	char *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	unsigned long offset;

	if (memory == MAP_FAILED)
		die("mmap");
	/* no page is like another one: swap has to keep each */
	for (offset = 0; offset < bytes; offset += PAGE)
		*(unsigned long *)(memory + offset) = offset + 1;
	report("anonymous", bytes);
	for (;;)
		pause();
}

int main(int argc, char **argv)
{
	unsigned long bytes = strtoul(argv[argc - 1], NULL, 0) * 1024;

	if (argc == 4 && !strcmp(argv[1], "clean"))
		clean(argv[2], bytes / PAGE);
	else if (argc == 4 && !strcmp(argv[1], "dirty"))
		dirty(argv[2], bytes);
	else if (argc == 3 && !strcmp(argv[1], "anonymous"))
		anonymous(bytes);
	else
		printf("FILL: usage: fill clean|dirty FILE KIB, or fill anonymous KIB\n");
	return 0;
}
