// SPDX-License-Identifier: GPL-2.0-only
/*
 * kload: calls kexec_load(2) directly, with segments of known content and the probe before them.
 *
 *	kload [options] [ADDRESS:BUFSZ:MEMSZ ...]	sizes take K, M, G
 *	  -p ADDRESS	the probe goes here, as first segment and entry; its table names the others
 *	  -j ADDRESS	the peer, an image that returns, goes here likewise
 *	  -x		the peer raises an exception instead of returning
 *	  -i		the peer returns at once
 *	  -e		execute the image loaded (nothing is loaded if no segment is given)
 *	  -u		unload
 *	  -f FLAGS	flags of kexec_load
 *	  -n ROUNDS	load so often, each time with another pattern
 *	  -b INDEX	the last page of this segment's buffer cannot be read
 *	  -k SIZE	load in a child that gets SIGKILL when SIZE of memory has gone into the load
 *	  -m		sample free memory while the load runs, print the peak and what is kept
 *	  -o PAGES	the buffers start so many pages behind a boundary of 2 MiB (default: 37; destinations
 *			are aligned, and a copy between pages with the same low bits misses in QEMU's TLB)
 *	  -c		first copy the same bytes elsewhere, to compare: "KLOAD: copy us=T"
 *
 * Each load prints one line, "KLOAD: load rc=R errno=E ms=T us=T". The exit status is 0 if all calls
 * returned 0; whether another outcome is the right one is the caller's to judge.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/kexec.h>
#include <linux/reboot.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "../probe/probe.h"
#include "memory.h"
#include "size.h"

#define PAGE		4096UL
#define ROUND_UP(x)	(((x) + PAGE - 1) & ~(PAGE - 1))
#define BLOCK		(2UL << 20)

static struct options {
	int execute, unload, measure, bad, copy;
	unsigned long flags, rounds, kill_at, probe, mode, offset;
	const char *file;
} opt = { .rounds = 1, .bad = -1, .offset = 37, .file = "/lab/probe.bin" };

static struct kexec_segment segments[KEXEC_SEGMENT_MAX + 1];
static unsigned long nr_segments;
static struct probe_table *table;

static void die(const char *what)
{
	printf("KLOAD: cannot go on: %s: %s\n", what, strerror(errno));
	exit(2);
}

static unsigned long parse_one(const char *s)
{
	char *end;
	unsigned long value = parse_size(s, &end);

	if (*end) {
		printf("KLOAD: not a size: %s\n", s);
		exit(2);
	}
	return value;
}

static void *memory(unsigned long size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		die("mmap");
	return p;
}

static void *buffer(unsigned long size)
{
	uintptr_t p = (uintptr_t)memory(ROUND_UP(size) + PAGE + BLOCK + opt.offset * PAGE);

	return (void *)((p + BLOCK - 1) / BLOCK * BLOCK + opt.offset * PAGE);
}

static void add_segment(const char *spec)
{
	struct kexec_segment *s = &segments[nr_segments];
	unsigned long field[3];
	char *at = (char *)spec;
	int i;

	if (nr_segments > KEXEC_SEGMENT_MAX) {
		printf("KLOAD: too many segments\n");
		exit(2);
	}
	for (i = 0; i < 3; i++) {
		field[i] = parse_size(at, &at);
		if (*at != (i < 2 ? ':' : '\0')) {
			printf("KLOAD: not ADDRESS:BUFSZ:MEMSZ: %s\n", spec);
			exit(2);
		}
		at++;
	}
	s->mem = (void *)field[0];
	s->bufsz = field[1];
	s->memsz = field[2];
	s->buf = buffer(s->bufsz);
	nr_segments++;
}

/* The table starts where the file ends: the probe looks for it there */
static void add_probe(void)
{
	struct kexec_segment *s = &segments[nr_segments++];
	int fd = open(opt.file, O_RDONLY);
	struct stat st;
	void *image;

	if (fd < 0 || fstat(fd, &st))
		die(opt.file);
	s->mem = (void *)opt.probe;
	s->bufsz = st.st_size + sizeof(*table);
	s->memsz = ROUND_UP(s->bufsz);
	image = buffer(s->bufsz);
	s->buf = image;
	if (read(fd, image, st.st_size) != st.st_size)
		die(opt.file);
	close(fd);
	table = image + st.st_size;
	table->magic = PROBE_MAGIC;
	table->mode = opt.mode;
}

static void fill(const struct kexec_segment *s, uint64_t seed)
{
	uint64_t *p = (uint64_t *)s->buf;
	uint64_t i, end = (s->bufsz + 7) / 8;

	for (i = 0; i < end; i++)
		p[i] = probe_pattern(seed, i);
}

static void fill_segments(unsigned long round)
{
	unsigned long i, first = table ? 1 : 0;

	for (i = first; i < nr_segments; i++) {
		uint64_t seed = round * KEXEC_SEGMENT_MAX + i + 1;

		fill(&segments[i], seed);
		if (table)
			table->segment[i - 1] = (struct probe_segment) {
				(uint64_t)segments[i].mem, segments[i].bufsz,
				segments[i].memsz, seed
			};
	}
	if (table)
		table->count = nr_segments - 1;
}

static void spoil_buffer(const struct kexec_segment *s)
{
	char *last = (char *)s->buf + ROUND_UP(s->bufsz) - PAGE;

	if (mprotect(last, PAGE, PROT_NONE))
		die("mprotect");
}

static unsigned long now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static long call(unsigned long nr, unsigned long flags)
{
	return syscall(SYS_kexec_load, opt.probe, nr, segments, flags);
}

static int load(void)
{
	unsigned long start = now_us(), us;
	long rc = call(nr_segments, opt.flags);
	int error = rc ? errno : 0;

	us = now_us() - start;
	printf("KLOAD: load rc=%ld errno=%d ms=%lu us=%lu\n", rc, error, us / 1000, us);
	return rc != 0;
}

static int load_measured(void)
{
	struct memory memory;
	int failed;

	if (memory_start(&memory))
		die("pthread_create");
	failed = load();
	memory_report(&memory, "KLOAD");
	return failed;
}

/* The load is known to be under way by the memory that it takes */
static int load_killed(void)
{
	unsigned long before = free_kib(), start;
	int status = 0;
	pid_t child = fork();

	if (child < 0)
		die("fork");
	if (!child)
		_exit(load());
	while (free_kib() + opt.kill_at / 1024 > before)
		if (waitpid(child, &status, WNOHANG) == child) {
			printf("KLOAD: load ended before the kill\n");
			return 1;
		}
	start = now_us();
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
	printf("KLOAD: killed signal=%d ms=%lu\n",
	       WIFSIGNALED(status) ? WTERMSIG(status) : 0, (now_us() - start) / 1000);
	return !WIFSIGNALED(status);
}

/* To memory that is there already: no faults */
static void copy_segments(void)
{
	unsigned long i, size, start, us = 0;
	void *to;

	for (i = 0; i < nr_segments; i++) {
		size = ROUND_UP(segments[i].bufsz);
		to = memory(size);
		if (madvise(to, size, MADV_POPULATE_WRITE))
			die("MADV_POPULATE_WRITE");
		start = now_us();
		memcpy(to, segments[i].buf, segments[i].bufsz);
		us += now_us() - start;
		munmap(to, size);
	}
	printf("KLOAD: copy us=%lu\n", us);
}

static int load_once(unsigned long round)
{
	fill_segments(round);
	if (opt.copy)
		copy_segments();
	if (opt.bad >= 0)
		spoil_buffer(&segments[opt.bad]);
	if (opt.kill_at)
		return load_killed();
	return opt.measure ? load_measured() : load();
}

static int unload(void)
{
	long rc = call(0, opt.flags);

	printf("KLOAD: unload rc=%ld errno=%d\n", rc, rc ? errno : 0);
	return rc != 0;
}

static int execute(void)
{
	int rc;

	printf("KLOAD: executing at cycle %llx\n", __builtin_ia32_rdtsc());
	fflush(stdout);
	rc = reboot(LINUX_REBOOT_CMD_KEXEC);
	printf("KLOAD: execute rc=%d errno=%d\n", rc, rc ? errno : 0);
	return rc != 0;
}

static void parse_options(int argc, char **argv)
{
	int c;

	while ((c = getopt(argc, argv, "p:j:xieuf:n:b:k:mo:c")) != -1) {
		switch (c) {
		case 'p': opt.probe = parse_one(optarg); break;
		case 'j':
			opt.probe = parse_one(optarg);
			opt.file = "/lab/peer.bin";
			opt.flags |= KEXEC_PRESERVE_CONTEXT;
			break;
		case 'x': opt.mode = PROBE_RAISE; break;
		case 'i': opt.mode = PROBE_IDLE; break;
		case 'e': opt.execute = 1; break;
		case 'u': opt.unload = 1; break;
		case 'f': opt.flags = parse_one(optarg); break;
		case 'n': opt.rounds = parse_one(optarg); break;
		case 'b': opt.bad = parse_one(optarg); break;
		case 'k': opt.kill_at = parse_one(optarg); break;
		case 'm': opt.measure = 1; break;
		case 'o': opt.offset = parse_one(optarg); break;
		case 'c': opt.copy = 1; break;
		default: exit(2);
		}
	}
}

int main(int argc, char **argv)
{
	unsigned long round;
	int failed = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	parse_options(argc, argv);
	if (opt.probe)
		add_probe();
	for (; optind < argc; optind++)
		add_segment(argv[optind]);
	for (round = 0; nr_segments && round < opt.rounds; round++)
		failed |= load_once(round);
	if (opt.unload)
		failed |= unload();
	if (opt.execute && !failed)
		failed = execute();
	return failed;
}
