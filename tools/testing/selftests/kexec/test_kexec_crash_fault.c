// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every allocation of a crash load, made to fail in turn.
 *
 * n grows until a whole load passes without meeting the n-th.  Whatever fails,
 * either the load copes, or it says so and the crash image before it is still
 * there, every byte of it; if there was none there is none.  That image is loaded
 * anew each time that one has taken its place.
 */
#include "kexec_crash_test.h"
#include "kexec_fault.h"

static const char data[16 * PAGE];
static struct region region;

FIXTURE(crash_fault) {
	struct load load;
};

FIXTURE_VARIANT(crash_fault) {
	bool empty;
	bool from_files;
};

/* In its place, while it waits for the other one to be complete. */
FIXTURE_VARIANT_ADD(crash_fault, over_another) { .empty = false };
/* Straight into the region. */
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

static void prepare_files(struct load *l)
{
	l->from_files = true;
	l->call = (struct file_call) {
		.kernel = bzimage(NULL), .initrd = file_of_zeroes(64 * KIB),
		.cmdline = "", .length = 1, .flags = KEXEC_FILE_ON_CRASH,
	};
}

static long start_over(bool empty)
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
		prepare_files(&self->load);
	else
		prepare_segments(&self->load);
	ASSERT_EQ(0, start_over(variant->empty));
	arm_everything();
}

FIXTURE_TEARDOWN(crash_fault)
{
	EXPECT_EQ(0, crash_unload());
	EXPECT_EQ(0, crash_loaded());
}

/* What is there after a load that failed, or that did not. */
static void check_left(struct __test_metadata *_metadata, bool empty, int nth,
		       long rc)
{
	EXPECT_TRUE(!rc || rc == -ENOMEM || rc == -EFAULT)
		TH_LOG("fault %d: %ld", nth, rc);
	ASSERT_EQ(!rc || (!empty && !mute()), crash_loaded())
		TH_LOG("fault %d: %ld, and the wrong image is loaded", nth, rc);
	if (rc && !empty)
		check_kept(_metadata, &region);
	ASSERT_EQ(0, !rc || mute() ? start_over(empty) : 0);
}

TEST_F_TIMEOUT(crash_fault, nth, 600)
{
	int nth, failed = 0;
	bool met = true;
	long rc;

	for (nth = 1; met; nth++) {
		rc = load_with_fault(&self->load, nth, &met);
		check_left(_metadata, variant->empty, nth, rc);
		failed += rc != 0;
	}
	TH_LOG("%d faults, %d loads failed", nth - 2, failed);
	EXPECT_EQ(0, rc)
		TH_LOG("fails without a fault");
	EXPECT_GT(failed, 0)
		TH_LOG("no fault has reached a load");
}

TEST_HARNESS_MAIN
