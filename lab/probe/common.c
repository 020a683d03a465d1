// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the probes share: a voice, the machine state at entry, an end.
 *
 * They speak on the first serial port by polling and need nothing that the kernel before them set
 * up but the identity map. No floating point, no absolute addresses (no tables of pointers): a probe
 * runs wherever it was loaded.
 */
#include "common.h"
#include "state.h"

#define COM1		0x3f8
#define LINE_STATUS	(COM1 + 5)
#define CAN_SEND	0x20
#define SEND_SPINS	1000000
#define DEBUG_EXIT	0xf4
#define RESET_CONTROL	0xcf9
#define CMOS_INDEX	0x70
#define CMOS_DATA	0x71
#define CMOS_SECOND	0

/* Bits of CR4 and of the entries of page tables */
#define CR4_LA57	(1ULL << 12)
#define PRESENT		(1ULL << 0)
#define LARGE		(1ULL << 7)
#define PHYSICAL	0x000ffffffffff000ULL

void probe_exception(uint64_t vector, uint64_t error, uint64_t rip, uint64_t cr2);
void triple_fault(void);

void outb(uint16_t port, uint8_t value)
{
	asm volatile("outb %0, %1" : : "a" (value), "Nd" (port));
}

uint8_t inb(uint16_t port)
{
	uint8_t value;

	asm volatile("inb %1, %0" : "=a" (value) : "Nd" (port));
	return value;
}

void put_char(char c)
{
	unsigned int i;

	for (i = 0; i < SEND_SPINS && !(inb(LINE_STATUS) & CAN_SEND); i++)
		;
	outb(COM1, c);
}

void put(const char *s)
{
	for (; *s; s++) {
		if (*s == '\n')
			put_char('\r');
		put_char(*s);
	}
}

void put_hex(uint64_t value)
{
	int shift = 60;

	while (shift && !(value >> shift))
		shift -= 4;
	for (; shift >= 0; shift -= 4)
		put_char("0123456789abcdef"[value >> shift & 15]);
}

void put_decimal(uint64_t value)
{
	if (value >= 10)
		put_decimal(value / 10);
	put_char('0' + value % 10);
}

void put_field(const char *name, uint64_t value)
{
	put(name);
	put_hex(value);
}

void end_guest(int good)
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

/* All bits that are set in some entry that maps a page, of any size. */
static uint64_t leaf_bits(const uint64_t *table, unsigned int level)
{
	uint64_t bits = 0;
	unsigned int i;

	for (i = 0; i < 512; i++) {
		if (!(table[i] & PRESENT))
			continue;
		if (level == 1 || (level <= 3 && table[i] & LARGE))
			bits |= table[i];
		else
			bits |= leaf_bits((const uint64_t *)(table[i] & PHYSICAL), level - 1);
	}
	return bits;
}

/* All bits that are set in some entry of the top table. */
static uint64_t top_bits(const uint64_t *table)
{
	uint64_t bits = 0;
	unsigned int i;

	for (i = 0; i < 512; i++)
		bits |= table[i];
	return bits;
}

void print_entry(void)
{
	uint64_t cycle = __builtin_ia32_rdtsc();

	put("\nPROBE: entered\n");
	put_field("PROBE: at cycle ", cycle);
	put("\n");
}

void print_state(const uint64_t *state)
{
	const uint64_t *table = (const uint64_t *)(state_field(state, cr3) & PHYSICAL);
	unsigned int levels = state_field(state, cr4) & CR4_LA57 ? 5 : 4;
	const uint64_t *field = state;

#define F(name)	put_field("PROBE: state " #name "=", *field++), put("\n");
	STATE_FIELDS(F)
#undef F
	put_field("PROBE: state topbits=", top_bits(table));
	put_field("\nPROBE: state leafbits=", leaf_bits(table, levels));
	put("\n");
}

static uint8_t second(void)
{
	outb(CMOS_INDEX, CMOS_SECOND);
	return inb(CMOS_DATA);
}

void wait_seconds(unsigned int count)
{
	uint8_t now;

	for (; count; count--)
		for (now = second(); now == second();)
			;
}
