// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every allocation of a load, made to fail in turn.
 *
 * n grows until a whole load passes without meeting the n-th.  Whatever fails,
 * either the load copes, or it says so and the image before it is still there.
 */
#include "kexec_fault.h"

static const char data[16 * PAGE];

FIXTURE(fault) {
	struct load load;
};

FIXTURE_VARIANT(fault) {
	unsigned long shift;
	bool from_files;
	unsigned long flags;
};

/* A destination of its own, and one that the image before it still owns. */
FIXTURE_VARIANT_ADD(fault, elsewhere) { .shift = 8 * MIB };
FIXTURE_VARIANT_ADD(fault, same_place) { .shift = 0 };

/* From files the kernel finds the place; staged there is nothing to claim. */
FIXTURE_VARIANT_ADD(fault, from_files) { .from_files = true };
FIXTURE_VARIANT_ADD(fault, from_files_staged) {
	.from_files = true, .flags = KEXEC_FILE_NO_CMA,
};

static void prepare_segments(struct load *l, unsigned long at)
{
	l->table[0] = (struct segment) {
		.buf = data, .bufsz = sizeof(data),
		.mem = at, .memsz = sizeof(data),
	};
	l->table[1] = (struct segment) {
		.mem = at + 4 * MIB, .memsz = 4 * MIB,
	};
}

static void prepare_files(struct load *l, unsigned long flags)
{
	l->from_files = true;
	l->call = (struct file_call) {
		.kernel = bzimage(NULL), .initrd = file_of_zeroes(64 * KIB),
		.cmdline = "", .length = 1, .flags = flags,
	};
}

FIXTURE_SETUP(fault)
{
	unsigned long at = find_ram(32 * MIB);

	if (access(FAIL_NTH, W_OK))
		SKIP(return, "no " FAIL_NTH " (CONFIG_FAULT_INJECTION)");
	ASSERT_NE(0UL, at);
	if (variant->from_files && !have_file_load())
		SKIP(return, "no kexec_file_load (CONFIG_KEXEC_FILE)");
	if (variant->flags && mute())
		SKIP(return, "KEXEC_TEST_MUTE: others do not know the flag");
	if (variant->from_files)
		prepare_files(&self->load, variant->flags);
	else
		prepare_segments(&self->load, at);
	ASSERT_EQ(0, load(&self->load));
	self->load.table[0].mem += variant->shift;
	self->load.table[1].mem += variant->shift;
	arm_everything();
}

FIXTURE_TEARDOWN(fault)
{
	EXPECT_EQ(0, kexec_unload());
	EXPECT_EQ(0, image_loaded());
}

TEST_F_TIMEOUT(fault, nth, 300)
{
	int nth, failed = 0;
	bool met = true;
	long rc;

	for (nth = 1; met; nth++) {
		rc = load_with_fault(&self->load, nth, &met);
		EXPECT_TRUE(!rc || rc == -ENOMEM || rc == -EFAULT)
			TH_LOG("fault %d: %ld", nth, rc);
		ASSERT_EQ(1, image_loaded())
			TH_LOG("fault %d: the image loaded before is gone", nth);
		failed += rc != 0;
	}
	TH_LOG("%d faults, %d loads failed", nth - 2, failed);
	EXPECT_EQ(0, rc)
		TH_LOG("fails without a fault");
	EXPECT_GT(failed, 0)
		TH_LOG("no fault has reached a load");
}

TEST_HARNESS_MAIN
