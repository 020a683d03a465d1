// SPDX-License-Identifier: GPL-2.0-only
/*
 * Many loads: every flag bit, and hundreds of loads, which must not lose a page.
 *
 * The log is rate limited for each rule.  So no test here reads it, and tests
 * that read it must run before.
 */
#include "kexec_test.h"

#include <time.h>

static const char data[PAGE];
static struct segment good = { .buf = data, .bufsz = PAGE, .memsz = PAGE };

TEST(every_unknown_flag)
{
	int bit;

	for (bit = 4; bit < 16; bit++) {
		EXPECT_EQ(-EINVAL, kexec_load(0, NULL, 1UL << bit))
			TH_LOG("bit %d", bit);
	}
}

TEST(every_high_flag)
{
	int bit;

	for (bit = 32; bit < 64; bit++) {
		EXPECT_EQ(0, kexec_load(0, NULL, 1UL << bit))
			TH_LOG("bit %d", bit);
	}
}

FIXTURE(leak) {};

FIXTURE_VARIANT(leak) {
	bool fail;
};

FIXTURE_VARIANT_ADD(leak, load_and_unload) { .fail = false };
FIXTURE_VARIANT_ADD(leak, failed_load) { .fail = true };

FIXTURE_SETUP(leak)
{
	good.mem = find_ram(4 * MIB);
	ASSERT_NE(0UL, good.mem);
}

FIXTURE_TEARDOWN(leak)
{
}

/* A thousand rounds; on a slow kernel as many as ten seconds allow. */
static bool another_round(int i, time_t start)
{
	return i < 100 || (i < 1000 && time(NULL) < start + 10);
}

/*
 * Pages that are lost in @rounds, which this sets.  If the load is to fail, the
 * buffer of the second segment cannot be read, so that the load fails at its end.
 */
static long lost_pages(struct __test_metadata *_metadata, bool fail,
		       int *rounds)
{
	struct segment s[] = { good, good };
	long before = free_pages();
	time_t start = time(NULL);
	int i;

	s[1].mem += 2 * MIB;
	if (fail)
		s[1].buf = BAD_POINTER;
	for (i = 0; another_round(i, start); i++) {
		ASSERT_EQ(fail ? -EFAULT : 0, kexec_load(2, s, 0));
		ASSERT_EQ(0, kexec_unload());
	}
	*rounds = i;
	return before - free_pages();
}

/* Caches fill in the first pass.  A leak is a page in two rounds. */
TEST_F_TIMEOUT(leak, memory, 300)
{
	int rounds;
	long lost;

	lost_pages(_metadata, variant->fail, &rounds);
	lost = lost_pages(_metadata, variant->fail, &rounds);
	TH_LOG("%d rounds: %ld pages less", rounds, lost);
	EXPECT_LT(lost, rounds / 2);
}

TEST_HARNESS_MAIN
