// SPDX-License-Identifier: GPL-2.0-only
/*
 * ahead: pages that wait for a read, spread over all memory.
 *
 *	ahead FILE SIZE		asks for SIZE bytes of the file to be read ahead, then reads a byte
 *
 * Nobody may ask for a physical page, so it takes most of the free memory, gives back as much of it
 * as the reads need, in pieces that are spread, asks for the reads, and gives back the rest. The
 * pages stay locked, without valid bytes, as long as the file does not answer. "AHEAD: asked" says
 * that all of this is done.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "take.h"

#define PIECE	(128UL << 10)

static void die(const char *what)
{
	printf("AHEAD: cannot go on: %s: %s\n", what, strerror(errno));
	exit(2);
}

static void give_back(char *memory, unsigned long size, unsigned long pieces)
{
	unsigned long distance = size / pieces & ~(PAGE - 1), i;

	for (i = 0; i < pieces; i++)
		if (madvise(memory + i * distance, PIECE, MADV_DONTNEED))
			die("MADV_DONTNEED");
}

static void read_ahead(int fd, unsigned long pieces)
{
	unsigned long i;

	for (i = 0; i < pieces; i++)
		if (readahead(fd, i * PIECE, PIECE))
			die("readahead");
}

int main(int argc, char **argv)
{
	unsigned long size, pieces;
	char *memory, byte;
	int fd;

	if (argc != 3) {
		printf("usage: ahead FILE SIZE\n");
		return 2;
	}
	fd = open(argv[1], O_RDONLY);
	if (fd < 0)
		die(argv[1]);
	pieces = strtoul(argv[2], NULL, 0) / PIECE;
	memory = take_memory(&size);
	if (!memory || !pieces || size / pieces < PIECE)
		die("taking memory");
	give_back(memory, size, pieces);
	read_ahead(fd, pieces);
	munmap(memory, size);
	printf("AHEAD: asked\n");
	fflush(stdout);
	if (read(fd, &byte, 1) < 0)
		die("read");
	return 0;
}
