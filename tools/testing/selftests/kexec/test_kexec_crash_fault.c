// SPDX-License-Identifier: GPL-2.0-only
/*
 * Each allocation of a crash load fails in turn.
 *
 * A load that meets such a fault either succeeds all the same, or it fails and
 * the crash image before it stays loaded, every byte of it.  Where nothing was
 * loaded, nothing is loaded after the load has failed.  A load that succeeds
 * replaces the image before it, so the test loads that image again.
 */
#include "kexec_crash_test.h"
#include "kexec_fault.h"

static const char data[16 * PAGE];
static struct region region;

/* No image is loaded before. */
static bool empty;

FIXTURE(crash_fault) {
	struct load load;
};

FIXTURE_VARIANT(crash_fault) {
	bool empty;
	bool from_files;
};

/* Over an image that stays until the load is complete. */
FIXTURE_VARIANT_ADD(crash_fault, over_another) { .empty = false };
/* To the region at once. */
FIXTURE_VARIANT_ADD(crash_fault, into_nothing) { .empty = true };

FIXTURE_VARIANT_ADD(crash_fault, files_over_another) { .from_files = true };
FIXTURE_VARIANT_ADD(crash_fault, files_into_nothing) {
	.from_files = true, .empty = true,
};

static void prepare_segments(struct load *l)
{
	l->table[0] = (struct segment) {
		.buf = data, .bufsz = sizeof(data),
		.mem = region.start + KEPT_AT, .memsz = sizeof(data),
	};
	l->table[1] = (struct segment) {
		.mem = region.start + 4 * MIB, .memsz = 4 * MIB,
	};
	l->entry = region.start;
	l->flags = KEXEC_ON_CRASH;
}

static long start_over(void)
{
	return empty ? crash_unload() : load_kept(&region);
}

FIXTURE_SETUP(crash_fault)
{
	if (access(FAIL_NTH, W_OK))
		SKIP(return, "no " FAIL_NTH " (CONFIG_FAULT_INJECTION)");
	if (!find_crash_region(&region))
		SKIP(return, "no crash region: needs crashkernel=");
	if (variant->from_files && !have_file_load())
		SKIP(return, "no kexec_file_load (CONFIG_KEXEC_FILE)");
	if (variant->from_files)
		prepare_files(&self->load, KEXEC_FILE_ON_CRASH);
	else
		prepare_segments(&self->load);
	empty = variant->empty;
	ASSERT_EQ(0, start_over());
	arm_everything();
}

FIXTURE_TEARDOWN(crash_fault)
{
	EXPECT_EQ(0, crash_unload());
	EXPECT_EQ(0, crash_loaded());
}

static void check_left(struct __test_metadata *_metadata, int nth, long rc)
{
	ASSERT_EQ(!rc || (!empty && !mute()), crash_loaded())
		TH_LOG("fault %d: %ld, and the wrong image is loaded", nth, rc);
	if (rc && !empty)
		check_kept(_metadata, &region);
	ASSERT_EQ(0, !rc || mute() ? start_over() : 0);
}

TEST_F_TIMEOUT(crash_fault, nth, 600)
{
	load_with_each_fault(_metadata, &self->load, check_left);
}

/* Most crash loads ask for no large block at all. */
TEST_F(crash_fault, no_large_block)
{
	long rc, failed;

	fail_large_blocks();
	rc = load(&self->load);
	failed = large_blocks_failed();
	EXPECT_EQ(0, rc)
		TH_LOG("%ld large blocks failed", failed);
}

/* A part of the region that nobody else can use stays in the region. */
TEST_F(crash_fault, region_that_cannot_be_freed)
{
	long size = read_number(CRASH_SIZE);
	char less[32];

	if (access(FREE_FAULT, F_OK))
		SKIP(return, "no " FREE_FAULT " (others have no such fault)");
	snprintf(less, sizeof(less), "%ld", size - (long)MIB);
	ASSERT_EQ(0, load(&self->load));
	fail_to_free(true);
	EXPECT_EQ(0, crash_unload());
	EXPECT_EQ(-EIO, write_file(CRASH_SIZE, less));
	EXPECT_EQ(size, read_number(CRASH_SIZE));
	fail_to_free(false);
	EXPECT_EQ(0, load(&self->load));
}

TEST_HARNESS_MAIN
