// SPDX-License-Identifier: GPL-2.0-only
/*
 * The probe: a payload for kexec_load(2) that looks at what it was given.
 *
 * It prints the machine state at entry, then compares every byte of every segment named in the
 * table behind it with what the loader put there, and ends the guest. It speaks on the first serial
 * port by polling and needs nothing that the kernel before it set up but the identity map. No
 * floating point, no absolute addresses (no tables of pointers): it runs wherever it was loaded.
 */
#include "probe.h"
#include "state.h"

#define COM1		0x3f8
#define LINE_STATUS	(COM1 + 5)
#define CAN_SEND	0x20
#define SEND_SPINS	1000000
#define DEBUG_EXIT	0xf4
#define RESET_CONTROL	0xcf9

struct found {
	uint64_t bad;		/* number of wrong qwords */
	uint64_t address;	/* the first of them */
	uint64_t value;
	uint64_t expected;
};

void probe_main(const uint64_t *state, const struct probe_table *table);
void probe_exception(uint64_t vector, uint64_t error, uint64_t rip, uint64_t cr2);
void triple_fault(void);

static void outb(uint16_t port, uint8_t value)
{
	asm volatile("outb %0, %1" : : "a" (value), "Nd" (port));
}

static uint8_t inb(uint16_t port)
{
	uint8_t value;

	asm volatile("inb %1, %0" : "=a" (value) : "Nd" (port));
	return value;
}

static void put_char(char c)
{
	unsigned int i;

	for (i = 0; i < SEND_SPINS && !(inb(LINE_STATUS) & CAN_SEND); i++)
		;
	outb(COM1, c);
}

static void put(const char *s)
{
	for (; *s; s++) {
		if (*s == '\n')
			put_char('\r');
		put_char(*s);
	}
}

static void put_hex(uint64_t value)
{
	int shift = 60;

	while (shift && !(value >> shift))
		shift -= 4;
	for (; shift >= 0; shift -= 4)
		put_char("0123456789abcdef"[value >> shift & 15]);
}

static void put_decimal(uint64_t value)
{
	if (value >= 10)
		put_decimal(value / 10);
	put_char('0' + value % 10);
}

static void put_field(const char *name, uint64_t value)
{
	put(name);
	put_hex(value);
}

static void end_guest(int good)
{
	outb(DEBUG_EXIT, good ? 0x10 : 0x11);
	outb(RESET_CONTROL, 0x06);
	triple_fault();
}

void probe_exception(uint64_t vector, uint64_t error, uint64_t rip, uint64_t cr2)
{
	put_field("PROBE: exception vector=", vector);
	put_field(" error=", error);
	put_field(" rip=", rip);
	put_field(" cr2=", cr2);
	put("\n");
	end_guest(0);
}

static void print_state(const uint64_t *state)
{
#define F(name)	put_field("PROBE: state " #name "=", *state++), put("\n");
	STATE_FIELDS(F)
#undef F
}

static uint64_t expected_qword(const struct probe_segment *segment, uint64_t index)
{
	uint64_t start = index * 8;
	uint64_t value = probe_pattern(segment->seed, index);

	if (start >= segment->bufsz)
		return 0;
	if (segment->bufsz - start < 8)
		value &= (1ULL << (segment->bufsz - start) * 8) - 1;
	return value;
}

static void note_bad(struct found *found, const uint64_t *at, uint64_t value, uint64_t expected)
{
	if (found->bad++)
		return;
	found->address = (uint64_t)at;
	found->value = value;
	found->expected = expected;
}

/* Loops of their own for whole qwords of pattern and of tail: those must cost little */
static void check_segment(const struct probe_segment *segment, struct found *found)
{
	const uint64_t *memory = (const uint64_t *)segment->dest;
	uint64_t full = segment->bufsz / 8, end = segment->memsz / 8, i;

	for (i = 0; i < full; i++)
		if (memory[i] != probe_pattern(segment->seed, i))
			note_bad(found, memory + i, memory[i], probe_pattern(segment->seed, i));
	if (i < end && memory[i] != expected_qword(segment, i))
		note_bad(found, memory + i, memory[i], expected_qword(segment, i));
	for (i++; i < end; i++)
		if (memory[i])
			note_bad(found, memory + i, memory[i], 0);
}

static int report_segment(uint64_t number, const struct probe_segment *segment)
{
	struct found found = { 0 };

	check_segment(segment, &found);
	put("PROBE: segment ");
	put_decimal(number);
	put_field(" dest=", segment->dest);
	put_field(" bufsz=", segment->bufsz);
	put_field(" memsz=", segment->memsz);
	if (found.bad) {
		put_field(" BAD at ", found.address);
		put_field(" found ", found.value);
		put_field(" expected ", found.expected);
		put(", wrong qwords: ");
		put_decimal(found.bad);
		put("\n");
	} else {
		put(" ok\n");
	}
	return !found.bad;
}

void probe_main(const uint64_t *state, const struct probe_table *table)
{
	uint64_t i, good = 0;

	put("\nPROBE: entered\n");
	print_state(state);
	if (table->magic != PROBE_MAGIC || table->count > PROBE_SEGMENTS) {
		put_field("PROBE: BAD table, magic=", table->magic);
		put("\n");
		end_guest(0);
	}
	for (i = 0; i < table->count; i++)
		good += report_segment(i, &table->segment[i]);
	put(good == table->count ? "PROBE: all " : "PROBE: BAD, only ");
	put_decimal(good);
	put(" segments good\n");
	end_guest(good == table->count);
}
