// SPDX-License-Identifier: GPL-2.0-only
/*
 * The life of a crash image beside that of a normal one: neither knows of the
 * other, one caller at a time works on either, and what is loaded is there until
 * a complete successor takes its place, even if the caller is killed.
 */
#include "kexec_crash_test.h"
#include "kexec_gate.h"

#define NEW_BYTE	'n'

/* Most of what a load may copy, so that there is a middle to be killed in. */
#define LARGE		(64 * MIB)

static const char data[PAGE] = { [0 ... PAGE - 1] = NEW_BYTE };
static struct segment normal = { .buf = data, .bufsz = PAGE, .memsz = PAGE };
static struct region region;

/* A page where the image is that is to be kept. */
static long load_new(void)
{
	struct segment s = {
		.buf = data, .bufsz = PAGE, .mem = region.start + KEPT_AT,
		.memsz = PAGE,
	};

	return crash_load_at(s.mem, 1, &s, 0);
}

static long load_broken(void)
{
	struct segment s = {
		.buf = BAD_POINTER, .bufsz = PAGE, .mem = region.start + KEPT_AT,
		.memsz = PAGE,
	};

	return crash_load_at(s.mem, 1, &s, 0);
}

FIXTURE(crash) {
	struct kmsg kmsg;
};

FIXTURE_SETUP(crash)
{
	if (!find_crash_region(&region))
		SKIP(return, "no crash region: needs crashkernel=");
	normal.mem = find_ram(PAGE);
	ASSERT_NE(0UL, normal.mem);
	ASSERT_EQ(0, kexec_unload());
	ASSERT_EQ(0, crash_unload());
	ASSERT_TRUE(kmsg_open(&self->kmsg));
}

FIXTURE_TEARDOWN(crash)
{
	close(self->kmsg.fd);
	EXPECT_EQ(0, kexec_unload());
	EXPECT_EQ(0, crash_unload());
	EXPECT_EQ(0, image_loaded());
	EXPECT_EQ(0, crash_loaded());
}

TEST_F(crash, loaded_follows)
{
	EXPECT_EQ(0, crash_loaded());
	EXPECT_EQ(0, load_new());
	EXPECT_EQ(1, crash_loaded());
	EXPECT_EQ(0, load_new());
	EXPECT_EQ(1, crash_loaded());
	EXPECT_EQ(0, crash_unload());
	EXPECT_EQ(0, crash_loaded());
	EXPECT_EQ(0, crash_unload());
	EXPECT_EQ(0, crash_loaded());
}

/* A load that fails where nothing was loaded leaves nothing. */
TEST_F(crash, failed_load_leaves_nothing)
{
	EXPECT_EQ(-EFAULT, load_broken());
	EXPECT_EQ(0, crash_loaded());
	EXPECT_EQ(0, load_new());
}

TEST_F(crash, normal_image_does_not_notice)
{
	ASSERT_EQ(0, kexec_load(1, &normal, 0));
	EXPECT_EQ(0, crash_loaded());

	EXPECT_EQ(-EFAULT, load_broken());
	EXPECT_EQ(1, image_loaded());
	EXPECT_EQ(0, load_new());
	EXPECT_EQ(1, image_loaded());
	EXPECT_EQ(-EFAULT, load_broken());
	EXPECT_EQ(1, image_loaded());
	EXPECT_EQ(0, crash_unload());
	EXPECT_EQ(1, image_loaded());
}

TEST_F(crash, crash_image_does_not_notice)
{
	struct segment broken = normal;

	broken.buf = BAD_POINTER;
	ASSERT_EQ(0, load_kept(&region));
	EXPECT_EQ(0, image_loaded());

	EXPECT_EQ(-EFAULT, kexec_load(1, &broken, 0));
	EXPECT_EQ(1, crash_loaded());
	EXPECT_EQ(0, kexec_load(1, &normal, 0));
	EXPECT_EQ(1, crash_loaded());
	EXPECT_EQ(-EFAULT, kexec_load(1, &broken, 0));
	EXPECT_EQ(1, crash_loaded());
	EXPECT_EQ(0, kexec_unload());
	EXPECT_EQ(1, crash_loaded());
	EXPECT_TRUE(memory_is(region.start + KEPT_AT, KEPT_BYTE, KEPT_SIZE));
}

/* --- one at a time ----------------------------------------------------- */

/* The load whose buffer is the gate's. */
static long load_gate(const struct gate *g)
{
	struct segment s = {
		.buf = g->buf, .bufsz = g->bytes,
		.mem = region.start + KEPT_AT, .memsz = g->bytes,
	};

	return crash_load_at(s.mem, 1, &s, 0);
}

static void expect_busy(struct __test_metadata *_metadata, struct kmsg *k)
{
	EXPECT_EQ(-EBUSY, load_new());
	check_reason(_metadata, k, SAYS("under way"));
	EXPECT_EQ(-EBUSY, crash_unload());
	EXPECT_EQ(-EBUSY, kexec_load(1, &normal, 0));
	EXPECT_EQ(-EBUSY, kexec_unload());
	EXPECT_EQ(-EBUSY, write_file(CRASH_SIZE, "0"));
	EXPECT_EQ(LONG_MIN, read_number(CRASH_SIZE));
	EXPECT_EQ(-EBUSY, read_file(CRASH_SIZE, (char [8]) {}, 8));
}

/* Meanwhile a panic would still find the image that was there before. */
TEST_F(crash, busy)
{
	struct gate g;

	ASSERT_EQ(0, load_kept(&region));
	if (!start_gate_or_skip(_metadata, &g, 4 * PAGE, load_gate))
		return;

	expect_busy(_metadata, &self->kmsg);
	check_kept(_metadata, &region);

	EXPECT_EQ(0, gate_finish(&g));
	EXPECT_EQ(1, crash_loaded());
	EXPECT_TRUE(memory_is(region.start + KEPT_AT, 0, 4 * PAGE))
		TH_LOG("the successor has not taken its place");
	EXPECT_EQ((long)region_size(&region), read_number(CRASH_SIZE));
}

TEST_F(crash, busy_with_nothing_loaded)
{
	struct gate g;

	if (!start_gate_or_skip(_metadata, &g, 4 * PAGE, load_gate))
		return;

	expect_busy(_metadata, &self->kmsg);
	EXPECT_EQ(0, crash_loaded());

	EXPECT_EQ(0, gate_finish(&g));
	EXPECT_EQ(1, crash_loaded());
}

/* The table is read before the lock is tried, the entry judged after. */
TEST_F(crash, busy_in_the_order_of_checks)
{
	struct segment odd = { .mem = 1, .memsz = PAGE };
	struct gate g;

	if (!start_gate_or_skip(_metadata, &g, PAGE, load_gate))
		return;

	EXPECT_EQ(-EINVAL, crash_load_at(0, 1, &odd, 1 << 4));
	EXPECT_EQ(-EFAULT, crash_load_at(0, 1, BAD_POINTER, 0));
	EXPECT_EQ(-EBUSY, crash_load_at(0, 1, &odd, 0));
	EXPECT_EQ(-EINVAL, write_file(CRASH_SIZE, "much"));

	EXPECT_EQ(0, gate_finish(&g));
}

/* The other kind of load takes the same lock. */
static long load_normal_gate(const struct gate *g)
{
	struct segment s = {
		.buf = g->buf, .bufsz = g->bytes,
		.mem = find_ram(g->bytes), .memsz = g->bytes,
	};

	return kexec_load(1, &s, 0);
}

TEST_F(crash, busy_with_a_normal_load)
{
	struct gate g;

	ASSERT_EQ(0, load_kept(&region));
	if (!start_gate_or_skip(_metadata, &g, PAGE, load_normal_gate))
		return;

	expect_busy(_metadata, &self->kmsg);
	EXPECT_EQ(1, crash_loaded());
	EXPECT_EQ(0, gate_finish(&g));
	EXPECT_EQ(1, image_loaded());
}

/* --- killed in the middle ---------------------------------------------- */

static unsigned long large(void)
{
	return region_size(&region) / 2 < LARGE ? region_size(&region) / 2 : LARGE;
}

FIXTURE(killed) {
	struct victim victim;
};

FIXTURE_VARIANT(killed) {
	bool empty;
};

FIXTURE_VARIANT_ADD(killed, over_another) { .empty = false };
FIXTURE_VARIANT_ADD(killed, into_nothing) { .empty = true };

FIXTURE_SETUP(killed)
{
	if (!find_crash_region(&region))
		SKIP(return, "no crash region: needs crashkernel=");
	if (!have_userfaultfd())
		SKIP(return, "no userfaultfd (CONFIG_USERFAULTFD)");
	ASSERT_EQ(0, variant->empty ? crash_unload() : load_kept(&region));
}

FIXTURE_TEARDOWN(killed)
{
	EXPECT_EQ(0, crash_unload());
	EXPECT_EQ(0, crash_loaded());
}

static void check_kill(struct __test_metadata *_metadata, struct victim *v,
		       double limit, bool empty)
{
	kill_victim(_metadata, v, limit);
	if (!empty) {
		check_kept(_metadata, &region);
		return;
	}
	EXPECT_EQ(0, crash_loaded());
}

TEST_F(killed, while_it_waits_for_a_page)
{
	char byte;

	victim_start(&self->victim, 4 * MIB, load_gate, true);
	ASSERT_EQ(1, read(self->victim.said, &byte, 1));
	check_kill(_metadata, &self->victim, PATIENCE, variant->empty);
	EXPECT_EQ(0, load_new())
		TH_LOG("the next load does not work");
}

/* From the system call on; when it is over the same image is loaded again. */
TEST_F_TIMEOUT(killed, at_any_moment, 180)
{
	double limit = patience(large());
	int ms;

	for (ms = 1; ms <= 256; ms *= 2) {
		victim_run(&self->victim, large(), load_gate, ms);
		check_kill(_metadata, &self->victim, limit, variant->empty);
	}
	EXPECT_EQ(0, load_new())
		TH_LOG("the next load does not work");
}

TEST_HARNESS_MAIN
