/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tests of crash images share: the reserved memory as /proc/iomem shows
 * it, the system calls for crash images, a look at the memory itself, and the
 * "kept" image, which is loaded before a test and must still be loaded after it.
 *
 * There are up to two reserved regions.  Crash images are loaded to the upper
 * one.  The lower one is for devices of the crash kernel, and never a
 * destination.
 *
 * The tests read memory through /proc/kcore.  Where that file is missing, or
 * cannot be read, they take the bytes to be as expected.
 */
#ifndef KEXEC_CRASH_TEST_H
#define KEXEC_CRASH_TEST_H

#include "kexec_file_test.h"

#include <elf.h>

#define CRASH_LOADED	"/sys/kernel/kexec_crash_loaded"
#define CRASH_SIZE	"/sys/kernel/kexec_crash_size"

#define CRASH		"Crash kernel"
#define RAM		"System RAM"

static inline long crash_load_at(unsigned long entry, unsigned long nr,
				 const struct segment *table,
				 unsigned long flags)
{
	return result(syscall(SYS_kexec_load, entry, nr, table,
			      flags | KEXEC_ON_CRASH));
}

static inline long crash_unload(void)
{
	return crash_load_at(0, 0, NULL, 0);
}

static inline long crash_loaded(void)
{
	return read_number(CRASH_LOADED);
}

/* --- /proc/iomem ------------------------------------------------------- */

/* Physical addresses; @end is exclusive. */
struct region {
	unsigned long start;
	unsigned long end;
};

static inline unsigned long region_size(const struct region *r)
{
	return r->end - r->start;
}

/* The regions of that name, ascending, up to @max; their number. */
static inline int find_regions(const char *name, struct region *out, int max)
{
	FILE *f = fopen("/proc/iomem", "re");
	char line[128], found[64];
	struct region r;
	int nr = 0;

	while (f && nr < max && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%lx-%lx : %63[^\n]", &r.start, &r.end,
			   found) != 3 || strcmp(found, name))
			continue;
		r.end++;
		out[nr++] = r;
	}
	if (f)
		fclose(f);
	return nr;
}

/* The region that crash images are loaded to; false if there is none. */
static inline bool find_crash_region(struct region *r)
{
	struct region all[2];
	int nr = find_regions(CRASH, all, 2);

	if (nr)
		*r = all[nr - 1];
	return nr;
}

/* The region that they are not loaded to; false if there is none. */
static inline bool find_low_region(struct region *r)
{
	struct region all[2];

	if (find_regions(CRASH, all, 2) < 2)
		return false;
	*r = all[0];
	return true;
}

/* --- memory itself ----------------------------------------------------- */

/* Read @size bytes at a physical address; false if that is impossible. */
static inline bool read_memory(unsigned long at, void *buf, size_t size)
{
	int fd = open("/proc/kcore", O_RDONLY | O_CLOEXEC), i;
	bool done = false;
	Elf64_Ehdr ehdr;
	Elf64_Phdr phdr;

	if (fd < 0)
		return false;
	if (pread(fd, &ehdr, sizeof(ehdr), 0) != sizeof(ehdr))
		ehdr.e_phnum = 0;
	for (i = 0; !done && i < ehdr.e_phnum; i++) {
		if (pread(fd, &phdr, sizeof(phdr), ehdr.e_phoff +
			  i * sizeof(phdr)) != sizeof(phdr))
			break;
		if (phdr.p_type != PT_LOAD || at < phdr.p_paddr ||
		    at - phdr.p_paddr + size > phdr.p_filesz)
			continue;
		done = pread(fd, buf, size, phdr.p_offset + at - phdr.p_paddr) ==
		       (ssize_t)size;
	}
	close(fd);
	return done;
}

/* Whether all of @size bytes are @byte; true without /proc/kcore. */
static inline bool memory_is(unsigned long at, char byte, size_t size)
{
	char page[PAGE];
	size_t i, n;

	for (; size; size -= n, at += n) {
		n = size < PAGE ? size : PAGE;
		if (!read_memory(at, page, n))
			return access("/proc/kcore", R_OK);
		for (i = 0; i < n; i++)
			if (page[i] != byte)
				return false;
	}
	return true;
}

/* --- the kept image ---------------------------------------------------- */

/* A MiB into the region, where other tests load to as well. */
#define KEPT_AT		MIB
#define KEPT_SIZE	(4 * PAGE)
#define KEPT_BYTE	'K'

static inline struct segment kept_segment(const struct region *r)
{
	static char bytes[KEPT_SIZE];

	memset(bytes, KEPT_BYTE, sizeof(bytes));
	return (struct segment) {
		.buf = bytes, .bufsz = sizeof(bytes),
		.mem = r->start + KEPT_AT, .memsz = sizeof(bytes),
	};
}

static inline long load_kept(const struct region *r)
{
	struct segment s = kept_segment(r);

	return crash_load_at(r->start, 1, &s, 0);
}

/*
 * A load that failed must leave the kept image.  Stock 6.12 drops an image as
 * soon as the next load begins.
 */
static inline void check_kept(struct __test_metadata *_metadata,
			      const struct region *r)
{
	if (mute())
		return;
	EXPECT_EQ(1, crash_loaded())
		TH_LOG("the crash image loaded before is gone");
	EXPECT_TRUE(memory_is(r->start + KEPT_AT, KEPT_BYTE, KEPT_SIZE))
		TH_LOG("the crash image loaded before was overwritten");
}

/* --- refusals ---------------------------------------------------------- */

struct crash_call {
	unsigned long entry;
	unsigned long nr;
	const struct segment *table;
	unsigned long flags;
};

static inline long make_crash_call(const struct crash_call *c)
{
	return crash_load_at(c->entry, c->nr, c->table, c->flags);
}

/* As expect_refusal(): the log takes only so many lines of a rule. */
static inline void expect_crash_refusal(struct __test_metadata *_metadata,
					struct kmsg *k,
					const struct crash_call *c, int err,
					const char *const *says)
{
	time_t end = time(NULL) + RATELIMIT_SECONDS;
	int calls = 0, lines;
	long rc;

	do {
		rc = make_crash_call(c);
		calls++;
		lines = kmsg_await_refusals(k, KMSG_GLANCE);
	} while (rc == -err && !lines && !mute() && time(NULL) <= end);
	EXPECT_EQ(-err, rc);
	check_lines(_metadata, k, lines <= calls ? !!lines : lines, says);
}

#endif /* KEXEC_CRASH_TEST_H */
