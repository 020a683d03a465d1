// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who may load an image and who may execute it.
 *
 * Without CAP_SYS_BOOT in the initial user namespace every call returns EPERM,
 * whatever the arguments, and logs nothing.  reboot(2) refuses to execute before
 * it looks for an image.  The image that is loaded is junk, so an execution would
 * crash the machine.
 */
#include "kexec_file_test.h"

#include <sched.h>

static const char data[PAGE];
static struct segment good = { .buf = data, .bufsz = PAGE, .memsz = PAGE };

/* Child processes drop the capability; the parent loads and unloads. */
FIXTURE(permission) {
	struct kmsg kmsg;
	bool file_load;
	int kernel;
};

FIXTURE_SETUP(permission)
{
	good.mem = find_ram(PAGE);
	ASSERT_NE(0UL, good.mem);
	self->file_load = have_file_load();
	self->kernel = bzimage(NULL);
	ASSERT_EQ(0, kexec_load(1, &good, 0));
	ASSERT_TRUE(kmsg_open(&self->kmsg));
}

FIXTURE_TEARDOWN_PARENT(permission)
{
	EXPECT_EQ(1, image_loaded());
	EXPECT_EQ(0, kexec_unload());
}

static void expect_nothing_works(struct __test_metadata *_metadata,
				 FIXTURE_DATA(permission) *self)
{
	EXPECT_EQ(-EPERM, kexec_load(1, &good, 0));
	EXPECT_EQ(-EPERM, kexec_unload());
	EXPECT_EQ(-EPERM, kexec_load(0, NULL, KEXEC_ON_CRASH));
	EXPECT_EQ(-EPERM, kexec_load(0, NULL, 1 << 4));
	EXPECT_EQ(-EPERM, kexec_load(17, BAD_POINTER, KEXEC_ARCH_AARCH64));
	EXPECT_EQ(-EPERM, reboot_kexec(LINUX_REBOOT_MAGIC2));
	EXPECT_EQ(-EPERM, reboot_kexec(0));
	if (!self->file_load)
		return;
	EXPECT_EQ(-EPERM, kexec_file_load(self->kernel, -1, NULL, 0, NO_INITRD));
	EXPECT_EQ(-EPERM, kexec_file_unload());
	EXPECT_EQ(-EPERM, kexec_file_load(-1, -1, BAD_POINTER, 1, 1UL << 63));
}

TEST_F(permission, without_the_capability)
{
	ASSERT_EQ(0, drop_cap_sys_boot());
	expect_nothing_works(_metadata, self);
	EXPECT_EQ(0, kmsg_refusals(&self->kmsg))
		TH_LOG("anybody can fill the log: %s", self->kmsg.last);
}

TEST_F(permission, as_nobody)
{
	ASSERT_EQ(0, setresuid(65534, 65534, 65534));
	expect_nothing_works(_metadata, self);
	EXPECT_EQ(0, kmsg_refusals(&self->kmsg))
		TH_LOG("anybody can fill the log: %s", self->kmsg.last);
}

/* The capabilities of a user namespace count in that namespace alone. */
TEST_F(permission, in_a_user_namespace)
{
	if (unshare(CLONE_NEWUSER))
		SKIP(return, "no user namespaces (CONFIG_USER_NS)");
	EXPECT_EQ(-EPERM, kexec_load(1, &good, 0));
	EXPECT_EQ(-EPERM, kexec_unload());
	if (self->file_load) {
		EXPECT_EQ(-EPERM, kexec_file_load(self->kernel, -1, NULL, 0,
						  NO_INITRD));
		EXPECT_EQ(-EPERM, kexec_file_unload());
	}
	EXPECT_EQ(0, kmsg_refusals(&self->kmsg));
}

TEST_F(permission, reboot_needs_its_magic)
{
	EXPECT_EQ(-EINVAL, reboot_kexec(0));
	EXPECT_EQ(-EINVAL, reboot_kexec(LINUX_REBOOT_MAGIC2 + 1));
}

TEST_F(permission, reboot_in_a_pid_namespace)
{
	int status;
	pid_t pid;

	if (unshare(CLONE_NEWPID))
		SKIP(return, "no pid namespaces (CONFIG_PID_NS)");
	pid = fork();
	if (!pid)
		_exit(reboot_kexec(LINUX_REBOOT_MAGIC2) != -EINVAL);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status)
		TH_LOG("not EINVAL in the child");
}

TEST(reboot_with_nothing_loaded)
{
	ASSERT_EQ(0, kexec_unload());
	EXPECT_EQ(-EINVAL, reboot_kexec(LINUX_REBOOT_MAGIC2));
	EXPECT_EQ(-EINVAL, reboot_kexec(LINUX_REBOOT_MAGIC2A));
	EXPECT_EQ(-EINVAL, reboot_kexec(LINUX_REBOOT_MAGIC2B));
	EXPECT_EQ(-EINVAL, reboot_kexec(LINUX_REBOOT_MAGIC2C));
}

TEST_HARNESS_MAIN
