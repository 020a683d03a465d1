// SPDX-License-Identifier: GPL-2.0-only
/*
 * The purgatory of x86_64: check an image before it is entered.
 *
 * The purgatory hashes the pages that the trampoline has copied and those that
 * were not write-protected, and compares the digests with those that the kernel
 * computed when it loaded the image; see linux/kexec_check.h.  If all digests
 * are equal, the purgatory writes nothing.  Otherwise it writes the damaged
 * segments to the serial port and resets or halts the machine, because a
 * damaged kernel must not run.
 *
 * The purgatory cannot use code of the kernel, whose memory may be overwritten.
 * It is a program of its own, linked from the objects that its Makefile names.
 */
#include <linux/array_size.h>
#include <linux/kexec.h>
#include <linux/kexec_check.h>
#include <linux/xxhash.h>

#include <asm/kexec-purgatory.h>
#include <asm/shared/io.h>

#include "purgatory.h"

#define COM_DATA		0
#define COM_STATUS		5
#define COM_STATUS_READY	0x20
#define COM_STATUS_EMPTY	0x40

/* Polls for one character: tens of milliseconds.  A slow line needs one. */
#define COM_POLLS		100000

/* The kernel sets these at load.  Not in .bss, which has no bytes to set. */
struct kexec_purgatory_params purgatory_params __section(".data");
struct kexec_check purgatory_check __section(".data");

static struct xxh64_state states[KEXEC_SEGMENT_MAX];

/* Of each region, the first byte that is not hashed or skipped yet. */
static u64 at[KEXEC_SEGMENT_MAX];

static bool wait_for(u8 status)
{
	unsigned int polls;

	for (polls = 0; polls < COM_POLLS; polls++)
		if (inb(purgatory_params.serial + COM_STATUS) & status)
			return true;
	return false;
}

/* After a timeout, do not use the port any more. */
static void put_char(char c)
{
	if (!purgatory_params.serial)
		return;
	if (wait_for(COM_STATUS_READY))
		outb(c, purgatory_params.serial + COM_DATA);
	else
		purgatory_params.serial = 0;
}

static void put_text(const char *text)
{
	while (*text)
		put_char(*text++);
}

static void put_number(u64 value, unsigned int base)
{
	char digits[20];
	unsigned int i = 0;

	do {
		digits[i++] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value);
	while (i)
		put_char(digits[--i]);
}

static void put_hex(const char *text, u64 value)
{
	put_text(text);
	put_number(value, 16);
}

static void report(unsigned int i, u64 digest)
{
	const struct kexec_check_region *region = &purgatory_check.region[i];

	put_text("\r\nkexec: purgatory: segment ");
	put_number(i, 10);
	put_hex(" at 0x", region->start);
	put_hex("+0x", region->len);
	put_hex(": digest ", digest);
	put_hex(" is not ", region->digest);
}

static void stop(void)
{
	put_text("\r\n");
	/* A reset would drop the characters that the UART has not sent yet. */
	if (purgatory_params.serial)
		wait_for(COM_STATUS_EMPTY);
	if (purgatory_params.reset)
		purgatory_die();
	for (;;)
		asm volatile("hlt");
}

static void hash(unsigned int i, u64 start, u64 end)
{
	xxh64_update(&states[i], (const void *)start, end - start);
}

/* The pages of a region from at[i] to @end, which are in place. */
static void hash_in_place(unsigned int i, u64 end)
{
	u64 first = at[i], stop = end;

	if (kexec_guarded(&first, &stop)) {
		hash(i, at[i], first);
		hash(i, stop, end);
	} else {
		hash(i, at[i], end);
	}
	at[i] = end;
}

static void hash_page(u64 page)
{
	const struct kexec_check_region *region = purgatory_check.region;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(states); i++) {
		if (page - region[i].start >= region[i].len)
			continue;
		hash_in_place(i, page);
		at[i] = page + PAGE_SIZE;
		hash(i, page, at[i]);
	}
}

/* Hash the destinations of all pages that the hand-off list copies. */
static void hash_copied(void)
{
	const kimage_entry_t *entry = (const void *)purgatory_check.list;
	u64 dest = 0;

	for (; !(*entry & IND_DONE); entry++) {
		u64 page = *entry & PAGE_MASK;

		if (*entry & IND_SOURCE) {
			hash_page(dest);
			dest += PAGE_SIZE;
		} else if (*entry & IND_DESTINATION) {
			dest = page;
		} else {
			entry = (const kimage_entry_t *)page - 1;
		}
	}
}

/* What is behind the last page that was copied; all of a crash image. */
static void hash_rest(void)
{
	const struct kexec_check_region *region = purgatory_check.region;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(states); i++) {
		u64 end = region[i].start + region[i].len;

		if (purgatory_check.list)
			hash_in_place(i, end);
		else
			hash(i, region[i].start, end);
	}
}

void purgatory(void)
{
	const struct kexec_check_region *region = purgatory_check.region;
	bool damaged = false;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(states); i++) {
		xxh64_reset(&states[i], 0);
		at[i] = region[i].start;
	}
	if (purgatory_check.list)
		hash_copied();
	hash_rest();

	for (i = 0; i < ARRAY_SIZE(states); i++) {
		u64 digest = xxh64_digest(&states[i]);

		if (!region[i].len || digest == region[i].digest)
			continue;
		report(i, digest);
		damaged = true;
	}
	if (damaged)
		stop();
}
