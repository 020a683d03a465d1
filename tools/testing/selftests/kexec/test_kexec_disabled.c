// SPDX-License-Identifier: GPL-2.0-only
/*
 * kernel.kexec_load_disabled, which cannot be reset until the next boot.
 *
 * The image that is loaded when it is set stays loaded, and can be executed; all
 * calls are refused from then on.  The kernel checks it after the capability and
 * before the load limits.  These tests need a boot of their own.
 */
#include "kexec_file_test.h"

#define DISABLED	"/proc/sys/kernel/kexec_load_disabled"
#define LIMIT		"/proc/sys/kernel/kexec_load_limit_reboot"

static const char data[PAGE];
static const struct segment good = {
	.buf = data, .bufsz = PAGE, .mem = 0x8000000, .memsz = PAGE,
};

FIXTURE(disabled) {
	struct kmsg kmsg;
};

FIXTURE_SETUP(disabled)
{
	if (!read_number(LIMIT))
		SKIP(return, "no load is left by kexec_load_limit_reboot: needs a fresh boot");
	ASSERT_TRUE(kmsg_open(&self->kmsg));
}

FIXTURE_TEARDOWN(disabled)
{
	close(self->kmsg.fd);
}

TEST_F(disabled, only_1_can_be_written)
{
	if (read_number(DISABLED))
		SKIP(return, "already disabled: needs a fresh boot");
	EXPECT_EQ(-EINVAL, write_file(DISABLED, "0"));
	EXPECT_EQ(-EINVAL, write_file(DISABLED, "2"));
	EXPECT_EQ(-EINVAL, write_file(DISABLED, "-1"));
	EXPECT_EQ(0, read_number(DISABLED));
	EXPECT_EQ(0, kexec_load(1, &good, 0));
}

TEST_F(disabled, every_call_is_refused)
{
	bool file_load = have_file_load();
	long loaded;

	kexec_load(1, &good, 0);
	loaded = image_loaded();
	write_file(LIMIT, "5");
	ASSERT_EQ(0, write_file(DISABLED, "1"));

	EXPECT_EQ(-EPERM, kexec_load(1, &good, 0));
	check_reason(_metadata, &self->kmsg, SAYS("kexec_load_disabled"));
	EXPECT_EQ(-EPERM, kexec_unload());
	EXPECT_EQ(-EPERM, kexec_load(0, NULL, KEXEC_ON_CRASH));
	EXPECT_EQ(-EPERM, kexec_load(0, NULL, 1 << 4));
	EXPECT_EQ(-EPERM, kexec_load(17, BAD_POINTER, KEXEC_ARCH_386));
	if (file_load) {
		EXPECT_EQ(-EPERM, kexec_file_load(bzimage(NULL), -1, NULL, 0,
						  NO_INITRD));
		EXPECT_EQ(-EPERM, kexec_file_unload());
		EXPECT_EQ(-EPERM, kexec_file_load(-1, -1, NULL, 0, 1UL << 63));
	}
	EXPECT_EQ(5, read_number(LIMIT))
		TH_LOG("a call that was refused has spent a limit");
	EXPECT_EQ(loaded, image_loaded());
}

TEST_F(disabled, there_is_no_way_back)
{
	EXPECT_EQ(-EINVAL, write_file(DISABLED, "0"));
	EXPECT_EQ(1, read_number(DISABLED));
	EXPECT_EQ(0, write_file(DISABLED, "1"));
	EXPECT_EQ(-EPERM, kexec_unload());
}

TEST_HARNESS_MAIN
