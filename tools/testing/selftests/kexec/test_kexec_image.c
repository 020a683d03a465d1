// SPDX-License-Identifier: GPL-2.0-only
/*
 * Images from load to unload.  An image stays loaded until another one is
 * complete and replaces it; one caller at a time works on images; a caller that
 * is killed loses no memory.
 */
#include "kexec_gate.h"

static const char data[PAGE];
static struct segment good = { .buf = data, .bufsz = PAGE, .memsz = PAGE };

/* The load whose buffer is the gate's. */
static long load_gate(const struct gate *g)
{
	struct segment s = {
		.buf = g->buf, .bufsz = g->bytes,
		.mem = find_ram(g->bytes), .memsz = g->bytes,
	};

	return s.mem ? kexec_load(1, &s, 0) : -ENOMEM;
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
	unload_teardown(_metadata, &self->kmsg, kexec_unload, image_loaded);
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

/* One load at a time; a second one returns EBUSY at once. */
TEST_F(image, busy)
{
	struct gate g;

	if (!start_gate_or_skip(_metadata, &g, 4 * PAGE, load_gate))
		return;

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

/* The kernel reads the table, tries the lock, then checks the table. */
TEST_F(image, busy_in_the_order_of_checks)
{
	struct segment odd = { .mem = 1, .memsz = PAGE };
	struct gate g;

	if (!start_gate_or_skip(_metadata, &g, PAGE, load_gate))
		return;

	EXPECT_EQ(-EINVAL, kexec_load(0, NULL, 1 << 4));
	EXPECT_EQ(-EINVAL, kexec_load(17, &good, 0));
	EXPECT_EQ(-EINVAL, kexec_load(0, NULL, KEXEC_ARCH_386));
	EXPECT_EQ(-EFAULT, kexec_load(1, BAD_POINTER, 0));
	EXPECT_EQ(-EBUSY, kexec_load(1, &odd, 0));

	EXPECT_EQ(0, gate_finish(&g));
}

/* --- killed in the middle ---------------------------------------------- */

static void check_kill(struct __test_metadata *_metadata, struct victim *v,
		       double limit)
{
	kill_victim(_metadata, v, limit);
	EXPECT_EQ(1, image_loaded())
		TH_LOG("the image loaded before is gone");
	EXPECT_EQ(0, kexec_load(1, &good, 0))
		TH_LOG("the next load does not work");
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

	victim_start(&self->victim, 4 * MIB, load_gate, true);
	ASSERT_EQ(1, read(self->victim.said, &byte, 1));
	check_kill(_metadata, &self->victim, PATIENCE);
}

TEST_F_TIMEOUT(killed, in_the_largest_load, 180)
{
	double limit = patience(largest_image());
	char byte;

	victim_start(&self->victim, largest_image(), load_gate, false);
	ASSERT_EQ(1, read(self->victim.said, &byte, 1));
	check_kill(_metadata, &self->victim, limit);
}

/* At any moment from the start of the system call to the copy of the first byte. */
TEST_F_TIMEOUT(killed, at_any_moment, 180)
{
	double limit = patience(largest_image());
	int ms;

	for (ms = 1; ms <= 256; ms *= 2) {
		victim_run(&self->victim, largest_image(), load_gate, ms);
		check_kill(_metadata, &self->victim, limit);
	}
}

/* --- memory that has failed -------------------------------------------- */

/* Physical address of the page at @p, 0 if pagemap does not show it. */
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
 * Make a page fail.  Return its physical address, or 0 if that is impossible.
 * The kernel sends SIGBUS to the owner of the page, so the owner is a child
 * process.
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

/* Without it the page would be bad for whatever is loaded later. */
#define UNPOISON "/sys/kernel/debug/hwpoison/unpoison-pfn"

static void heal(unsigned long address)
{
	char pfn[32];

	snprintf(pfn, sizeof(pfn), "%lu", address / PAGE);
	write_file(UNPOISON, pfn);
}

TEST_F(image, poisoned_destination)
{
	struct segment s = good;
	char address[32];

	if (mute())
		SKIP(return, "KEXEC_TEST_MUTE: others load to memory that has failed");
	if (access(UNPOISON, W_OK))
		SKIP(return, "no " UNPOISON " (CONFIG_HWPOISON_INJECT)");
	s.mem = break_a_page();
	if (!s.mem)
		SKIP(return, "no MADV_HWPOISON (CONFIG_MEMORY_FAILURE)");

	snprintf(address, sizeof(address), "0x%lx", s.mem);
	EXPECT_EQ(-EHWPOISON, kexec_load(1, &s, 0));
	check_reason(_metadata, &self->kmsg, SAYS(address));
	heal(s.mem);
}

TEST_HARNESS_MAIN
