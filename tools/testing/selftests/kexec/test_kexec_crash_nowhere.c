// SPDX-License-Identifier: GPL-2.0-only
/*
 * Crash images where no memory is reserved for them: loads are refused, an unload
 * does nothing, and the size is 0.
 */
#include "kexec_crash_test.h"

#define ON_CRASH	KEXEC_FILE_ON_CRASH

static const char data[PAGE];

FIXTURE(nowhere) {
	struct segment segment;
	struct kmsg kmsg;
	bool file_load;
};

FIXTURE_SETUP(nowhere)
{
	struct region r;

	if (find_crash_region(&r))
		SKIP(return, "this boot has a crash region (crashkernel=)");
	self->segment = (struct segment) {
		.buf = data, .bufsz = PAGE, .mem = find_ram(PAGE), .memsz = PAGE,
	};
	self->file_load = have_file_load();
	ASSERT_EQ(0, kexec_load(1, &self->segment, 0));
	ASSERT_TRUE(kmsg_open(&self->kmsg));
}

FIXTURE_TEARDOWN(nowhere)
{
	close(self->kmsg.fd);
	EXPECT_EQ(0, crash_loaded());
	EXPECT_EQ(1, image_loaded())
		TH_LOG("ON_CRASH has touched the other slot");
	EXPECT_EQ(0, kexec_unload());
}

TEST_F(nowhere, segments)
{
	struct segment s = self->segment;

	EXPECT_EQ(-EADDRNOTAVAIL, crash_load_at(s.mem, 1, &s, 0));
	check_reason(_metadata, &self->kmsg, SAYS("no memory is reserved"));
	if (mute())
		SKIP(return, "KEXEC_TEST_MUTE: others know a region of one byte, at 0");
	s.mem = 0;
	EXPECT_EQ(-EADDRNOTAVAIL, crash_load_at(0, 1, &s, 0));
	check_reason(_metadata, &self->kmsg, SAYS("no memory is reserved"));
	s.memsz = 0;
	s.bufsz = 0;
	EXPECT_EQ(-EADDRNOTAVAIL, crash_load_at(0, 1, &s, 0));
	check_reason(_metadata, &self->kmsg, SAYS("no memory is reserved"));
}

TEST_F(nowhere, other_rules_of_segments_come_first)
{
	struct segment *s = &self->segment;

	EXPECT_EQ(-EINVAL, crash_load_at(s->mem, 1, s, 1 << 4));
	EXPECT_EQ(-EINVAL, crash_load_at(s->mem, 17, s, 0));
	EXPECT_EQ(-EINVAL, crash_load_at(s->mem, 1, s, KEXEC_ARCH_386));
	EXPECT_EQ(-EFAULT, crash_load_at(s->mem, 1, BAD_POINTER, 0));
}

TEST_F(nowhere, files)
{
	if (!self->file_load)
		SKIP(return, "no kexec_file_load (CONFIG_KEXEC_FILE)");
	EXPECT_EQ(-EADDRNOTAVAIL, kexec_file_load(bzimage(NULL), -1, NULL, 0,
						  NO_INITRD | ON_CRASH));
	check_reason(_metadata, &self->kmsg, SAYS("no memory is reserved"));
}

TEST_F(nowhere, other_rules_of_files_come_first)
{
	if (!self->file_load)
		SKIP(return, "no kexec_file_load (CONFIG_KEXEC_FILE)");
	EXPECT_EQ(-EINVAL, kexec_file_load(-1, -1, NULL, 0, ON_CRASH | 1 << 6));
	EXPECT_EQ(-EBADF, kexec_file_load(-1, -1, NULL, 0, ON_CRASH));
	EXPECT_EQ(-ENOEXEC, kexec_file_load(file_of_zeroes(PAGE), -1, NULL, 0,
					    NO_INITRD | ON_CRASH));
	EXPECT_EQ(-EBADF, kexec_file_load(bzimage(NULL), -1, NULL, 0, ON_CRASH));
}

TEST_F(nowhere, nothing_to_unload)
{
	EXPECT_EQ(0, crash_unload());
	if (self->file_load) {
		EXPECT_EQ(0, kexec_file_load(-1, -1, NULL, 0,
					     KEXEC_FILE_UNLOAD | ON_CRASH));
	}
	EXPECT_EQ(0, kmsg_refusals(&self->kmsg));
}

TEST_F(nowhere, nothing_to_give_back)
{
	EXPECT_EQ(0, read_number(CRASH_SIZE));
	EXPECT_EQ(0, write_file(CRASH_SIZE, "0"));
	EXPECT_EQ(-EINVAL, write_file(CRASH_SIZE, "1"));
	EXPECT_EQ(-EINVAL, write_file(CRASH_SIZE, "4096"));
}

TEST_HARNESS_MAIN
