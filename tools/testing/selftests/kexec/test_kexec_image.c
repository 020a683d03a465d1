// SPDX-License-Identifier: GPL-2.0-only
/*
 * The life of an image: what is loaded stays until a complete successor takes
 * its place, one caller at a time works on it, a killed caller leaves nothing
 * behind.
 *
 * To look at the kernel in the middle of a load, the first page of a segment's
 * buffer is put under userfaultfd: the load stops there, in the kernel, for as
 * long as the test likes (struct gate).
 */
#include "kexec_test.h"

#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <time.h>

static const char data[PAGE];
static struct segment good = { .buf = data, .bufsz = PAGE, .memsz = PAGE };

/* --- a load that waits at its first byte ------------------------------- */

struct gate {
	int uffd;
	int over[2];
	struct segment seg;
	pthread_t loader;
	long rc;
};

static bool gate_init(struct gate *g, unsigned long bytes)
{
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	struct uffdio_api api = { .api = UFFD_API };
	void *buf = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	g->seg = (struct segment) {
		.buf = buf, .bufsz = bytes,
		.mem = find_ram(bytes), .memsz = bytes,
	};
	g->uffd = syscall(SYS_userfaultfd, O_CLOEXEC);
	reg.range.start = (uintptr_t)buf;
	reg.range.len = PAGE;
	return buf != MAP_FAILED && g->seg.mem && g->uffd >= 0 &&
	       !ioctl(g->uffd, UFFDIO_API, &api) &&
	       !ioctl(g->uffd, UFFDIO_REGISTER, &reg) && !pipe(g->over);
}

static void *gate_load(void *arg)
{
	struct gate *g = arg;

	g->rc = kexec_load(1, &g->seg, 0);
	close(g->over[1]);
	return NULL;
}

/*
 * Start the load; on return it stands in the kernel and waits.  False if it
 * did not get there: the pipe is closed when the load is over.
 */
static bool gate_start(struct gate *g)
{
	struct pollfd events[] = {
		{ .fd = g->uffd, .events = POLLIN },
		{ .fd = g->over[0] },
	};
	struct uffd_msg msg;

	return !pthread_create(&g->loader, NULL, gate_load, g) &&
	       poll(events, 2, -1) > 0 && events[0].revents &&
	       read(g->uffd, &msg, sizeof(msg)) == sizeof(msg) &&
	       msg.event == UFFD_EVENT_PAGEFAULT;
}

static void gate_open(struct gate *g)
{
	struct uffdio_zeropage zero = {
		.range = { .start = (uintptr_t)g->seg.buf, .len = PAGE },
	};

	ioctl(g->uffd, UFFDIO_ZEROPAGE, &zero);
}

static long gate_finish(struct gate *g)
{
	gate_open(g);
	pthread_join(g->loader, NULL);
	close(g->uffd);
	return g->rc;
}

FIXTURE(image) {
	struct kmsg kmsg;
};

FIXTURE_SETUP(image)
{
	good.mem = find_ram(PAGE);
	ASSERT_NE(0UL, good.mem)
		TH_LOG("no System RAM above 64 MiB");
	ASSERT_EQ(0, kexec_unload());
	ASSERT_TRUE(kmsg_open(&self->kmsg));
}

FIXTURE_TEARDOWN(image)
{
	close(self->kmsg.fd);
	EXPECT_EQ(0, kexec_unload());
	EXPECT_EQ(0, image_loaded());
}

TEST_F(image, loaded_follows)
{
	EXPECT_EQ(0, image_loaded());
	EXPECT_EQ(0, kexec_load(1, &good, 0));
	EXPECT_EQ(1, image_loaded());
	EXPECT_EQ(0, kexec_load(1, &good, 0));
	EXPECT_EQ(1, image_loaded());
	EXPECT_EQ(0, kexec_unload());
	EXPECT_EQ(0, image_loaded());
	EXPECT_EQ(0, kexec_unload());
	EXPECT_EQ(0, image_loaded());
}

/* One load at a time, and whoever comes second is told so at once. */
TEST_F(image, busy)
{
	struct gate g;

	if (!gate_init(&g, 4 * PAGE))
		SKIP(return, "no userfaultfd for the kernel's own faults (CONFIG_USERFAULTFD)");
	ASSERT_TRUE(gate_start(&g));

	EXPECT_EQ(-EBUSY, kexec_load(1, &good, 0));
	check_reason(_metadata, &self->kmsg, SAYS("under way"));
	EXPECT_EQ(-EBUSY, kexec_unload());
	EXPECT_EQ(-EBUSY, kexec_load(0, NULL, KEXEC_ON_CRASH));
	EXPECT_EQ(-EBUSY, reboot_kexec(LINUX_REBOOT_MAGIC2));
	EXPECT_EQ(0, image_loaded());

	EXPECT_EQ(0, gate_finish(&g));
	EXPECT_EQ(1, image_loaded());
	EXPECT_EQ(0, kexec_unload());
}

/* The table is read before the lock is tried, and judged after. */
TEST_F(image, busy_in_the_order_of_checks)
{
	struct segment odd = { .mem = 1, .memsz = PAGE };
	struct gate g;

	if (!gate_init(&g, PAGE))
		SKIP(return, "no userfaultfd for the kernel's own faults (CONFIG_USERFAULTFD)");
	ASSERT_TRUE(gate_start(&g));

	EXPECT_EQ(-EINVAL, kexec_load(0, NULL, 1 << 4));
	EXPECT_EQ(-EINVAL, kexec_load(17, &good, 0));
	EXPECT_EQ(-EINVAL, kexec_load(0, NULL, KEXEC_ARCH_386));
	EXPECT_EQ(-EFAULT, kexec_load(1, BAD_POINTER, 0));
	EXPECT_EQ(-EBUSY, kexec_load(1, &odd, 0));

	EXPECT_EQ(0, gate_finish(&g));
}

/* --- killed in the middle ---------------------------------------------- */

struct victim {
	pid_t pid;
	int said;	/* a byte comes when the load has begun to read */
};

/* A process that loads @bytes and stops at the first byte if told to @wait. */
static void victim_start(struct victim *v, unsigned long bytes, bool wait)
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
	if (!gate_init(&g, bytes) || !gate_start(&g))
		_exit(1);
	if (!wait)
		gate_open(&g);
	if (write(said[1], "", 1) != 1)
		_exit(1);
	pthread_join(g.loader, NULL);
	_exit(0);
}

/* Seconds from the signal to the end, or -1 if it ended before. */
static double kill_and_wait(pid_t pid)
{
	struct timespec from, to;
	int status;

	clock_gettime(CLOCK_MONOTONIC, &from);
	kill(pid, SIGKILL);
	if (waitpid(pid, &status, 0) != pid || !WIFSIGNALED(status))
		return -1;
	clock_gettime(CLOCK_MONOTONIC, &to);
	return to.tv_sec - from.tv_sec + (to.tv_nsec - from.tv_nsec) / 1e9;
}

/*
 * How long the end may take: a second.  But a kernel full of debugging needs
 * longer just to free that much memory, page by page, so ask it: twice as long
 * as the end of any process that owns @bytes.
 */
static double patience(unsigned long bytes)
{
	double seconds;
	int ready[2];
	pid_t pid;
	char byte;
	void *p;

	if (pipe(ready))
		return 1;
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
	seconds = 2 * kill_and_wait(pid);
	return seconds > 1 ? seconds : 1;
}

static void check_kill(struct __test_metadata *_metadata, struct victim *v,
		       double limit)
{
	double seconds = kill_and_wait(v->pid);

	close(v->said);
	TH_LOG("gone after %.3f s, may take %.3f s", seconds, limit);
	EXPECT_TRUE(seconds >= 0)
		TH_LOG("it was not killed: the load was over before");
	EXPECT_TRUE(seconds < limit);
	EXPECT_EQ(1, image_loaded())
		TH_LOG("the image loaded before is gone");
	EXPECT_EQ(0, kexec_load(1, &good, 0))
		TH_LOG("the next load does not work");
}

static bool have_userfaultfd(void)
{
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC);

	close(fd);
	return fd >= 0;
}

FIXTURE(killed) {
	struct victim victim;
};

FIXTURE_SETUP(killed)
{
	if (!have_userfaultfd())
		SKIP(return, "no userfaultfd (CONFIG_USERFAULTFD)");
	good.mem = find_ram(PAGE);
	ASSERT_EQ(0, kexec_load(1, &good, 0));
}

FIXTURE_TEARDOWN(killed)
{
	EXPECT_EQ(0, kexec_unload());
}

TEST_F(killed, while_it_waits_for_a_page)
{
	char byte;

	victim_start(&self->victim, 4 * MIB, true);
	ASSERT_EQ(1, read(self->victim.said, &byte, 1));
	check_kill(_metadata, &self->victim, 1);
}

TEST_F_TIMEOUT(killed, in_the_largest_load, 180)
{
	double limit = patience(largest_image());
	char byte;

	victim_start(&self->victim, largest_image(), false);
	ASSERT_EQ(1, read(self->victim.said, &byte, 1));
	check_kill(_metadata, &self->victim, limit);
}

/* From the system call on: the work before the first byte is copied. */
TEST_F_TIMEOUT(killed, at_any_moment, 180)
{
	struct pollfd said = { .events = POLLIN };
	double limit = patience(largest_image());
	int ms;

	for (ms = 1; ms <= 256; ms *= 2) {
		victim_start(&self->victim, largest_image(), true);
		said.fd = self->victim.said;
		poll(&said, 1, ms);
		check_kill(_metadata, &self->victim, limit);
	}
}

/* --- memory that has failed -------------------------------------------- */

/* Physical address of the page at @p, 0 if it cannot be learnt. */
static unsigned long physical(const void *p)
{
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	off_t at = (uintptr_t)p / PAGE * sizeof(uint64_t);
	uint64_t entry = 0;

	if (fd < 0)
		return 0;
	if (pread(fd, &entry, sizeof(entry), at) != sizeof(entry))
		entry = 0;
	close(fd);
	return (entry & ((1ULL << 55) - 1)) * PAGE;
}

/*
 * The address of a page that has failed, or 0 if that cannot be had.  Who owns
 * such a page is sent SIGBUS, so it is a child's.
 */
static unsigned long break_a_page(void)
{
	unsigned long address = 0;
	int fds[2], status = 0;
	char *page;

	if (pipe(fds))
		return 0;
	if (!fork()) {
		page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		page[0] = 1;
		address = physical(page);
		if (write(fds[1], &address, sizeof(address)) > 0)
			madvise(page, PAGE, MADV_HWPOISON);
		_exit(1);
	}
	close(fds[1]);
	if (read(fds[0], &address, sizeof(address)) != sizeof(address))
		address = 0;
	wait(&status);
	close(fds[0]);
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS ? address : 0;
}

static void heal(unsigned long address)
{
	char pfn[32];

	snprintf(pfn, sizeof(pfn), "%lu", address / PAGE);
	write_file("/sys/kernel/debug/hwpoison/unpoison-pfn", pfn);
}

TEST_F(image, poisoned_destination)
{
	struct segment s = good;
	char address[32];

	if (mute())
		SKIP(return, "KEXEC_TEST_MUTE: others load to memory that has failed");
	s.mem = break_a_page();
	if (!s.mem)
		SKIP(return, "no MADV_HWPOISON (CONFIG_MEMORY_FAILURE)");

	snprintf(address, sizeof(address), "0x%lx", s.mem);
	EXPECT_EQ(-EHWPOISON, kexec_load(1, &s, 0));
	check_reason(_metadata, &self->kmsg, SAYS(address));
	heal(s.mem);
}

TEST_HARNESS_MAIN
