// SPDX-License-Identifier: GPL-2.0-only
/*
 * The life of an image: what is loaded stays until a complete successor takes
 * its place, one caller at a time works on it, a killed caller leaves nothing
 * behind, and what is unloaded is given back to the last page.
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
	       !ioctl(g->uffd, UFFDIO_REGISTER, &reg);
}

static void *gate_load(void *arg)
{
	struct gate *g = arg;

	g->rc = kexec_load(1, &g->seg, 0);
	return NULL;
}

/* Start the load; on return it stands in the kernel and waits. */
static bool gate_start(struct gate *g)
{
	struct uffd_msg msg;

	return !pthread_create(&g->loader, NULL, gate_load, g) &&
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

/* Wait for the end of @pid, killed now; seconds, or -1 if it was not killed. */
static double kill_and_wait(pid_t pid)
{
	struct timespec from, to;
	int status;

	clock_gettime(CLOCK_MONOTONIC, &from);
	kill(pid, SIGKILL);
	if (waitpid(pid, &status, 0) != pid || !WIFSIGNALED(status) ||
	    WTERMSIG(status) != SIGKILL)
		return -1;
	clock_gettime(CLOCK_MONOTONIC, &to);
	return to.tv_sec - from.tv_sec + (to.tv_nsec - from.tv_nsec) / 1e9;
}

/*
 * A process that loads @bytes.  It says 'S' to @report when the load has come
 * to its first byte, waits there when told to, and says 'D' if the load ends.
 */
static pid_t spawn_loader(unsigned long bytes, bool wait, int report)
{
	pid_t pid = fork();
	struct gate g;

	if (pid)
		return pid;
	if (!gate_init(&g, bytes) || !gate_start(&g))
		_exit(1);
	if (!wait)
		gate_open(&g);
	if (write(report, "S", 1) != 1)
		_exit(1);
	pthread_join(g.loader, NULL);
	_exit(write(report, "D", 1) != 1);
}

static void check_survivor(struct __test_metadata *_metadata, double seconds)
{
	TH_LOG("gone after %.3f s", seconds);
	EXPECT_GE(seconds, 0)
		TH_LOG("it was not killed: the load was over before");
	EXPECT_LT(seconds, 1);
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
	int report[2];
};

FIXTURE_SETUP(killed)
{
	if (!have_userfaultfd())
		SKIP(return, "no userfaultfd (CONFIG_USERFAULTFD)");
	good.mem = find_ram(PAGE);
	ASSERT_EQ(0, kexec_load(1, &good, 0));
	ASSERT_EQ(0, pipe(self->report));
}

FIXTURE_TEARDOWN(killed)
{
	EXPECT_EQ(0, kexec_unload());
}

TEST_F(killed, while_it_waits_for_a_page)
{
	pid_t pid = spawn_loader(4 * MIB, true, self->report[1]);
	char word;

	ASSERT_EQ(1, read(self->report[0], &word, 1));
	check_survivor(_metadata, kill_and_wait(pid));
}

TEST_F_TIMEOUT(killed, in_the_largest_load, 120)
{
	pid_t pid = spawn_loader(largest_image(), false, self->report[1]);
	char word;

	ASSERT_EQ(1, read(self->report[0], &word, 1));
	check_survivor(_metadata, kill_and_wait(pid));
}

/* From the system call on: the work before the first byte is copied. */
TEST_F_TIMEOUT(killed, at_any_moment, 120)
{
	struct pollfd report = { .fd = self->report[0], .events = POLLIN };
	int ms;

	for (ms = 1; ms <= 256; ms *= 2) {
		pid_t pid = spawn_loader(largest_image(), true,
					 self->report[1]);
		char word;

		if (poll(&report, 1, ms) == 1)
			ASSERT_EQ(1, read(report.fd, &word, 1));
		check_survivor(_metadata, kill_and_wait(pid));
	}
}

/* --- nothing is lost --------------------------------------------------- */

#define ROUNDS		1000

static long free_kib(void)
{
	char buf[4096], *line;

	if (read_file("/proc/meminfo", buf, sizeof(buf)) < 0)
		return -1;
	line = strstr(buf, "MemFree:");
	return line ? strtol(line + strlen("MemFree:"), NULL, 10) : -1;
}

FIXTURE(leak) {};

FIXTURE_VARIANT(leak) {
	bool fail;
};

FIXTURE_VARIANT_ADD(leak, load_and_unload) { .fail = false };
FIXTURE_VARIANT_ADD(leak, failed_load) { .fail = true };

FIXTURE_SETUP(leak)
{
	good.mem = find_ram(4 * MIB);
	ASSERT_NE(0UL, good.mem);
}

FIXTURE_TEARDOWN(leak)
{
}

/*
 * Free memory over @ROUNDS loads, in KiB.  Two segments, the second of which
 * cannot be read when the load is to fail: then all work has been done.
 */
static long lost_kib(struct __test_metadata *_metadata, bool fail)
{
	struct segment s[] = { good, good };
	long before = free_kib();
	int i;

	s[1].mem += 2 * MIB;
	if (fail)
		s[1].buf = BAD_POINTER;
	for (i = 0; i < ROUNDS; i++) {
		ASSERT_EQ(fail ? -EFAULT : 0, kexec_load(2, s, 0));
		ASSERT_EQ(0, kexec_unload());
	}
	return before - free_kib();
}

/*
 * A lost page a round would be 4 MiB.  The first round of rounds fills what
 * the allocators keep in hand; a quarter of a page a round is noise.
 */
TEST_F_TIMEOUT(leak, memory, 300)
{
	long lost;

	lost_kib(_metadata, variant->fail);
	lost = lost_kib(_metadata, variant->fail);
	TH_LOG("%d rounds: %ld KiB less free memory", ROUNDS, lost);
	EXPECT_LT(lost, ROUNDS);
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

static void heal(unsigned long address)
{
	char pfn[32];

	snprintf(pfn, sizeof(pfn), "%lu", address / PAGE);
	write_file("/sys/kernel/debug/hwpoison/unpoison-pfn", pfn);
}

TEST_F(image, poisoned_destination)
{
	char *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct segment s = good;
	char address[32];

	if (mute())
		SKIP(return, "KEXEC_TEST_MUTE: others load to memory that has failed");
	ASSERT_NE(MAP_FAILED, page);
	page[0] = 1;
	s.mem = physical(page);
	ASSERT_NE(0UL, s.mem);
	if (madvise(page, PAGE, MADV_HWPOISON))
		SKIP(return, "no MADV_HWPOISON (CONFIG_MEMORY_FAILURE)");

	snprintf(address, sizeof(address), "0x%lx", s.mem);
	EXPECT_EQ(-EHWPOISON, kexec_load(1, &s, 0));
	check_reason(_metadata, &self->kmsg, SAYS(address));
	heal(s.mem);
}

TEST_HARNESS_MAIN
