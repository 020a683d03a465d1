// SPDX-License-Identifier: GPL-2.0-only
/*
 * pin: holds pages at given physical addresses so that they can be neither freed nor migrated.
 *
 *	pin START END COUNT	COUNT pages, spread over the physical range, until it is killed
 *	pin -n NODE		a page of that node
 *
 * Nobody may ask for a physical page, so it takes most of the free memory, looks in its own pagemap
 * which pages lie in the range, puts references to those into pipes (vmsplice) and gives the rest
 * back. "PIN: holding N of COUNT" says that it is done; of a node, "PIN: holding ADDRESS".
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "take.h"

#define PRESENT		(1ULL << 63)
#define PFN_MASK	((1ULL << 55) - 1)
#define PIPE_PAGES	256
#define MPOL_BIND	2

static void die(const char *what)
{
	printf("PIN: cannot go on: %s: %s\n", what, strerror(errno));
	exit(2);
}

static uint64_t physical(int pagemap, const char *page)
{
	uint64_t entry;
	off_t at = (uintptr_t)page / PAGE * sizeof(entry);

	if (pread(pagemap, &entry, sizeof(entry), at) != sizeof(entry))
		die("/proc/self/pagemap");
	return entry & PRESENT ? (entry & PFN_MASK) * PAGE : 0;
}

static void hold(char *page)
{
	static unsigned long used = PIPE_PAGES;
	static int ends[2];
	struct iovec iov = { page, PAGE };

	if (used == PIPE_PAGES) {
		if (pipe(ends) || fcntl(ends[1], F_SETPIPE_SZ, PIPE_PAGES * PAGE) < 0)
			die("pipe");
		used = 0;
	}
	if (vmsplice(ends[1], &iov, 1, SPLICE_F_NONBLOCK) != PAGE)
		die("vmsplice");
	used++;
}

/* One page at the most in each of COUNT equal parts of the range */
static unsigned long hold_spread(char *memory, unsigned long size, uint64_t start, uint64_t end,
				 unsigned long count)
{
	int pagemap = open("/proc/self/pagemap", O_RDONLY);
	char *taken = calloc(count, 1);
	uint64_t part = (end - start) / count;
	unsigned long offset, held = 0;

	if (pagemap < 0 || !taken || !part)
		die("/proc/self/pagemap");
	for (offset = 0; offset < size && held < count; offset += PAGE) {
		uint64_t at = physical(pagemap, memory + offset);

		if (at < start || at >= start + part * count || taken[(at - start) / part])
			continue;
		taken[(at - start) / part] = 1;
		hold(memory + offset);
		held++;
	}
	close(pagemap);
	free(taken);
	return held;
}

static void hold_on_node(unsigned long node)
{
	char *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int pagemap = open("/proc/self/pagemap", O_RDONLY);
	unsigned long mask = 1UL << node;

	if (page == MAP_FAILED || pagemap < 0 ||
	    syscall(SYS_mbind, page, PAGE, MPOL_BIND, &mask, 8 * sizeof(mask), 0))
		die("mbind");
	*page = 1;
	hold(page);
	printf("PIN: holding %llu\n", (unsigned long long)physical(pagemap, page));
	munmap(page, PAGE);
}

static void hold_range(uint64_t start, uint64_t end, unsigned long count)
{
	unsigned long size, held;
	char *memory = take_memory(&size);

	if (!memory)
		die("taking memory");
	held = hold_spread(memory, size, start, end, count);
	munmap(memory, size);
	printf("PIN: holding %lu of %lu\n", held, count);
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "-n")) {
		hold_on_node(strtoul(argv[2], NULL, 0));
	} else if (argc == 4) {
		hold_range(strtoull(argv[1], NULL, 0), strtoull(argv[2], NULL, 0),
			   strtoul(argv[3], NULL, 0));
	} else {
		printf("usage: pin START END COUNT, or pin -n NODE\n");
		return 2;
	}
	fflush(stdout);
	for (;;)
		pause();
}
