// SPDX-License-Identifier: GPL-2.0-only
/*
 * sleepfs: a FUSE file system with one file, "file", whose bytes never arrive.
 *
 *	sleepfs DIRECTORY SIZE
 *
 * Mounts itself there and says so, "SLEEPFS: mounted". Every request is answered but READ: who
 * waits for a page of the file waits until sleepfs ends, and so does the page, locked.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_NODE	2
#define VALID_SECONDS	3600
#define NO_BOUND	65535

static unsigned long file_size;

static void die(const char *what)
{
	printf("SLEEPFS: cannot go on: %s: %s\n", what, strerror(errno));
	exit(2);
}

static void reply(int fd, const struct fuse_in_header *in, int error, const void *body, size_t size)
{
	static char answer[4096];
	struct fuse_out_header *out = (void *)answer;

	out->len = sizeof(*out) + size;
	out->error = error;
	out->unique = in->unique;
	memcpy(out + 1, body, size);
	if (write(fd, answer, out->len) != out->len)
		die("an answer");
}

static struct fuse_attr attributes(uint64_t node)
{
	struct fuse_attr attr = { .ino = node, .nlink = 1, .mode = S_IFDIR | 0755 };

	if (node == FILE_NODE) {
		attr.mode = S_IFREG | 0644;
		attr.size = file_size;
	}
	return attr;
}

static void answer_init(int fd, const struct fuse_in_header *in)
{
	struct fuse_init_out out = {
		.major = FUSE_KERNEL_VERSION,
		.minor = FUSE_KERNEL_MINOR_VERSION,
		.max_readahead = 1 << 20,
		.flags = FUSE_ASYNC_READ,
		.max_background = NO_BOUND,
		.congestion_threshold = NO_BOUND,
		.max_write = 1 << 17,
	};

	reply(fd, in, 0, &out, sizeof(out));
}

static void answer_lookup(int fd, const struct fuse_in_header *in)
{
	struct fuse_entry_out out = {
		.nodeid = FILE_NODE,
		.entry_valid = VALID_SECONDS,
		.attr_valid = VALID_SECONDS,
		.attr = attributes(FILE_NODE),
	};

	if (strcmp((const char *)(in + 1), "file"))
		reply(fd, in, -ENOENT, NULL, 0);
	else
		reply(fd, in, 0, &out, sizeof(out));
}

static void answer_getattr(int fd, const struct fuse_in_header *in)
{
	struct fuse_attr_out out = {
		.attr_valid = VALID_SECONDS,
		.attr = attributes(in->nodeid),
	};

	reply(fd, in, 0, &out, sizeof(out));
}

static void answer(int fd, const struct fuse_in_header *in)
{
	struct fuse_open_out opened = {};

	switch (in->opcode) {
	case FUSE_INIT: answer_init(fd, in); break;
	case FUSE_LOOKUP: answer_lookup(fd, in); break;
	case FUSE_GETATTR: answer_getattr(fd, in); break;
	case FUSE_OPEN: reply(fd, in, 0, &opened, sizeof(opened)); break;
	case FUSE_READ:
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
	case FUSE_INTERRUPT:
		break;
	default: reply(fd, in, -ENOSYS, NULL, 0);
	}
}

int main(int argc, char **argv)
{
	static char request[1 << 18] __attribute__((aligned(8)));
	int fd = open("/dev/fuse", O_RDWR);
	char options[64];

	if (argc != 3) {
		printf("usage: sleepfs DIRECTORY SIZE\n");
		return 2;
	}
	file_size = strtoul(argv[2], NULL, 0);
	snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=0,group_id=0", fd);
	if (fd < 0 || mount("sleepfs", argv[1], "fuse", 0, options))
		die("mount");
	printf("SLEEPFS: mounted\n");
	fflush(stdout);
	for (;;) {
		if (read(fd, request, sizeof(request)) > 0)
			answer(fd, (void *)request);
		else if (errno != EINTR && errno != ENOENT)
			die("/dev/fuse");
	}
}
