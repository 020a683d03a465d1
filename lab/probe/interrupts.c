// SPDX-License-Identifier: GPL-2.0-only
/*
 * The interrupt controllers and timers as the probe finds them: the local APIC, each IO-APIC pin,
 * both PICs, the HPET, the TSC deadline. Nothing is written but the index registers by which
 * the values are read.
 *
 * The identity map that kexec makes has no devices in it, so the probe adds their pages to it.
 */
#include "common.h"
#include "interrupts.h"

#define MSR_APIC_BASE		0x1b
#define MSR_TSC_DEADLINE	0x6e0
#define MSR_X2APIC		0x800
#define APIC_BASE_X2		0x400
#define CPUID_TSC_DEADLINE	(1 << 24)

#define LAPIC			0xfee00000
#define IOAPIC			0xfec00000
#define HPET			0xfed00000

#define CR4_LA57		0x1000
#define ENTRY_ADDRESS		0x000ffffffffff000
#define PRESENT_WRITE		0x003
#define UNCACHED		0x010
#define LARGE			0x080

/* For the GiB that has all the devices: the levels above it are there. */
static uint64_t spare_table[512] __attribute__((aligned(4096)));

static uint64_t rdmsr(uint32_t msr)
{
	uint32_t low, high;

	asm volatile("rdmsr" : "=a" (low), "=d" (high) : "c" (msr));
	return (uint64_t)high << 32 | low;
}

/* Map the 2 MiB around a device to itself, unless the identity map has them. */
static void map_device(uint64_t at)
{
	uint64_t cr3, cr4, *table, *entry;
	int shift;

	asm volatile("mov %%cr3, %0" : "=r" (cr3));
	asm volatile("mov %%cr4, %0" : "=r" (cr4));
	table = (uint64_t *)(cr3 & ENTRY_ADDRESS);
	for (shift = cr4 & CR4_LA57 ? 48 : 39; shift > 21; shift -= 9) {
		entry = &table[at >> shift & 511];
		if (!(*entry & 1))
			*entry = (uint64_t)spare_table | PRESENT_WRITE;
		else if (shift == 30 && *entry & LARGE)
			return;
		table = (uint64_t *)(*entry & ENTRY_ADDRESS);
	}
	entry = &table[at >> 21 & 511];
	if (!(*entry & 1))
		*entry = (at & -(1UL << 21)) | PRESENT_WRITE | UNCACHED | LARGE;
}

static uint32_t read_device(uint64_t at)
{
	return *(volatile uint32_t *)at;
}

static void show(const char *name, uint64_t value)
{
	put("PROBE: interrupts ");
	put(name);
	put_field("=", value);
	put("\n");
}

static uint32_t read_lapic(unsigned int offset)
{
	if (rdmsr(MSR_APIC_BASE) & APIC_BASE_X2)
		return rdmsr(MSR_X2APIC + offset / 16);
	return read_device(LAPIC + offset);
}

/* Each vector of one of the local APIC's three bitmaps, eight registers of 32 bits. */
static void show_vectors(const char *name, unsigned int offset)
{
	unsigned int i, bit;

	for (i = 0; i < 8; i++)
		for (bit = 0; bit < 32; bit++)
			if (read_lapic(offset + i * 16) >> bit & 1)
				show(name, i * 32 + bit);
}

static void show_lapic(void)
{
	uint32_t a = 1, b, c, d;

	show("svr", read_lapic(0x0f0));
	show("tpr", read_lapic(0x080));
	show("lvt_timer", read_lapic(0x320));
	show("lvt_thermal", read_lapic(0x330));
	show("lvt_pmc", read_lapic(0x340));
	show("lvt_lint0", read_lapic(0x350));
	show("lvt_lint1", read_lapic(0x360));
	show("lvt_error", read_lapic(0x370));
	show("timer_current", read_lapic(0x390));
	show_vectors("requested", 0x200);
	show_vectors("in_service", 0x100);

	asm volatile("cpuid" : "+a" (a), "=b" (b), "=c" (c), "=d" (d));
	if (c & CPUID_TSC_DEADLINE)
		show("tsc_deadline", rdmsr(MSR_TSC_DEADLINE));
}

static uint32_t read_ioapic(unsigned int index)
{
	*(volatile uint32_t *)IOAPIC = index;
	return read_device(IOAPIC + 0x10);
}

/* The low half of each pin's entry, but for the two bits by which the pin tells its state. */
static void show_ioapic(void)
{
	unsigned int pins = (read_ioapic(1) >> 16 & 0xff) + 1, pin;

	for (pin = 0; pin < pins; pin++) {
		put_field("PROBE: interrupts pin_", pin);
		put_field("=", read_ioapic(0x10 + 2 * pin) & ~0x5000);
		put("\n");
	}
}

static void show_pic(const char *mask, const char *in_service, uint16_t port)
{
	show(mask, inb(port + 1));
	outb(port, 0x0b);
	show(in_service, inb(port));
	outb(port, 0x0a);
}

static void show_hpet(void)
{
	uint32_t id = read_device(HPET);
	unsigned int timer;

	if (id == ~0U || !id)
		return;
	show("hpet", read_device(HPET + 0x10));
	for (timer = 0; timer <= (id >> 8 & 0x1f); timer++) {
		put_field("PROBE: interrupts hpet_timer_", timer);
		put_field("=", read_device(HPET + 0x100 + timer * 0x20));
		put("\n");
	}
}

void print_interrupts(void)
{
	map_device(LAPIC);
	map_device(IOAPIC);
	map_device(HPET);
	show_lapic();
	show_ioapic();
	show_pic("pic_mask", "pic_in_service", 0x20);
	show_pic("pic2_mask", "pic2_in_service", 0xa0);
	show_hpet();
}
