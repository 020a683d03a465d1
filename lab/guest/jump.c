// SPDX-License-Identifier: GPL-2.0-only
/*
 * jump ROUNDS [MIB]: jump so often to the image that is loaded, which returns, and look each time
 * whether anything has suffered. jump -t: once, and only take the time.
 *
 * With MIB, workers are busy meanwhile: one with so much memory of its own, others with a file, a
 * pipe, a TCP connection, a timer, FPU registers. Each checks what it reads against what it wrote
 * and counts its rounds; after each jump all of them must get on with it. What the jump could spoil
 * for the caller alone is checked by the caller: FPU registers, a debug register, the bases of FS
 * and GS.
 *
 *	JUMP: back N after C cycles	after each jump that has spoilt nothing; there, and back
 *	JUMP: BAD ...	what was spoilt; the exit status is 1
 */
#include <arpa/inet.h>
#include <asm/prctl.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/hw_breakpoint.h>
#include <linux/perf_event.h>
#include <linux/reboot.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define PAGE_WORDS	512
#define BLOCK_WORDS	1024
#define FILE_BLOCKS	2048			/* 16 MiB */
#define TICK_NS		20000000
#define NS		1000000000ULL
#define PATIENCE	300			/* seconds that a worker may take for two rounds */

#define REBOOT_MAGIC1	0xfee1dead
#define REBOOT_MAGIC2	672274793

struct worker {
	const char *name;
	void (*work)(struct worker *self);
	volatile uint64_t rounds;
	volatile uint64_t bad;
};

static struct worker *workers;
static unsigned long own_mib;

static void die(const char *what)
{
	printf("JUMP: BAD %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t word(uint64_t a, uint64_t b)
{
	uint64_t x = (a * 0x100000001b3ULL + b + 1) * 0x9e3779b97f4a7c15ULL;

	return x ^ (x >> 31);
}

static void work_memory(struct worker *self)
{
	uint64_t words = (own_mib << 20) / 8, i, round;
	uint64_t *memory = mmap(NULL, words * 8, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		die("mmap");
	for (i = 0; i < words; i++)
		memory[i] = word(0, i);
	for (round = 1;; round++) {
		for (i = 0; i < words; i++) {
			self->bad += memory[i] != word(round - 1, i);
			memory[i] = word(round, i);
		}
		self->rounds = round;
	}
}

static void fill_block(uint64_t *block, uint64_t number)
{
	for (uint64_t i = 0; i < BLOCK_WORDS; i++)
		block[i] = word(number, i);
}

static uint64_t bad_words(const uint64_t *block, uint64_t number)
{
	uint64_t i, bad = 0;

	for (i = 0; i < BLOCK_WORDS; i++)
		bad += block[i] != word(number, i);
	return bad;
}

static void write_all(int fd, const void *from, size_t left)
{
	ssize_t n;

	for (; left; left -= n, from += n) {
		n = write(fd, from, left);
		if (n <= 0)
			die("write");
	}
}

static void read_all(int fd, void *to, size_t left)
{
	ssize_t n;

	for (; left; left -= n, to += n) {
		n = read(fd, to, left);
		if (n <= 0)
			die("read");
	}
}

static void work_file(struct worker *self)
{
	uint64_t block[BLOCK_WORDS], i;
	int fd = open("/tmp/jump.file", O_RDWR | O_CREAT | O_TRUNC, 0600);

	if (fd < 0)
		die("/tmp/jump.file");
	for (i = 0; i < FILE_BLOCKS; i++) {
		fill_block(block, i);
		write_all(fd, block, sizeof(block));
	}
	for (;; self->rounds++) {
		lseek(fd, 0, SEEK_SET);
		for (i = 0; i < FILE_BLOCKS; i++) {
			read_all(fd, block, sizeof(block));
			self->bad += bad_words(block, i);
		}
	}
}

/* As much as the way between the two holds is always under way. */
static void stream(struct worker *self, int from, int to)
{
	uint64_t block[BLOCK_WORDS], number;

	if (!fork()) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (number = 0;; number++) {
			fill_block(block, number);
			write_all(to, block, sizeof(block));
		}
	}
	for (number = 0;; number++) {
		read_all(from, block, sizeof(block));
		self->bad += bad_words(block, number);
		self->rounds = number;
	}
}

static void work_pipe(struct worker *self)
{
	int end[2];

	if (pipe(end))
		die("pipe");
	stream(self, end[0], end[1]);
}

static void work_tcp(struct worker *self)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	socklen_t size = sizeof(at);
	int door = socket(AF_INET, SOCK_STREAM, 0), from, to = socket(AF_INET, SOCK_STREAM, 0);

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (door < 0 || to < 0 || bind(door, (void *)&at, sizeof(at)) || listen(door, 1) ||
	    getsockname(door, (void *)&at, &size) || connect(to, (void *)&at, sizeof(at)))
		die("TCP");
	from = accept(door, NULL, NULL);
	if (from < 0)
		die("accept");
	stream(self, from, to);
}

static uint64_t now(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * NS + t.tv_nsec;
}

/* The timer has expired as often as its clock says. */
static void work_timer(struct worker *self)
{
	struct itimerspec every = { { 0, TICK_NS }, { 0, TICK_NS } };
	int fd = timerfd_create(CLOCK_MONOTONIC, 0);
	uint64_t before = now(CLOCK_MONOTONIC), after, ticks = 0, more, least;

	if (fd < 0 || timerfd_settime(fd, 0, &every, NULL))
		die("timerfd");
	after = now(CLOCK_MONOTONIC);
	for (;; self->rounds++) {
		least = (now(CLOCK_MONOTONIC) - after) / TICK_NS;
		read_all(fd, &more, sizeof(more));
		ticks += more;
		self->bad += ticks < least || ticks > (now(CLOCK_MONOTONIC) - before) / TICK_NS;
	}
}

/* Sixteen registers that hold a pattern; what they hold later goes to @after. */
#define LOAD_FPU	".irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n"	\
			"movdqu \\n*16(%[before]), %%xmm\\n\n.endr\n"
#define STORE_FPU	".irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n"	\
			"movdqu %%xmm\\n, \\n*16(%[after])\n.endr\n"
#define FPU_CLOBBERS	"memory", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", \
			"xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15"
#define FPU_WORDS	32

static void work_fpu(struct worker *self)
{
	uint64_t before[FPU_WORDS], after[FPU_WORDS], i, spins;

	for (;; self->rounds++) {
		for (i = 0; i < FPU_WORDS; i++)
			before[i] = word(self->rounds, i);
		spins = 10000000;
		asm volatile(LOAD_FPU "1: dec %[spins]\njnz 1b\n" STORE_FPU
			     : [spins] "+r" (spins)
			     : [before] "r" (before), [after] "r" (after) : FPU_CLOBBERS);
		self->bad += memcmp(before, after, sizeof(before)) != 0;
	}
}

static const struct worker all[] = {
	{ .name = "memory", .work = work_memory },
	{ .name = "file", .work = work_file },
	{ .name = "pipe", .work = work_pipe },
	{ .name = "TCP", .work = work_tcp },
	{ .name = "timer", .work = work_timer },
	{ .name = "FPU", .work = work_fpu },
};

#define WORKERS		(sizeof(all) / sizeof(all[0]))

static void start_workers(void)
{
	workers = mmap(NULL, sizeof(all), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	memcpy(workers, all, sizeof(all));
	for (unsigned long i = 0; i < WORKERS; i++)
		if (!fork()) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			workers[i].work(&workers[i]);
		}
}

/* A round that begins from now on has ended, for each worker. */
static void await_workers(void)
{
	uint64_t until = now(CLOCK_MONOTONIC) + PATIENCE * NS, seen[WORKERS];
	unsigned long i;

	for (i = 0; i < WORKERS; i++)
		seen[i] = workers[i].rounds;
	for (i = 0; i < WORKERS; i++) {
		while (workers[i].rounds < seen[i] + 2 && now(CLOCK_MONOTONIC) < until)
			usleep(10000);
		if (workers[i].rounds < seen[i] + 2)
			printf("JUMP: BAD %s: stands still\n", workers[i].name);
		else if (workers[i].bad)
			printf("JUMP: BAD %s: %lu wrong\n", workers[i].name, workers[i].bad);
		else
			continue;
		exit(1);
	}
}

static long jump(void)
{
	static uint64_t before[FPU_WORDS], after[FPU_WORDS];
	long rc = SYS_reboot;

	for (int i = 0; i < FPU_WORDS; i++)
		before[i] = word(~0UL, i);
	register const void *argument asm("r10") = NULL;
	asm volatile(LOAD_FPU "syscall\n" STORE_FPU
		     : "+a" (rc)
		     : "D" (REBOOT_MAGIC1), "S" (REBOOT_MAGIC2), "d" (LINUX_REBOOT_CMD_KEXEC),
		       "r" (argument), [before] "r" (before), [after] "r" (after)
		     : "rcx", "r11", FPU_CLOBBERS);
	if (memcmp(before, after, sizeof(before))) {
		printf("JUMP: BAD FPU registers of the caller\n");
		exit(1);
	}
	return rc;
}

static volatile uint32_t watched;

static int watch(void)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_BREAKPOINT, .size = sizeof(attr), .bp_type = HW_BREAKPOINT_W,
		.bp_addr = (unsigned long)&watched, .bp_len = HW_BREAKPOINT_LEN_4,
		.exclude_kernel = 1,
	};
	cpu_set_t first;
	int fd;

	/* Of the CPU, not of the task: nobody sets it again because the task is scheduled. */
	CPU_ZERO(&first);
	CPU_SET(0, &first);
	if (sched_setaffinity(0, sizeof(first), &first))
		die("sched_setaffinity");
	fd = syscall(SYS_perf_event_open, &attr, -1, 0, -1, 0);
	if (fd < 0)
		die("perf_event_open");
	return fd;
}

static void check_watch(int fd, uint64_t wanted)
{
	uint64_t count;

	watched++;
	read_all(fd, &count, sizeof(count));
	if (count != wanted) {
		printf("JUMP: BAD %lu of %lu writes were seen by the debug register\n", count, wanted);
		exit(1);
	}
}

#define GS_BASE		0x5e1f000UL

static void check_bases(void)
{
	static __thread int own = 0x5e1f;
	unsigned long base = 0;

	if (syscall(SYS_arch_prctl, ARCH_GET_GS, &base) || base != GS_BASE || own != 0x5e1f) {
		printf("JUMP: BAD base of FS or GS: %#lx\n", base);
		exit(1);
	}
}

static int time_one(void)
{
	uint64_t since = __builtin_ia32_rdtsc();
	long rc = jump();

	printf("JUMP: back 1 after %llu cycles\n", __builtin_ia32_rdtsc() - since);
	return rc != 0;
}

static int check_many(unsigned long rounds)
{
	int fd = watch();
	uint64_t since;
	unsigned long i;
	long rc;

	syscall(SYS_arch_prctl, ARCH_SET_GS, GS_BASE);
	if (own_mib) {
		start_workers();
		await_workers();
	}
	for (i = 1; i <= rounds; i++) {
		since = __builtin_ia32_rdtsc();
		rc = jump();
		since = __builtin_ia32_rdtsc() - since;
		if (rc) {
			printf("JUMP: errno=%ld\n", -rc);
			return 1;
		}
		check_watch(fd, i);
		check_bases();
		if (own_mib)
			await_workers();
		printf("JUMP: back %lu after %lu cycles\n", i, since);
	}
	return 0;
}

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc == 2 && !strcmp(argv[1], "-t"))
		return time_one();
	own_mib = argc > 2 ? strtoul(argv[2], NULL, 0) : 0;
	return check_many(argc > 1 ? strtoul(argv[1], NULL, 0) : 1);
}
