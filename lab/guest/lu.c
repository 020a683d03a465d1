// SPDX-License-Identifier: GPL-2.0-only
/*
 * Live update for tests: memory that crosses a kexec.
 *
 *	lu keep SESSION ITEM...		preserve the items in a new session, say "LU:
 *					kept" and stay until killed
 *	lu get SESSION ITEM...		retrieve the items and compare; stay until killed
 *					if the last word is "stay"
 *	lu drop SESSION			retrieve a session and finish it
 *	lu unmark FILE			damage the mark of live update in a bzImage
 *	lu cycle NAME			say which cycle it is, that NAME begins in
 *
 * Items have the tokens 1, 2, ...:
 *
 *	SIZE[/OPTION...]	a memfd of this size (K, M, G), each page with words of
 *				its own.  Options: hole (only every 16th page is written),
 *				sealed, huge, at=POSITION, copy (say how long a copy takes,
 *				too), swap (push it out before; lu's group for memory is
 *				that in LU_GROUP), node=NODE (its memory is of that node),
 *				shown (say where its first page lies: "LU: first page
 *				before at ADDRESS", "LU: first page at ADDRESS")
 *	@DIRECTORY		the tmpfs that is mounted there, or is to be mounted there
 *	stdin			what is not to be preserved
 *
 * Times are printed in microseconds.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/types.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "../../include/uapi/linux/liveupdate.h"
#include "size.h"

#define PAGE		4096
#define MPOL_BIND	2
#define PFN_MASK	((1ULL << 55) - 1)
#define WORDS		(PAGE / sizeof(uint64_t))

#ifndef SYS_move_mount
#define SYS_move_mount	429
#endif
#ifndef MOVE_MOUNT_F_EMPTY_PATH
#define MOVE_MOUNT_F_EMPTY_PATH	4
#endif

struct item {
	const char *text;
	const char *directory;
	uint64_t size;
	uint64_t position;
	int hole, sealed, huge, swap, copy, input, shown;
	int node;	/* plus 1 */
};

static void fail(const char *what)
{
	printf("LU: FAILED %s: %s\n", what, strerror(errno));
	exit(1);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e6 + t.tv_nsec / 1e3;
}

static struct item parse(const char *text)
{
	struct item item = { .text = text };
	char *copy = strdup(text), *word, *end;

	if (*text == '@') {
		item.directory = text + 1;
		return item;
	}
	if (!strcmp(text, "stdin")) {
		item.input = 1;
		return item;
	}
	word = strtok(copy, "/");
	item.size = parse_size(word, &end);
	while ((word = strtok(NULL, "/"))) {
		if (!strcmp(word, "hole"))
			item.hole = 1;
		else if (!strcmp(word, "sealed"))
			item.sealed = 1;
		else if (!strcmp(word, "huge"))
			item.huge = 1;
		else if (!strcmp(word, "swap"))
			item.swap = 1;
		else if (!strcmp(word, "copy"))
			item.copy = 1;
		else if (!strcmp(word, "shown"))
			item.shown = 1;
		else if (!strncmp(word, "node=", 5))
			item.node = atoi(word + 5) + 1;
		else if (!strncmp(word, "at=", 3))
			item.position = parse_size(word + 3, &end);
	}
	free(copy);
	return item;
}

static uint64_t word_of(uint64_t token, uint64_t page, uint64_t i)
{
	return (token * 0x9e3779b97f4a7c15ull ^ page * 0xc2b2ae3d27d4eb4full) + i * i;
}

static int written(const struct item *item, uint64_t page)
{
	return !item->hole || page % 16 == 3;
}

static unsigned int seals_of(const struct item *item)
{
	return item->sealed ? F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE : 0;
}

static uint64_t *map(int fd, const struct item *item, int prot)
{
	void *at = mmap(NULL, item->size, prot, MAP_SHARED, fd, 0);

	if (at == MAP_FAILED)
		fail("mmap");
	return at;
}

/* Bytes of the last page behind the end of the file are not the file's. */
static uint64_t words_in(const struct item *item, uint64_t page)
{
	uint64_t left = item->size - page * PAGE;

	return left < PAGE ? left / 8 : WORDS;
}

static int in_memory(void *at, uint64_t size)
{
	uint64_t pages = (size + PAGE - 1) / PAGE, found = 0, i;
	unsigned char *in = malloc(pages);

	if (!in || mincore(at, size, in))
		fail("mincore");
	for (i = 0; i < pages; i++)
		found += in[i] & 1;
	free(in);
	return found != 0;
}

/* What has been written to swap is freed when memory is reclaimed next. */
static void push_out(void *at, uint64_t size)
{
	char path[256];
	int reclaim;

	snprintf(path, sizeof(path), "%s/memory.reclaim", getenv("LU_GROUP"));
	reclaim = open(path, O_WRONLY);
	if (reclaim < 0 || madvise(at, size, MADV_PAGEOUT))
		fail(path);
	/* It fails as long as pages are being written. */
	while (in_memory(at, size)) {
		if (write(reclaim, "1G", 2) < 0 && errno != EAGAIN)
			fail(path);
	}
	close(reclaim);
}

static void fill(int fd, const struct item *item, uint64_t token)
{
	uint64_t *at = map(fd, item, PROT_READ | PROT_WRITE), page, i;

	unsigned long node = item->node ? 1UL << (item->node - 1) : 0;

	if (node && syscall(SYS_mbind, at, item->size, MPOL_BIND, &node, 8 * sizeof(node), 0))
		fail("mbind");
	if (item->huge && madvise(at, item->size, MADV_HUGEPAGE))
		fail("MADV_HUGEPAGE");
	for (page = 0; page * PAGE < item->size; page++) {
		for (i = 0; written(item, page) && i < words_in(item, page); i++)
			at[page * WORDS + i] = word_of(token, page, i);
	}
	if (item->swap)
		push_out(at, item->size);
	munmap(at, item->size);
}

static void show(int fd, const struct item *item, const char *when)
{
	volatile uint64_t *at = map(fd, item, PROT_READ);
	int pagemap = open("/proc/self/pagemap", O_RDONLY);
	uint64_t entry = *at;	/* the page is mapped from here on */

	if (pread(pagemap, &entry, sizeof(entry), (uintptr_t)at / PAGE * 8) != sizeof(entry))
		fail("pagemap");
	printf("LU: first page%s at %#llx\n", when, (unsigned long long)(entry & PFN_MASK) * PAGE);
	close(pagemap);
	munmap((void *)at, item->size);
}

static int make(const struct item *item, uint64_t token)
{
	char name[32];
	int fd;

	if (item->input)
		return 0;
	if (item->directory) {
		fd = open(item->directory, O_RDONLY | O_DIRECTORY);
		if (fd < 0)
			fail(item->directory);
		return fd;
	}
	snprintf(name, sizeof(name), "lu-%d", (int)token);
	fd = memfd_create(name, MFD_ALLOW_SEALING);
	if (fd < 0 || ftruncate(fd, item->size))
		fail("memfd");
	if (item->size)
		fill(fd, item, token);
	if (fcntl(fd, F_ADD_SEALS, seals_of(item)))
		fail("F_ADD_SEALS");
	if (lseek(fd, item->position, SEEK_SET) < 0)
		fail("lseek");
	return fd;
}

static int open_session(const char *name, unsigned long request)
{
	struct liveupdate_ioctl_create_session session = { .size = sizeof(session) };
	int device = open("/dev/liveupdate", O_RDWR | O_CLOEXEC);

	if (device < 0)
		fail("/dev/liveupdate");
	strncpy((char *)session.name, name, sizeof(session.name) - 1);
	if (ioctl(device, request, &session))
		fail(name);
	close(device);
	return session.fd;
}

static void keep(const char *name, char **items)
{
	int session = open_session(name, LIVEUPDATE_IOCTL_CREATE_SESSION);
	struct liveupdate_session_preserve_fd preserve = { .size = sizeof(preserve) };
	double start, spent = 0;

	for (; *items; items++) {
		struct item item = parse(*items);

		preserve.token++;
		preserve.fd = make(&item, preserve.token);
		if (item.shown)
			show(preserve.fd, &item, " before");
		start = now();
		if (ioctl(session, LIVEUPDATE_SESSION_PRESERVE_FD, &preserve))
			fail(*items);
		spent += now() - start;
		if (item.shown)
			show(preserve.fd, &item, "");
	}
	printf("LU: kept %llu in %.0f us\n", (unsigned long long)preserve.token, spent);
	fflush(stdout);
	for (;;)
		pause();
}

static void differs(const struct item *item, const char *what, uint64_t is, uint64_t should)
{
	printf("LU: FAILED %s: %s is %#llx, not %#llx\n", item->text, what,
	       (unsigned long long)is, (unsigned long long)should);
	exit(1);
}

static void compare(int fd, const struct item *item, uint64_t token)
{
	uint64_t *at = map(fd, item, PROT_READ), page, i, should;

	for (page = 0; page * PAGE < item->size; page++) {
		for (i = 0; i < words_in(item, page); i++) {
			should = written(item, page) ? word_of(token, page, i) : 0;
			if (at[page * WORDS + i] != should)
				differs(item, "a word", at[page * WORDS + i], should);
		}
	}
	munmap(at, item->size);
}

/* What programs do that carry memory from kernel to kernel, once each way. */
static void copy(int fd, const struct item *item)
{
	char *at = (char *)map(fd, item, PROT_READ);
	int to = memfd_create("copy", 0);
	uint64_t done = 0;
	double start = now();
	ssize_t part;

	/* QEMU's TCG is slow where source and destination move in step. */
	while (done < item->size) {
		part = pwrite(to, at + done, item->size - done, done + 107 * PAGE);
		if (part <= 0)
			fail("pwrite");
		done += part;
	}
	printf("LU: copied in %.0f us\n", now() - start);
	munmap(at, item->size);
	close(to);
}

static void check(int fd, const struct item *item, uint64_t token)
{
	unsigned int seals = fcntl(fd, F_GET_SEALS);

	if ((uint64_t)lseek(fd, 0, SEEK_CUR) != item->position)
		differs(item, "the position", lseek(fd, 0, SEEK_CUR), item->position);
	if ((uint64_t)lseek(fd, 0, SEEK_END) != item->size)
		differs(item, "the size", lseek(fd, 0, SEEK_END), item->size);
	if (seals != seals_of(item))
		differs(item, "seals", seals, seals_of(item));
	if (item->size)
		compare(fd, item, token);
	if (item->copy)
		copy(fd, item);
}

static void place(int fd, const struct item *item)
{
	if (syscall(SYS_move_mount, fd, "", AT_FDCWD, item->directory,
		    MOVE_MOUNT_F_EMPTY_PATH))
		fail("move_mount");
	close(fd);
}

static void get(const char *name, char **items)
{
	int session = open_session(name, LIVEUPDATE_IOCTL_RETRIEVE_SESSION);
	struct liveupdate_session_retrieve_fd retrieve = { .size = sizeof(retrieve) };
	struct liveupdate_session_finish finish = { .size = sizeof(finish) };
	double start, spent = 0;

	for (; *items && strcmp(*items, "stay"); items++) {
		struct item item = parse(*items);

		retrieve.token++;
		start = now();
		if (ioctl(session, LIVEUPDATE_SESSION_RETRIEVE_FD, &retrieve))
			fail(*items);
		spent += now() - start;
		if (item.directory)
			place(retrieve.fd, &item);
		else
			check(retrieve.fd, &item, retrieve.token);
	}
	if (ioctl(session, LIVEUPDATE_SESSION_FINISH, &finish))
		fail("FINISH");
	printf("LU: got %llu in %.0f us\n", (unsigned long long)retrieve.token, spent);
	fflush(stdout);
	if (*items)
		pause();
}

static void drop(const char *name)
{
	struct liveupdate_session_finish finish = { .size = sizeof(finish) };
	int session = open_session(name, LIVEUPDATE_IOCTL_RETRIEVE_SESSION);

	if (ioctl(session, LIVEUPDATE_SESSION_FINISH, &finish))
		fail("FINISH");
	printf("LU: dropped\n");
}

static void unmark(const char *path)
{
	static const char mark[] = "LUpd\x0c";
	int fd = open(path, O_RDWR);
	off_t size = lseek(fd, 0, SEEK_END);
	char *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	char *found = at == MAP_FAILED ? NULL : memmem(at, size, mark, sizeof(mark));

	if (!found)
		fail(path);
	*found = 'l';
}

int main(int argc, char **argv)
{
	if (argc < 3)
		return 2;
	if (!strcmp(argv[1], "keep"))
		keep(argv[2], argv + 3);
	else if (!strcmp(argv[1], "get"))
		get(argv[2], argv + 3);
	else if (!strcmp(argv[1], "drop"))
		drop(argv[2]);
	else if (!strcmp(argv[1], "cycle"))
		printf("LU: %s at cycle %llu\n", argv[2],
		       (unsigned long long)__builtin_ia32_rdtsc());
	else if (!strcmp(argv[1], "unmark"))
		unmark(argv[2]);
	else
		return 2;
	return 0;
}
