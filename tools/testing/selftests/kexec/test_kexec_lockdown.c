// SPDX-License-Identifier: GPL-2.0-only
/*
 * kexec_load(2) under lockdown: an unsigned image is refused.
 *
 * Needs a boot with lockdown=integrity (or the word written to securityfs,
 * which cannot be taken back).
 */
#include "kexec_test.h"

#define LOCKDOWN	"/sys/kernel/security/lockdown"
#define LIMIT		"/proc/sys/kernel/kexec_load_limit_reboot"

static const char data[PAGE];
static const struct segment good = {
	.buf = data, .bufsz = PAGE, .mem = 0x8000000, .memsz = PAGE,
};

FIXTURE(lockdown) {
	struct kmsg kmsg;
};

/* The level in force is the word in brackets. */
FIXTURE_SETUP(lockdown)
{
	char levels[128];

	if (read_file(LOCKDOWN, levels, sizeof(levels)) < 0)
		SKIP(return, "no %s (CONFIG_SECURITY_LOCKDOWN_LSM)", LOCKDOWN);
	if (strstr(levels, "[none]"))
		SKIP(return, "not locked down: boot with lockdown=integrity");
	ASSERT_TRUE(kmsg_open(&self->kmsg));
}

FIXTURE_TEARDOWN(lockdown)
{
	close(self->kmsg.fd);
}

TEST_F(lockdown, load)
{
	EXPECT_EQ(-EPERM, kexec_load(1, &good, 0));
	check_reason(_metadata, &self->kmsg, SAYS("locked down"));
	EXPECT_EQ(0, image_loaded());
}

TEST_F(lockdown, unload)
{
	EXPECT_EQ(-EPERM, kexec_unload());
	EXPECT_EQ(-EPERM, kexec_load(0, NULL, KEXEC_ON_CRASH));
}

TEST_F(lockdown, before_the_arguments)
{
	EXPECT_EQ(-EPERM, kexec_load(0, NULL, 1 << 4));
	EXPECT_EQ(-EPERM, kexec_load(17, BAD_POINTER, KEXEC_ARCH_386));
}

TEST_F(lockdown, after_the_limit)
{
	long left = read_number(LIMIT);

	if (left <= 0) {
		ASSERT_EQ(0, write_file(LIMIT, "10"));
		left = 10;
	}
	EXPECT_EQ(-EPERM, kexec_unload());
	EXPECT_EQ(left - 1, read_number(LIMIT));
}

TEST_HARNESS_MAIN
