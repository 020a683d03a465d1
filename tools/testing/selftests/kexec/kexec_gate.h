/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Stop a system call in its middle.
 *
 * The first page of a buffer that the call reads is registered with userfaultfd,
 * so the call blocks in the kernel, at the gate, until the test opens it (struct
 * gate).  A test can also kill a process that waits at a gate (struct victim).
 */
#ifndef KEXEC_GATE_H
#define KEXEC_GATE_H

#include "kexec_test.h"

#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <time.h>

struct gate {
	int uffd;
	int over[2];
	char *buf;
	unsigned long bytes;
	long (*call)(const struct gate *g);
	pthread_t caller;
	long rc;
};

static inline bool have_userfaultfd(void)
{
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC);

	close(fd);
	return fd >= 0;
}

/* A buffer of @bytes for @call, a system call that reads the buffer. */
static inline bool gate_init(struct gate *g, unsigned long bytes,
			     long (*call)(const struct gate *g))
{
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	struct uffdio_api api = { .api = UFFD_API };

	g->buf = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	g->bytes = bytes;
	g->call = call;
	g->uffd = syscall(SYS_userfaultfd, O_CLOEXEC);
	reg.range.start = (uintptr_t)g->buf;
	reg.range.len = PAGE;
	return g->buf != MAP_FAILED && g->uffd >= 0 &&
	       !ioctl(g->uffd, UFFDIO_API, &api) &&
	       !ioctl(g->uffd, UFFDIO_REGISTER, &reg) && !pipe(g->over);
}

static inline void *gate_call(void *arg)
{
	struct gate *g = arg;

	g->rc = g->call(g);
	close(g->over[1]);
	return NULL;
}

/*
 * Start the call; on return it waits in the kernel, at the gate.  False if the
 * call has ended without reaching the gate, which closes the pipe.
 */
static inline bool gate_start(struct gate *g)
{
	struct pollfd events[] = {
		{ .fd = g->uffd, .events = POLLIN },
		{ .fd = g->over[0] },
	};
	struct uffd_msg msg;

	return !pthread_create(&g->caller, NULL, gate_call, g) &&
	       poll(events, 2, -1) > 0 && events[0].revents &&
	       read(g->uffd, &msg, sizeof(msg)) == sizeof(msg) &&
	       msg.event == UFFD_EVENT_PAGEFAULT;
}

/*
 * Make a gate of @bytes and start @call, which waits at the gate on return.
 * False if the test is skipped, since without userfaultfd nothing stops the call.
 */
static inline bool start_gate_or_skip(struct __test_metadata *_metadata,
				      struct gate *g, unsigned long bytes,
				      long (*call)(const struct gate *g))
{
	if (!gate_init(g, bytes, call))
		SKIP(return false, "no userfaultfd for the kernel's own faults (CONFIG_USERFAULTFD)");
	ASSERT_TRUE(gate_start(g));
	return true;
}

/* The call reads zeroes and goes on. */
static inline void gate_open(struct gate *g)
{
	struct uffdio_zeropage zero = {
		.range = { .start = (uintptr_t)g->buf, .len = PAGE },
	};

	ioctl(g->uffd, UFFDIO_ZEROPAGE, &zero);
}

static inline long gate_finish(struct gate *g)
{
	gate_open(g);
	pthread_join(g->caller, NULL);
	close(g->uffd);
	return g->rc;
}

struct victim {
	pid_t pid;
	int said;	/* a pipe: a byte says that the call has begun to read */
};

/*
 * Start a process that makes @call with a buffer of @bytes.  With @wait the call
 * stops at the first byte of the buffer, otherwise it goes on from there.
 */
static inline void victim_start(struct victim *v, unsigned long bytes,
				long (*call)(const struct gate *g), bool wait)
{
	struct gate g;
	int said[2];

	if (pipe(said))
		return;
	v->said = said[0];
	v->pid = fork();
	if (v->pid) {
		close(said[1]);
		return;
	}
	if (!gate_init(&g, bytes, call) || !gate_start(&g))
		_exit(1);
	if (!wait)
		gate_open(&g);
	if (write(said[1], "", 1) != 1)
		_exit(1);
	pthread_join(g.caller, NULL);
	_exit(0);
}

static inline double seconds_between(const struct timespec *from,
				     const struct timespec *to)
{
	return to->tv_sec - from->tv_sec +
	       (to->tv_nsec - from->tv_nsec) / 1e9;
}

/* Seconds from the signal to the end, or -1 if it ended before. */
static inline double kill_and_wait(pid_t pid)
{
	struct timespec from, to;
	int status;

	clock_gettime(CLOCK_MONOTONIC, &from);
	kill(pid, SIGKILL);
	if (waitpid(pid, &status, 0) != pid || !WIFSIGNALED(status))
		return -1;
	clock_gettime(CLOCK_MONOTONIC, &to);
	return seconds_between(&from, &to);
}

/* Start a victim, and give it @ms milliseconds to reach its gate. */
static inline void victim_run(struct victim *v, unsigned long bytes,
			      long (*call)(const struct gate *g), int ms)
{
	struct pollfd said = { .events = POLLIN };

	victim_start(v, bytes, call, true);
	said.fd = v->said;
	poll(&said, 1, ms);
}

/* Kill the victim in the middle of its load; it must end within @limit seconds. */
static inline void kill_victim(struct __test_metadata *_metadata,
			       struct victim *v, double limit)
{
	double seconds = kill_and_wait(v->pid);

	close(v->said);
	TH_LOG("gone after %.3f s, may take %.3f s", seconds, limit);
	EXPECT_TRUE(seconds >= 0)
		TH_LOG("it was not killed: the load was over before");
	EXPECT_TRUE(seconds < limit);
}

/*
 * Seconds that a killed victim may take to end: three.  A debug kernel needs
 * longer to allocate and free that much memory, page by page, so measure it: the
 * victim may take twice as long as any process that allocates @bytes and is
 * killed.
 */
#define PATIENCE	3

static inline double patience(unsigned long bytes)
{
	struct timespec from, to;
	double seconds;
	int ready[2];
	pid_t pid;
	char byte;
	void *p;

	if (pipe(ready))
		return PATIENCE;
	clock_gettime(CLOCK_MONOTONIC, &from);
	pid = fork();
	if (!pid) {
		p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		madvise(p, bytes, MADV_NOHUGEPAGE);
		madvise(p, bytes, MADV_POPULATE_WRITE);
		if (write(ready[1], "", 1) == 1)
			pause();
		_exit(1);
	}
	close(ready[1]);
	if (read(ready[0], &byte, 1) != 1)
		byte = 0;
	close(ready[0]);
	kill_and_wait(pid);
	clock_gettime(CLOCK_MONOTONIC, &to);
	seconds = 2 * seconds_between(&from, &to);
	return seconds > PATIENCE ? seconds : PATIENCE;
}

#endif /* KEXEC_GATE_H */
