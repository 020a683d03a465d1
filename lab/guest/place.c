// SPDX-License-Identifier: GPL-2.0-only
/*
 * place: finds a destination where the kernel has the least memory of its own.
 *
 *	place SIZE [START [END]]	a range of SIZE (K, M, G, T) in System RAM, between START and END,
 *					aligned to a block of 2 MiB
 *
 * Prints the address, and how many of its blocks have a page that is neither free nor on a list of
 * reclaim, as far as /proc/kpageflags tells.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/kernel-page-flags.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "size.h"

#define BLOCK_SHIFT	21
#define BLOCK_PAGES	512UL
#define FLAG(bit)	(1ULL << (bit))

/* Only kernels with its debugging options show it; no UAPI header has it. */
#define KPF_RESERVED	32

static void die(const char *what)
{
	printf("PLACE: cannot go on: %s: %s\n", what, strerror(errno));
	exit(2);
}

static int open_file(const char *path)
{
	int fd = open(path, O_RDONLY);

	if (fd < 0)
		die(path);
	return fd;
}

static int can_move(uint64_t flags, uint64_t count)
{
	if (flags & (FLAG(KPF_NOPAGE) | FLAG(KPF_HWPOISON) | FLAG(KPF_SLAB) | FLAG(KPF_PGTABLE)))
		return 0;
	if (flags & (FLAG(KPF_BUDDY) | FLAG(KPF_LRU)))
		return 1;
	/* free, in the list of a CPU; or mapped, and on its way to the LRU */
	return !(flags & FLAG(KPF_RESERVED)) && (!count || flags & FLAG(KPF_MMAP));
}

/* Is every page of a block there, and free or movable?  -1 at the end of memory */
static int block_is_good(int flags_fd, int count_fd, unsigned long block)
{
	static uint64_t flags[BLOCK_PAGES], count[BLOCK_PAGES];
	off_t at = block * sizeof(flags);
	unsigned int i;

	if (pread(flags_fd, flags, sizeof(flags), at) != sizeof(flags) ||
	    pread(count_fd, count, sizeof(count), at) != sizeof(count))
		return -1;
	for (i = 0; i < BLOCK_PAGES; i++)
		if (!can_move(flags[i], count[i]))
			return 0;
	return 1;
}

static int block_is_ram(unsigned long block)
{
	static unsigned long start[128], end[128], nr = -1UL;
	unsigned long i;
	char line[256];
	FILE *iomem;

	if (nr == -1UL) {
		nr = 0;
		iomem = fopen("/proc/iomem", "r");
		while (iomem && nr < 128 && fgets(line, sizeof(line), iomem))
			if (strstr(line, " : System RAM") && line[0] != ' ' &&
			    sscanf(line, "%lx-%lx", &start[nr], &end[nr]) == 2)
				nr++;
		if (!nr)
			die("/proc/iomem");
	}
	for (i = 0; i < nr; i++)
		if (block << BLOCK_SHIFT >= start[i] && ((block + 1) << BLOCK_SHIFT) - 1 <= end[i])
			return 1;
	return 0;
}

static unsigned long find(unsigned long first, unsigned long end, unsigned long blocks,
			  unsigned long *bad)
{
	int flags_fd = open_file("/proc/kpageflags"), count_fd = open_file("/proc/kpagecount");
	unsigned long at, run = 0, bad_in_run = 0, best = 0;
	static char good[1 << 16];

	*bad = -1UL;
	for (at = first; at < end && at < sizeof(good); at++) {
		int state = block_is_good(flags_fd, count_fd, at);

		if (state < 0)
			break;
		if (!block_is_ram(at)) {
			run = 0;
			bad_in_run = 0;
			continue;
		}
		good[at] = state;
		bad_in_run += !state;
		if (++run > blocks)
			bad_in_run -= !good[at - blocks];
		if (run >= blocks && bad_in_run < *bad) {
			*bad = bad_in_run;
			best = at + 1 - blocks;
		}
	}
	return best;
}

int main(int argc, char **argv)
{
	unsigned long blocks, bad, best, start = 0, end = -1UL;
	char *rest;

	if (argc < 2) {
		printf("usage: place SIZE [START [END]]\n");
		return 2;
	}
	blocks = (parse_size(argv[1], &rest) + (1 << BLOCK_SHIFT) - 1) >> BLOCK_SHIFT;
	if (argc > 2)
		start = parse_size(argv[2], &rest);
	if (argc > 3)
		end = parse_size(argv[3], &rest);
	best = find(start >> BLOCK_SHIFT, end >> BLOCK_SHIFT, blocks, &bad);
	if (bad == -1UL)
		return 1;
	printf("%lu %lu\n", best << BLOCK_SHIFT, bad);
	return 0;
}
