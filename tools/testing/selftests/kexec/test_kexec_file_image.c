// SPDX-License-Identifier: GPL-2.0-only
/*
 * Images loaded by kexec_file_load(2), from load to unload.  Both system calls
 * share one image and one lock, and a caller that is killed loses no memory.
 *
 * A load reads its command line after both files, so a load that waits at a gate
 * in the command line has all of both files in memory.
 */
#include "kexec_file_test.h"
#include "kexec_gate.h"

#define INITRD		(64 * MIB)

static const char data[PAGE];
static struct segment good = { .buf = data, .bufsz = PAGE, .memsz = PAGE };
static int kernel, small, large;

static long load(int initrd)
{
	return kexec_file_load(kernel, initrd, "", 1, 0);
}

static long load_gate(const struct gate *g)
{
	return kexec_file_load(kernel, small, g->buf, 1, 0);
}

static long load_gate_large(const struct gate *g)
{
	return kexec_file_load(kernel, large, g->buf, 1, 0);
}

FIXTURE(file_image) {
	struct kmsg kmsg;
};

FIXTURE_SETUP(file_image)
{
	if (!have_file_load())
		SKIP(return, "no kexec_file_load (CONFIG_KEXEC_FILE)");
	kernel = bzimage(NULL);
	small = file_of_zeroes(PAGE);
	good.mem = find_ram(PAGE);
	ASSERT_NE(0UL, good.mem)
		TH_LOG("no System RAM above 64 MiB");
	ASSERT_TRUE(kmsg_open(&self->kmsg));
}

FIXTURE_TEARDOWN(file_image)
{
	unload_teardown(_metadata, &self->kmsg, kexec_file_unload, image_loaded);
}

TEST_F(file_image, loaded_follows)
{
	EXPECT_EQ(0, image_loaded());
	EXPECT_EQ(0, load(small));
	EXPECT_EQ(1, image_loaded());
	EXPECT_EQ(0, load(small));
	EXPECT_EQ(1, image_loaded());
	EXPECT_EQ(0, kexec_file_unload());
	EXPECT_EQ(0, image_loaded());
	EXPECT_EQ(0, kexec_file_unload());
	EXPECT_EQ(0, image_loaded());
}

TEST_F(file_image, unloaded_by_the_other_call)
{
	ASSERT_EQ(0, load(small));
	EXPECT_EQ(0, kexec_unload());
	EXPECT_EQ(0, image_loaded());

	ASSERT_EQ(0, kexec_load(1, &good, 0));
	EXPECT_EQ(0, kexec_file_unload());
	EXPECT_EQ(0, image_loaded());
}

TEST_F(file_image, replaced_by_the_other_call)
{
	ASSERT_EQ(0, load(small));
	EXPECT_EQ(0, kexec_load(1, &good, 0));
	EXPECT_EQ(1, image_loaded());
	EXPECT_EQ(0, load(small));
	EXPECT_EQ(1, image_loaded());
	EXPECT_EQ(0, kexec_unload());
	EXPECT_EQ(0, image_loaded());
}

TEST_F(file_image, kept_when_the_other_call_fails)
{
	struct segment odd = { .mem = 1, .memsz = PAGE };

	ASSERT_EQ(0, load(small));
	EXPECT_EQ(-EADDRNOTAVAIL, kexec_load(1, &odd, 0));
	EXPECT_EQ(1, image_loaded());

	ASSERT_EQ(0, kexec_load(1, &good, 0));
	EXPECT_EQ(-EBADF, load(-1));
	EXPECT_EQ(1, image_loaded());
}

/* One load at a time, by either system call. */
TEST_F(file_image, busy)
{
	struct gate g;

	if (!start_gate_or_skip(_metadata, &g, PAGE, load_gate))
		return;

	EXPECT_EQ(-EBUSY, load(small));
	check_reason(_metadata, &self->kmsg, SAYS("under way"));
	EXPECT_EQ(-EBUSY, kexec_file_unload());
	EXPECT_EQ(-EBUSY, kexec_load(1, &good, 0));
	EXPECT_EQ(-EBUSY, kexec_unload());
	EXPECT_EQ(-EBUSY, reboot_kexec(LINUX_REBOOT_MAGIC2));
	EXPECT_EQ(0, image_loaded());

	EXPECT_EQ(0, gate_finish(&g));
	EXPECT_EQ(1, image_loaded());
}

/* The kernel checks the flags, tries the lock, then opens the files. */
TEST_F(file_image, busy_in_the_order_of_checks)
{
	struct gate g;

	if (!start_gate_or_skip(_metadata, &g, PAGE, load_gate))
		return;

	EXPECT_EQ(-EINVAL, kexec_file_load(-1, -1, NULL, 0, 1 << 6));
	EXPECT_EQ(-EBUSY, kexec_file_load(-1, -1, NULL, 0, 0));
	EXPECT_EQ(-EBUSY, kexec_file_load(-1, -1, BAD_POINTER, 1UL << 40, 0));

	EXPECT_EQ(0, gate_finish(&g));
}

/* A load copies the files, so a write to a file after that does not matter. */
TEST_F(file_image, files_are_let_go_when_read)
{
	struct gate g;

	if (!start_gate_or_skip(_metadata, &g, PAGE, load_gate))
		return;

	EXPECT_LE(0, file_reopen(kernel, O_WRONLY));
	EXPECT_EQ(0, ftruncate(file_reopen(small, O_WRONLY), 0));

	EXPECT_EQ(0, gate_finish(&g));
}

/* --- killed in the middle ---------------------------------------------- */

FIXTURE(file_killed) {
	struct victim victim;
	struct kmsg kmsg;
	long before;
	double limit;
};

FIXTURE_SETUP(file_killed)
{
	if (!have_file_load())
		SKIP(return, "no kexec_file_load (CONFIG_KEXEC_FILE)");
	if (!have_userfaultfd())
		SKIP(return, "no userfaultfd (CONFIG_USERFAULTFD)");
	kernel = bzimage(NULL);
	large = file_of_zeroes(INITRD);
	ASSERT_LE(0, large);
	good.mem = find_ram(PAGE);
	ASSERT_EQ(0, kexec_load(1, &good, 0));
	self->limit = patience(2 * INITRD);
	ASSERT_TRUE(kmsg_open(&self->kmsg));
	self->before = free_pages();
}

FIXTURE_TEARDOWN(file_killed)
{
	EXPECT_EQ(0, kexec_unload());
}

/*
 * The image before is still loaded.  The load may seem to have lost an eighth of
 * the initrd's memory, since other processes allocate memory, too.
 */
static void check_kill(struct __test_metadata *_metadata, struct victim *v,
		       double limit, long before, struct kmsg *kmsg)
{
	long lost;

	kill_victim(_metadata, v, limit);
	lost = before - free_pages();
	TH_LOG("%ld pages less", lost);
	EXPECT_LT(lost, (long)(INITRD / 8 / PAGE));
	EXPECT_GE(1, kmsg_refusals(kmsg))
		TH_LOG("more than one line; the last: %s", kmsg->last);
	EXPECT_EQ(1, image_loaded())
		TH_LOG("the image loaded before is gone");
	EXPECT_EQ(0, kexec_load(1, &good, 0))
		TH_LOG("the next load does not work");
}

TEST_F_TIMEOUT(file_killed, with_both_files_read, 180)
{
	char byte;

	victim_start(&self->victim, PAGE, load_gate_large, true);
	ASSERT_EQ(1, read(self->victim.said, &byte, 1));
	EXPECT_LT((long)(INITRD / PAGE), self->before - free_pages())
		TH_LOG("where is the initrd?");
	check_kill(_metadata, &self->victim, self->limit, self->before,
		   &self->kmsg);
}

/* At any moment from the start of the system call on; most of it reads the files. */
TEST_F_TIMEOUT(file_killed, at_any_moment, 180)
{
	int ms;

	for (ms = 1; ms <= 256; ms *= 2) {
		victim_run(&self->victim, PAGE, load_gate_large, ms);
		check_kill(_metadata, &self->victim, self->limit, self->before,
			   &self->kmsg);
	}
}

TEST_HARNESS_MAIN
