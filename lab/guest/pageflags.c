// SPDX-License-Identifier: GPL-2.0-only
/*
 * pageflags: looks for pages by what /proc/kpageflags says of them.
 *
 *	pageflags FLAG		counts the pages with the flag: locked, writeback, reserved
 *	pageflags FLAG MIB	finds where so many MiB of memory, none of it reserved, have most
 *				such pages
 *
 * Prints "PAGES: N FLAG", or "PAGES: N FLAG at ADDRESS".
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STEP_PAGES	512UL		/* 2 MiB */
#define MIB_PAGES	256UL
#define LOCKED		(1ULL << 0)
#define UPTODATE	(1ULL << 3)
#define WRITEBACK	(1ULL << 8)
#define NO_PAGE		(1ULL << 20)
#define RESERVED	(1ULL << 32)

static const struct flag {
	const char *name;
	uint64_t set, clear;
} flags[] = {
	{ "locked", LOCKED, UPTODATE | RESERVED },
	{ "writeback", WRITEBACK, 0 },
	{ "reserved", RESERVED, NO_PAGE },
};

/* Of one step: pages that have the flag; whether none of them is missing or reserved */
struct step {
	unsigned long pages;
	int usable;
};

static const struct flag *find_flag(const char *name)
{
	unsigned long i;

	for (i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		if (!strcmp(flags[i].name, name))
			return &flags[i];
	printf("PAGES: no flag is called %s\n", name);
	exit(2);
}

/* 0 at the end of memory */
static int read_step(int fd, const struct flag *flag, struct step *step)
{
	uint64_t word[STEP_PAGES];
	ssize_t bytes = read(fd, word, sizeof(word));
	unsigned long i;

	if (bytes <= 0)
		return 0;
	step->pages = 0;
	step->usable = bytes == sizeof(word);
	for (i = 0; i < bytes / sizeof(word[0]); i++) {
		step->pages += (word[i] & flag->set) && !(word[i] & flag->clear);
		if (word[i] & (NO_PAGE | RESERVED))
			step->usable = 0;
	}
	return 1;
}

static unsigned long read_all(const struct flag *flag, struct step **steps)
{
	int fd = open("/proc/kpageflags", O_RDONLY);
	unsigned long nr = 0, room = 1024;

	*steps = malloc(room * sizeof(**steps));
	while (*steps && fd >= 0 && read_step(fd, flag, *steps + nr)) {
		if (++nr == room) {
			room *= 2;
			*steps = realloc(*steps, room * sizeof(**steps));
		}
	}
	if (!nr) {
		printf("PAGES: /proc/kpageflags: %s\n", strerror(errno));
		exit(2);
	}
	close(fd);
	return nr;
}

/* Pages with the flag in [first, first + count), 0 if the steps are not all usable */
static unsigned long pages_in(const struct step *steps, unsigned long first, unsigned long count)
{
	unsigned long pages = 0, i;

	for (i = first; i < first + count; i++) {
		if (!steps[i].usable)
			return 0;
		pages += steps[i].pages;
	}
	return pages;
}

int main(int argc, char **argv)
{
	unsigned long nr, count, i, pages, best = 0, at = 0, sum = 0;
	const struct flag *flag;
	struct step *steps;

	if (argc < 2 || argc > 3) {
		printf("usage: pageflags FLAG [MIB]\n");
		return 2;
	}
	flag = find_flag(argv[1]);
	nr = read_all(flag, &steps);
	for (i = 0; i < nr; i++)
		sum += steps[i].pages;
	if (argc == 2) {
		printf("PAGES: %lu %s\n", sum, flag->name);
		return 0;
	}
	count = strtoul(argv[2], NULL, 0) * MIB_PAGES / STEP_PAGES;
	for (i = 0; i + count <= nr; i++) {
		pages = pages_in(steps, i, count);
		if (pages > best) {
			best = pages;
			at = i;
		}
	}
	printf("PAGES: %lu %s at %#lx\n", best, flag->name, at * STEP_PAGES * 4096);
	return !best;
}
