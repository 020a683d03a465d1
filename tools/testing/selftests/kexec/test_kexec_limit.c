// SPDX-License-Identifier: GPL-2.0-only
/*
 * kernel.kexec_load_limit_reboot and kernel.kexec_load_limit_panic: how many more
 * calls are allowed for normal images and for crash images.
 *
 * A limit can be set once and then only lowered.  Every call of a process with
 * the capability lowers it by one, whether the call succeeds or not.  Each test
 * needs the limits that the one before leaves, and the last one leaves both at 0:
 * they need a boot of their own, or must run last.
 */
#include "kexec_file_test.h"

#define REBOOT	"/proc/sys/kernel/kexec_load_limit_reboot"
#define PANIC	"/proc/sys/kernel/kexec_load_limit_panic"
#define START	1000
#define LOW	100

static const char data[PAGE];
static const struct segment good = {
	.buf = data, .bufsz = PAGE, .mem = 0x8000000, .memsz = PAGE,
};

static const struct segment odd = { .mem = 0x8000800, .memsz = PAGE };

static const struct segment lost = {
	.buf = BAD_POINTER, .bufsz = 1, .mem = 0x8000000, .memsz = PAGE,
};

FIXTURE(limit) {
	struct kmsg kmsg;
};

FIXTURE_VARIANT(limit) {
	const char *mine;
	const char *other;
	unsigned long flags;
};

FIXTURE_VARIANT_ADD(limit, panic) {
	.mine = PANIC, .other = REBOOT, .flags = KEXEC_ON_CRASH,
};

FIXTURE_VARIANT_ADD(limit, reboot) {
	.mine = REBOOT, .other = PANIC, .flags = 0,
};

FIXTURE_SETUP(limit)
{
	ASSERT_TRUE(kmsg_open(&self->kmsg));
}

FIXTURE_TEARDOWN(limit)
{
	close(self->kmsg.fd);
}

TEST_F(limit, unlimited_at_boot)
{
	if (read_number(variant->mine) != -1)
		SKIP(return, "the limit has been set in this boot: needs a fresh one");
	EXPECT_EQ(-EINVAL, write_file(variant->mine, "-1"));
	EXPECT_EQ(-EINVAL, write_file(variant->mine, "-2"));
	EXPECT_EQ(-EINVAL, write_file(variant->mine, "many"));
	EXPECT_EQ(0, kexec_load(0, NULL, variant->flags));
	EXPECT_EQ(-1, read_number(variant->mine));
}

TEST_F(limit, can_only_be_lowered)
{
	ASSERT_EQ(0, write_file(variant->mine, "1000"));
	EXPECT_EQ(START, read_number(variant->mine));
	EXPECT_EQ(-EINVAL, write_file(variant->mine, "1000"));
	EXPECT_EQ(-EINVAL, write_file(variant->mine, "1001"));
	EXPECT_EQ(-EINVAL, write_file(variant->mine, "-1"));
	EXPECT_EQ(START, read_number(variant->mine));
	EXPECT_EQ(0, write_file(variant->mine, "100"));
	EXPECT_EQ(LOW, read_number(variant->mine));
}

/* The arguments do not matter: a call of a capable process counts. */
static const struct {
	const char *name;
	unsigned long nr;
	const void *table;
	unsigned long flags;
	int err;
} calls[] = {
	{ "load", 1, &good, 0, 0 },
	{ "unload", 0, NULL, 0, 0 },
	{ "unknown flag", 0, NULL, 1 << 4, EINVAL },
	{ "too many segments", 17, NULL, 0, EINVAL },
	{ "foreign architecture", 0, NULL, KEXEC_ARCH_386, EINVAL },
	{ "unreadable table", 1, BAD_POINTER, 0, EFAULT },
	{ "unaligned destination", 1, &odd, 0, EADDRNOTAVAIL },
	{ "unreadable buffer", 1, &lost, 0, EFAULT },
};

TEST_F(limit, every_call_spends_one)
{
	long left = read_number(variant->mine);
	long others = read_number(variant->other);
	unsigned int i;
	long rc;

	for (i = 0; i < ARRAY_SIZE(calls); i++) {
		rc = kexec_load(calls[i].nr, calls[i].table,
				calls[i].flags | variant->flags);
		if (!variant->flags) {
			EXPECT_EQ(-calls[i].err, rc)
				TH_LOG("%s", calls[i].name);
		}
		EXPECT_EQ(--left, read_number(variant->mine))
			TH_LOG("%s", calls[i].name);
	}
	EXPECT_EQ(others, read_number(variant->other));
}

static const struct {
	const char *name;
	bool kernel;
	const char *cmdline;
	unsigned long length;
	unsigned long flags;
	int err;
} file_calls[] = {
	{ "load", true, "", 1, NO_INITRD, 0 },
	{ "unload", false, NULL, 0, KEXEC_FILE_UNLOAD, 0 },
	{ "unknown flag", false, NULL, 0, 1UL << 63, EINVAL },
	{ "no kernel", false, NULL, 0, 0, EBADF },
	{ "no initrd", true, NULL, 0, 0, EBADF },
	{ "unreadable command line", true, BAD_POINTER, 1, NO_INITRD, EFAULT },
	{ "endless command line", true, "x", 1, NO_INITRD, EINVAL },
};

TEST_F(limit, every_file_call_spends_one)
{
	unsigned long flags = variant->flags ? KEXEC_FILE_ON_CRASH : 0;
	int kernel = bzimage(NULL);
	unsigned int i;
	long rc, left, others;

	if (!have_file_load())
		SKIP(return, "no kexec_file_load (CONFIG_KEXEC_FILE)");
	left = read_number(variant->mine);
	others = read_number(variant->other);
	for (i = 0; i < ARRAY_SIZE(file_calls); i++) {
		rc = kexec_file_load(file_calls[i].kernel ? kernel : -1, -1,
				     file_calls[i].cmdline,
				     file_calls[i].length,
				     file_calls[i].flags | flags);
		if (!flags) {
			EXPECT_EQ(-file_calls[i].err, rc)
				TH_LOG("%s", file_calls[i].name);
		}
		EXPECT_EQ(--left, read_number(variant->mine))
			TH_LOG("%s", file_calls[i].name);
	}
	EXPECT_EQ(others, read_number(variant->other));
}

TEST_F(limit, strangers_spend_nothing)
{
	long left = read_number(variant->mine);

	ASSERT_EQ(0, drop_cap_sys_boot());
	EXPECT_EQ(-EPERM, kexec_load(0, NULL, variant->flags));
	EXPECT_EQ(left, read_number(variant->mine));
}

TEST_F(limit, nothing_left)
{
	long rc;

	ASSERT_EQ(0, write_file(variant->mine, "1"));
	EXPECT_EQ(0, kexec_load(0, NULL, variant->flags));
	ASSERT_EQ(0, read_number(variant->mine));

	EXPECT_EQ(-EPERM, kexec_load(1, &good, variant->flags));
	check_reason(_metadata, &self->kmsg, SAYS(strrchr(variant->mine, '/') + 1));
	EXPECT_EQ(-EPERM, kexec_load(0, NULL, variant->flags));
	EXPECT_EQ(-EPERM, kexec_load(0, NULL, variant->flags | 1 << 4));
	EXPECT_EQ(-EPERM, kexec_load(17, BAD_POINTER, variant->flags));
	rc = kexec_file_load(-1, -1, NULL, 0, variant->flags ?
			     KEXEC_FILE_ON_CRASH : KEXEC_FILE_UNLOAD);
	EXPECT_TRUE(rc == -EPERM || rc == -ENOSYS);
	EXPECT_EQ(0, read_number(variant->mine));
	EXPECT_EQ(-EINVAL, write_file(variant->mine, "1"));
	EXPECT_EQ(-EINVAL, write_file(variant->mine, "0"));
	if (read_number(variant->other)) {
		EXPECT_EQ(0, kexec_load(0, NULL, variant->flags ^ KEXEC_ON_CRASH))
			TH_LOG("the other kind of image has suffered");
	}
}

TEST_HARNESS_MAIN
