// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who may load a crash image, and how often.
 *
 * kernel.kexec_load_limit_panic limits the calls for crash images, and no others;
 * kernel.kexec_load_disabled forbids all calls.  A crash image that is loaded
 * when that is set stays loaded.  Each test needs the state that the one before
 * leaves, and the last one sets a sysctl that cannot be reset: they need a boot
 * of their own.
 */
#include "kexec_crash_test.h"

#define REBOOT		"/proc/sys/kernel/kexec_load_limit_reboot"
#define PANIC		"/proc/sys/kernel/kexec_load_limit_panic"
#define DISABLED	"/proc/sys/kernel/kexec_load_disabled"

#define ON_CRASH	KEXEC_FILE_ON_CRASH
#define UNLOAD		(KEXEC_FILE_UNLOAD | KEXEC_FILE_ON_CRASH)

static const char data[PAGE];
static struct segment normal = { .buf = data, .bufsz = PAGE, .memsz = PAGE };

FIXTURE(crash) {
	struct region region;
	struct kmsg kmsg;
};

FIXTURE_SETUP(crash)
{
	if (!find_crash_region(&self->region))
		SKIP(return, "no crash region: needs crashkernel=");
	if (!read_number(PANIC) && !crash_loaded())
		SKIP(return, "no load is left by kexec_load_limit_panic: needs a fresh boot");
	normal.mem = find_ram(PAGE);
	ASSERT_TRUE(kmsg_open(&self->kmsg));
}

/* Runs in the parent: a test may drop the capability to unload. */
FIXTURE_TEARDOWN_PARENT(crash)
{
}

static void expect_nothing_works(struct __test_metadata *_metadata,
				 const struct region *r)
{
	int kernel = bzimage(NULL);

	EXPECT_EQ(-EPERM, load_kept(r));
	EXPECT_EQ(-EPERM, crash_unload());
	EXPECT_EQ(-EPERM, crash_load_at(0, 1, BAD_POINTER, 1 << 4));
	if (have_file_load()) {
		EXPECT_EQ(-EPERM, kexec_file_load(kernel, -1, NULL, 0,
						  NO_INITRD | ON_CRASH));
		EXPECT_EQ(-EPERM, kexec_file_load(-1, -1, NULL, 0, UNLOAD));
	}
	EXPECT_EQ(1, crash_loaded());
	EXPECT_TRUE(memory_is(r->start + KEPT_AT, KEPT_BYTE, KEPT_SIZE));
}

TEST_F(crash, without_the_capability)
{
	ASSERT_EQ(0, load_kept(&self->region));
	ASSERT_EQ(0, kexec_unload());
	ASSERT_EQ(0, drop_cap_sys_boot());
	expect_nothing_works(_metadata, &self->region);
	EXPECT_EQ(0, kmsg_refusals(&self->kmsg))
		TH_LOG("anybody can fill the log: %s", self->kmsg.last);
}

TEST_F(crash, as_nobody)
{
	ASSERT_EQ(0, load_kept(&self->region));
	ASSERT_EQ(0, setresuid(65534, 65534, 65534));
	expect_nothing_works(_metadata, &self->region);
	EXPECT_EQ(-EACCES, write_file(CRASH_SIZE, "0"));
	EXPECT_EQ(0, kmsg_refusals(&self->kmsg))
		TH_LOG("anybody can fill the log: %s", self->kmsg.last);
}

TEST_F(crash, normal_images_are_not_counted)
{
	ASSERT_EQ(0, write_file(PANIC, "100"));
	EXPECT_EQ(0, kexec_load(1, &normal, 0));
	EXPECT_EQ(0, kexec_unload());
	EXPECT_EQ(-EINVAL, kexec_load(0, NULL, 1 << 4));
	if (have_file_load()) {
		EXPECT_EQ(0, kexec_file_load(bzimage(NULL), -1, NULL, 0,
					     NO_INITRD));
		EXPECT_EQ(0, kexec_file_unload());
	}
	EXPECT_EQ(100, read_number(PANIC));
	EXPECT_EQ(-1, read_number(REBOOT));
}

/* Calls that fail, and those that unload, count too. */
TEST_F(crash, crash_images_are_counted)
{
	struct segment lost = kept_segment(&self->region);
	long left = read_number(PANIC);

	lost.buf = BAD_POINTER;
	EXPECT_EQ(0, load_kept(&self->region));
	EXPECT_EQ(--left, read_number(PANIC));
	EXPECT_EQ(-EFAULT, crash_load_at(lost.mem, 1, &lost, 0));
	EXPECT_EQ(--left, read_number(PANIC));
	EXPECT_EQ(-EADDRNOTAVAIL, crash_load_at(0, 1, &lost, 0));
	EXPECT_EQ(--left, read_number(PANIC));
	EXPECT_EQ(0, crash_unload());
	EXPECT_EQ(--left, read_number(PANIC));
	if (!have_file_load())
		return;
	EXPECT_EQ(0, kexec_file_load(bzimage(NULL), -1, NULL, 0,
				     NO_INITRD | ON_CRASH));
	EXPECT_EQ(--left, read_number(PANIC));
	EXPECT_EQ(-EBADF, kexec_file_load(-1, -1, NULL, 0, ON_CRASH));
	EXPECT_EQ(--left, read_number(PANIC));
	EXPECT_EQ(0, kexec_file_load(-1, -1, NULL, 0, UNLOAD));
	EXPECT_EQ(--left, read_number(PANIC));
}

/* The last image stays, and calls for normal images are not limited. */
TEST_F(crash, nothing_left)
{
	ASSERT_EQ(0, write_file(PANIC, "1"));
	ASSERT_EQ(0, load_kept(&self->region));
	ASSERT_EQ(0, read_number(PANIC));

	EXPECT_EQ(-EPERM, load_kept(&self->region));
	check_reason(_metadata, &self->kmsg, SAYS("kexec_load_limit_panic"));
	expect_nothing_works(_metadata, &self->region);

	EXPECT_EQ(0, kexec_load(1, &normal, 0));
	EXPECT_EQ(0, kexec_unload());
	EXPECT_EQ(1, crash_loaded());
}

/* A crash image that cannot be unloaded keeps its memory, too. */
TEST_F(crash, its_memory_is_not_given_back)
{
	long size = read_number(CRASH_SIZE);

	EXPECT_EQ(-ENOENT, write_file(CRASH_SIZE, "0"));
	EXPECT_EQ(size, read_number(CRASH_SIZE));
}

/* The kernel checks kexec_load_disabled before the limit. */
TEST_F(crash, disabled)
{
	ASSERT_EQ(1, crash_loaded());
	ASSERT_EQ(0, write_file(DISABLED, "1"));
	EXPECT_EQ(-EPERM, load_kept(&self->region));
	check_reason(_metadata, &self->kmsg, SAYS("kexec_load_disabled"));
	expect_nothing_works(_metadata, &self->region);
}

TEST_HARNESS_MAIN
