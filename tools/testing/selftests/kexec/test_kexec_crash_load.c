// SPDX-License-Identifier: GPL-2.0-only
/*
 * What kexec_load(2) takes and what it refuses of a crash image.
 *
 * Addresses are relative to the region that crashkernel= has reserved, so two
 * tables serve any machine.  "refused" has a row for each rule, and for each pair
 * of rules whose order a program can observe; a crash image is loaded before each
 * row and must still be loaded after it, every byte of it.  "accepted" has what
 * looks odd and is legal.  Tests that do not fit into a row follow as functions.
 */
#include "kexec_crash_test.h"

static const char data[2 * PAGE] = { [0 ... 2 * PAGE - 1] = 'd' };

/*
 * A number within NEAR of END counts from the region's end, or from its size.
 * Every other number counts from the region's start.
 */
#define END		(1UL << 60)
#define NEAR		(1UL << 40)

#define SEG(bytes, where, size)						\
	{ .buf = data, .bufsz = (bytes), .mem = (where), .memsz = (size) }
#define LOST(bytes, where, size)					\
	{ .buf = BAD_POINTER, .bufsz = (bytes), .mem = (where), .memsz = (size) }

/* The destination of the image that was loaded before. */
#define AT		KEPT_AT

static unsigned long length(const struct region *r, unsigned long x)
{
	return x - (END - NEAR) < 2 * NEAR ? x - END + region_size(r) : x;
}

static unsigned long address(const struct region *r, unsigned long x)
{
	return r->start + length(r, x);
}

#define ROWS 3

/* A row's call, relative to the region. */
struct call {
	unsigned long entry;
	unsigned long nr;
	struct segment table[ROWS];
	bool bad_table;
	unsigned long flags;
};

static struct crash_call prepare(const struct region *r, const struct call *c,
				 struct segment *table)
{
	int i;

	for (i = 0; i < ROWS; i++) {
		table[i] = c->table[i];
		table[i].mem = address(r, c->table[i].mem);
		table[i].memsz = length(r, c->table[i].memsz);
	}
	return (struct crash_call) {
		.entry = address(r, c->entry), .nr = c->nr,
		.table = c->bad_table ? BAD_POINTER : table, .flags = c->flags,
	};
}

FIXTURE(refused) {
	struct region region;
	struct kmsg kmsg;
};

FIXTURE_VARIANT(refused) {
	struct call call;
	int err;
	const char *says[SAYS_MAX];
};

FIXTURE_SETUP(refused)
{
	if (!find_crash_region(&self->region))
		SKIP(return, "no crash region: needs crashkernel=");
	loaded_setup(_metadata, &self->kmsg, load_kept(&self->region));
}

FIXTURE_TEARDOWN(refused)
{
	unload_teardown(_metadata, &self->kmsg, crash_unload, crash_loaded);
}

/* Rules that the kernel checks before the entry. */

FIXTURE_VARIANT_ADD(refused, flag_before_entry) {
	.call = { .entry = -1, .nr = 1, .table = { SEG(0, AT, PAGE) },
		  .flags = 1UL << 4 },
	.err = EINVAL, .says = { "flags 0x10 " },
};

FIXTURE_VARIANT_ADD(refused, number_before_entry) {
	.call = { .entry = -1, .nr = 17 },
	.err = EINVAL, .says = { " 17 segments" },
};

FIXTURE_VARIANT_ADD(refused, arch_before_entry) {
	.call = { .entry = -1, .nr = 1, .table = { SEG(0, AT, PAGE) },
		  .flags = KEXEC_ARCH_386 },
	.err = EINVAL, .says = { "architecture 3 " },
};

FIXTURE_VARIANT_ADD(refused, table_before_entry) {
	.call = { .entry = -1, .nr = 1, .bad_table = true },
	.err = EFAULT, .says = { "table of 1 segments" },
};

/* The entry; that of a normal image may be anywhere. */

FIXTURE_VARIANT_ADD(refused, entry_below) {
	.call = { .entry = -1, .nr = 1, .table = { SEG(0, AT, PAGE) } },
	.err = EADDRNOTAVAIL, .says = { "entry 0x", "outside of the crash region" },
};

FIXTURE_VARIANT_ADD(refused, entry_behind) {
	.call = { .entry = END, .nr = 1, .table = { SEG(0, AT, PAGE) } },
	.err = EADDRNOTAVAIL, .says = { "entry 0x", "outside of the crash region" },
};

FIXTURE_VARIANT_ADD(refused, entry_before_overlap) {
	.call = { .entry = -1, .nr = 2,
		  .table = { SEG(0, AT, PAGE), SEG(0, AT, PAGE) } },
	.err = EADDRNOTAVAIL, .says = { "entry 0x" },
};

FIXTURE_VARIANT_ADD(refused, entry_before_bufsz) {
	.call = { .entry = END, .nr = 1, .table = { SEG(1, AT, 0) } },
	.err = EADDRNOTAVAIL, .says = { "entry 0x" },
};

/* The rules of every image come before those of a crash image. */

FIXTURE_VARIANT_ADD(refused, wraps) {
	.call = { .nr = 1, .table = { SEG(0, AT, ~0UL) } },
	.err = EADDRNOTAVAIL, .says = { "segment 0", "passes the end" },
};

FIXTURE_VARIANT_ADD(refused, start_unaligned) {
	.call = { .nr = 1, .table = { SEG(0, AT + 0x800, PAGE) } },
	.err = EADDRNOTAVAIL, .says = { "segment 0", "page aligned" },
};

FIXTURE_VARIANT_ADD(refused, end_unaligned) {
	.call = { .nr = 1, .table = { SEG(0, AT, PAGE + 1) } },
	.err = EADDRNOTAVAIL, .says = { "segment 0", "0x1001", "page aligned" },
};

FIXTURE_VARIANT_ADD(refused, beyond_any_paging_mode) {
	.call = { .nr = 1, .table = { SEG(0, 1UL << 52, PAGE) } },
	.err = EADDRNOTAVAIL, .says = { "segment 0", "limit" },
};

FIXTURE_VARIANT_ADD(refused, unaligned_before_overlap) {
	.call = { .nr = 2,
		  .table = { SEG(0, AT, 2 * PAGE), SEG(0, AT + 1, PAGE) } },
	.err = EADDRNOTAVAIL, .says = { "segment 1", "page aligned" },
};

FIXTURE_VARIANT_ADD(refused, overlap) {
	.call = { .nr = 2,
		  .table = { SEG(0, AT + PAGE, 2 * PAGE),
			     SEG(0, AT, 2 * PAGE) } },
	.err = EINVAL, .says = { "segment 0", "segment 1", "overlaps" },
};

FIXTURE_VARIANT_ADD(refused, overlap_before_bufsz) {
	.call = { .nr = 2,
		  .table = { SEG(2 * PAGE, AT, PAGE), SEG(0, AT, PAGE) } },
	.err = EINVAL, .says = { "overlaps" },
};

FIXTURE_VARIANT_ADD(refused, overlap_before_region) {
	.call = { .nr = 2, .table = { SEG(0, END, PAGE), SEG(0, END, PAGE) } },
	.err = EINVAL, .says = { "overlaps" },
};

FIXTURE_VARIANT_ADD(refused, bufsz_above_memsz) {
	.call = { .nr = 1, .table = { SEG(PAGE + 1, AT, PAGE) } },
	.err = EINVAL, .says = { "segment 0", "0x1001 bytes", "0x1000" },
};

FIXTURE_VARIANT_ADD(refused, bufsz_before_region) {
	.call = { .nr = 1, .table = { SEG(PAGE + 1, END, PAGE) } },
	.err = EINVAL, .says = { "segment 0", "0x1001 bytes" },
};

FIXTURE_VARIANT_ADD(refused, larger_than_memory) {
	.call = { .nr = 1, .table = { SEG(0, AT, 1UL << 45) } },
	.err = EINVAL, .says = { "segment 0", " 34359738368 KiB" },
};

/* Every segment lies in the region, whatever its size. */

FIXTURE_VARIANT_ADD(refused, below) {
	.call = { .nr = 1, .table = { SEG(PAGE, -PAGE, PAGE) } },
	.err = EADDRNOTAVAIL, .says = { "segment 0", "outside of the crash region" },
};

FIXTURE_VARIANT_ADD(refused, across_the_start) {
	.call = { .nr = 1, .table = { SEG(PAGE, -PAGE, 2 * PAGE) } },
	.err = EADDRNOTAVAIL, .says = { "segment 0", "outside of the crash region" },
};

FIXTURE_VARIANT_ADD(refused, across_the_end) {
	.call = { .nr = 1, .table = { SEG(PAGE, END - PAGE, 2 * PAGE) } },
	.err = EADDRNOTAVAIL, .says = { "segment 0", "outside of the crash region" },
};

FIXTURE_VARIANT_ADD(refused, behind) {
	.call = { .nr = 1, .table = { SEG(PAGE, END, PAGE) } },
	.err = EADDRNOTAVAIL, .says = { "segment 0", "outside of the crash region" },
};

FIXTURE_VARIANT_ADD(refused, only_the_last_one_outside) {
	.call = { .nr = 3,
		  .table = { SEG(PAGE, AT, PAGE), SEG(PAGE, END - PAGE, PAGE),
			     SEG(PAGE, END, PAGE) } },
	.err = EADDRNOTAVAIL, .says = { "segment 2", "outside of the crash region" },
};

FIXTURE_VARIANT_ADD(refused, empty_below) {
	.call = { .nr = 1, .table = { SEG(0, -PAGE, 0) } },
	.err = EADDRNOTAVAIL, .says = { "segment 0", "outside of the crash region" },
};

FIXTURE_VARIANT_ADD(refused, region_before_room) {
	.call = { .nr = 2, .table = { SEG(0, 0, END), SEG(0, END, PAGE) } },
	.err = EADDRNOTAVAIL, .says = { "segment 1", "outside of the crash region" },
};

FIXTURE_VARIANT_ADD(refused, region_before_buffer) {
	.call = { .nr = 1, .table = { LOST(PAGE, END, PAGE) } },
	.err = EADDRNOTAVAIL, .says = { "segment 0", "outside of the crash region" },
};

/* The control pages need room in the region, beside the segments. */

FIXTURE_VARIANT_ADD(refused, no_room) {
	.call = { .nr = 1, .table = { SEG(PAGE, 0, END) } },
	.err = ENOMEM, .says = { "control pages" },
};

FIXTURE_VARIANT_ADD(refused, room_for_one_page) {
	.call = { .nr = 1, .table = { SEG(PAGE, PAGE, END - PAGE) } },
	.err = ENOMEM, .says = { "kexec: load refused: " },
};

FIXTURE_VARIANT_ADD(refused, room_for_one_page_at_the_end) {
	.call = { .nr = 1, .table = { SEG(PAGE, 0, END - PAGE) } },
	.err = ENOMEM, .says = { "kexec: load refused: " },
};

FIXTURE_VARIANT_ADD(refused, room_before_buffer) {
	.call = { .nr = 1, .table = { LOST(PAGE, 0, END) } },
	.err = ENOMEM, .says = { "control pages" },
};

/* The caller's buffers, which the kernel reads after all other checks. */

FIXTURE_VARIANT_ADD(refused, only_buffer) {
	.call = { .nr = 1, .table = { LOST(1, AT, PAGE) } },
	.err = EFAULT, .says = { "segment 0", "buffer of 1 bytes" },
};

FIXTURE_VARIANT_ADD(refused, last_buffer) {
	.call = { .nr = 3,
		  .table = { SEG(2 * PAGE, AT, 2 * PAGE), SEG(0, 2 * MIB, MIB),
			     LOST(PAGE, 4 * MIB, PAGE) } },
	.err = EFAULT, .says = { "segment 2", "buffer of 4096 bytes" },
};

TEST_F(refused, row)
{
	struct segment table[ROWS];
	struct crash_call c = prepare(&self->region, &variant->call, table);

	expect_crash_refusal(_metadata, &self->kmsg, &c, variant->err,
			     variant->says);
	check_kept(_metadata, &self->region);
}

FIXTURE(accepted) {
	struct region region;
	struct kmsg kmsg;
};

FIXTURE_VARIANT(accepted) {
	struct call call;
	int loaded;
};

FIXTURE_SETUP(accepted)
{
	if (!find_crash_region(&self->region))
		SKIP(return, "no crash region: needs crashkernel=");
	empty_setup(_metadata, &self->kmsg, crash_unload, crash_loaded);
}

FIXTURE_TEARDOWN(accepted)
{
	unload_teardown(_metadata, &self->kmsg, crash_unload, crash_loaded);
}

FIXTURE_VARIANT_ADD(accepted, entry_first) {
	.call = { .entry = 0, .nr = 1, .table = { SEG(PAGE, AT, PAGE) } },
	.loaded = 1,
};

FIXTURE_VARIANT_ADD(accepted, entry_last) {
	.call = { .entry = END - 1, .nr = 1, .table = { SEG(PAGE, AT, PAGE) } },
	.loaded = 1,
};

FIXTURE_VARIANT_ADD(accepted, first_and_last_page) {
	.call = { .nr = 2,
		  .table = { SEG(PAGE, 0, PAGE), SEG(1, END - PAGE, PAGE) } },
	.loaded = 1,
};

FIXTURE_VARIANT_ADD(accepted, room_for_20_pages) {
	.call = { .nr = 1, .table = { SEG(PAGE, 20 * PAGE, END - 20 * PAGE) } },
	.loaded = 1,
};

FIXTURE_VARIANT_ADD(accepted, room_for_20_pages_at_the_end) {
	.call = { .nr = 1, .table = { SEG(PAGE, 0, END - 20 * PAGE) } },
	.loaded = 1,
};

FIXTURE_VARIANT_ADD(accepted, room_for_20_pages_apart) {
	.call = { .nr = 2,
		  .table = { SEG(PAGE, 10 * PAGE, AT),
			     SEG(PAGE, AT + 15 * PAGE, END - AT - 20 * PAGE) } },
	.loaded = 1,
};

FIXTURE_VARIANT_ADD(accepted, empty_segment_only) {
	.call = { .nr = 1, .table = { SEG(0, AT, 0) } }, .loaded = 1,
};

FIXTURE_VARIANT_ADD(accepted, empty_behind) {
	.call = { .nr = 1, .table = { SEG(0, END, 0) } }, .loaded = 1,
};

FIXTURE_VARIANT_ADD(accepted, zeroes_need_no_buffer) {
	.call = { .nr = 1, .table = { LOST(0, AT, 4 * PAGE) } }, .loaded = 1,
};

FIXTURE_VARIANT_ADD(accepted, arch_x86_64) {
	.call = { .nr = 1, .table = { SEG(PAGE, AT, PAGE) },
		  .flags = KEXEC_ARCH_X86_64 },
	.loaded = 1,
};

FIXTURE_VARIANT_ADD(accepted, high_flag_bits) {
	.call = { .nr = 1, .table = { SEG(PAGE, AT, PAGE) },
		  .flags = 0xffffffff00000000 },
	.loaded = 1,
};

FIXTURE_VARIANT_ADD(accepted, unload_of_nothing) {
	.call = { .nr = 0 }, .loaded = 0,
};

FIXTURE_VARIANT_ADD(accepted, unload_looks_at_nothing_else) {
	.call = { .entry = -1, .nr = 0, .bad_table = true }, .loaded = 0,
};

/* Load with no image loaded, then load over that image. */
TEST_F_TIMEOUT(accepted, row, 180)
{
	struct segment table[ROWS];
	struct crash_call c = prepare(&self->region, &variant->call, table);

	EXPECT_EQ(0, make_crash_call(&c));
	EXPECT_EQ(variant->loaded, crash_loaded());
	EXPECT_EQ(0, make_crash_call(&c))
		TH_LOG("cannot be loaded again");
	EXPECT_EQ(variant->loaded, crash_loaded());
	EXPECT_EQ(0, kmsg_refusals(&self->kmsg))
		TH_LOG("logged without need: %s", self->kmsg.last);
}

FIXTURE(machine) {
	struct region region;
	struct kmsg kmsg;
};

FIXTURE_VARIANT(machine) {
	bool empty;
};

/* With an image loaded, the kernel stages the next one; else it copies at once. */
FIXTURE_VARIANT_ADD(machine, over_another) { .empty = false };
FIXTURE_VARIANT_ADD(machine, into_nothing) { .empty = true };

FIXTURE_SETUP(machine)
{
	if (!find_crash_region(&self->region))
		SKIP(return, "no crash region: needs crashkernel=");
	ASSERT_EQ(0, variant->empty ? crash_unload() : load_kept(&self->region));
	ASSERT_TRUE(kmsg_open(&self->kmsg));
}

FIXTURE_TEARDOWN(machine)
{
	unload_teardown(_metadata, &self->kmsg, crash_unload, crash_loaded);
}

static void check_failed(struct __test_metadata *_metadata, bool empty,
			 const struct region *r)
{
	if (!empty) {
		check_kept(_metadata, r);
		return;
	}
	EXPECT_EQ(0, crash_loaded());
}

/* The rest of a segment, behind its buffer, is zero. */
TEST_F(machine, bytes_arrive)
{
	unsigned long at = self->region.start + KEPT_AT;
	struct segment s[] = {
		SEG(PAGE + 10, at, 3 * PAGE), SEG(0, at + 3 * PAGE, PAGE),
	};

	ASSERT_EQ(0, crash_load_at(self->region.start, 2, s, 0));
	EXPECT_TRUE(memory_is(at, 'd', PAGE + 10));
	EXPECT_TRUE(memory_is(at + PAGE + 10, 0, 3 * PAGE - 10));
}

TEST_F(machine, sixteen_segments)
{
	struct segment table[KEXEC_SEGMENTS];
	unsigned long at = self->region.start + KEPT_AT;
	int i;

	for (i = 0; i < KEXEC_SEGMENTS; i++)
		table[i] = (struct segment)SEG(PAGE, at + 2 * PAGE * i, PAGE);
	table[KEXEC_SEGMENTS - 1].buf = BAD_POINTER;
	EXPECT_EQ(-EFAULT, crash_load_at(at, KEXEC_SEGMENTS, table, 0));
	check_reason(_metadata, &self->kmsg, SAYS("segment 15"));
	check_failed(_metadata, variant->empty, &self->region);

	table[KEXEC_SEGMENTS - 1].buf = data;
	EXPECT_EQ(0, crash_load_at(at, KEXEC_SEGMENTS, table, 0));
	for (i = 0; i < KEXEC_SEGMENTS; i++) {
		EXPECT_TRUE(memory_is(at + 2 * PAGE * i, 'd', PAGE))
			TH_LOG("segment %d", i);
	}
}

/* The last page of the buffer cannot be read. */
TEST_F(machine, buffer_with_a_hole)
{
	struct segment s = {
		.bufsz = MIB, .mem = self->region.start + KEPT_AT, .memsz = MIB,
	};
	char *map = mmap(NULL, MIB, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ASSERT_NE(MAP_FAILED, map);
	ASSERT_EQ(0, munmap(map + MIB - PAGE, PAGE));
	s.buf = map;
	EXPECT_EQ(-EFAULT, crash_load_at(s.mem, 1, &s, 0));
	check_reason(_metadata, &self->kmsg, SAYS("segment 0"));
	check_failed(_metadata, variant->empty, &self->region);
}

/* The limit of normal images holds for crash images, too, at any destination. */
TEST_F(machine, one_page_above_half_of_memory)
{
	unsigned long half = largest_image();
	struct segment s = SEG(0, self->region.start, half + PAGE);
	char size[32];

	snprintf(size, sizeof(size), " %lu KiB", (half + PAGE) / KIB);
	EXPECT_EQ(-EINVAL, crash_load_at(s.mem, 1, &s, 0));
	check_reason(_metadata, &self->kmsg, SAYS("segment 0", size));
	check_failed(_metadata, variant->empty, &self->region);
}

/*
 * Find how many pages of the region must be left beside the segments.  With one
 * page less the load fails, and the image before it stays loaded.
 */
TEST_F_TIMEOUT(machine, as_little_room_as_possible, 180)
{
	unsigned long entry = self->region.start, room = 0;
	struct segment s = SEG(PAGE, 0, 0);
	long rc;

	do {
		room += PAGE;
		s.mem = self->region.start + room;
		s.memsz = region_size(&self->region) - room;
		rc = crash_load_at(entry, 1, &s, 0);
		if (rc)
			check_failed(_metadata, variant->empty, &self->region);
	} while (rc == -ENOMEM);
	EXPECT_EQ(0, rc);
	EXPECT_GE(20 * PAGE, room);
	EXPECT_EQ(1, crash_loaded());
	TH_LOG("%lu pages are enough", room / PAGE);
}

/* The low region is reserved, too, but not for segments. */
TEST_F(machine, low_region)
{
	struct segment s = SEG(PAGE, 0, PAGE);
	struct region low;

	if (!find_low_region(&low))
		SKIP(return, "no second crash region: needs crashkernel=...,high");
	s.mem = low.start;
	EXPECT_EQ(-EADDRNOTAVAIL, crash_load_at(low.start, 1, &s, 0));
	check_reason(_metadata, &self->kmsg, SAYS("entry 0x"));
	EXPECT_EQ(-EADDRNOTAVAIL, crash_load_at(self->region.start, 1, &s, 0));
	check_reason(_metadata, &self->kmsg, SAYS("segment 0", "outside of the crash region"));
	check_failed(_metadata, variant->empty, &self->region);
}

TEST_HARNESS_MAIN
