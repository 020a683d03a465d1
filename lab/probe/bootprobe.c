// SPDX-License-Identifier: GPL-2.0-only
/*
 * The boot probe: a payload for kexec_file_load(2) in place of a kernel.
 *
 * It prints the machine state at entry and what the boot protocol hands over (boot_params, the
 * command line, the memory map, the list of setup_data), a checksum of the initrd, and whether its
 * own bytes arrived. Judging is the host's business (lab/scenarios/bootprobe.py).
 */
#include "bootprobe.h"
#include "common.h"
#include "state.h"

/* boot_params, see Documentation/arch/x86/zero-page.rst and boot.rst */
#define SCREEN_INFO		0x000
#define SCREEN_INFO_SIZE	0x040
#define EXT_RAMDISK_IMAGE	0x0c0
#define EXT_RAMDISK_SIZE	0x0c4
#define EXT_CMD_LINE_PTR	0x0c8
#define E820_ENTRIES		0x1e8
#define RAMDISK_IMAGE		0x218
#define RAMDISK_SIZE		0x21c
#define CMD_LINE_PTR		0x228
#define SETUP_DATA		0x250
#define MBR_SIG_BUFFER		0x290
#define MBR_SIG_SIZE		64
#define E820_TABLE		0x2d0
#define EDDBUF			0xd00
#define EDDBUF_SIZE		492

#define SETUP_E820_EXT		1
#define E820_ENTRY_SIZE		20
#define MAX_NODES		32
#define MAX_LINE		4096

void probe_main(const uint64_t *state, const struct bootprobe_table *table);

static uint64_t get(const void *at, unsigned int size)
{
	const uint8_t *p = at;
	uint64_t value = 0;

	while (size--)
		value = value << 8 | p[size];
	return value;
}

static void show(const char *name, uint64_t value)
{
	put("PROBE: ");
	put(name);
	put_field("=", value);
	put("\n");
}

static uint32_t crc32(const uint8_t *p, uint64_t size)
{
	uint32_t table[256], crc = ~0U;
	unsigned int i, bit;

	for (i = 0; i < 256; i++) {
		table[i] = i;
		for (bit = 0; bit < 8; bit++)
			table[i] = table[i] >> 1 ^ (table[i] & 1 ? 0xedb88320 : 0);
	}
	for (; size; size--)
		crc = crc >> 8 ^ table[(crc ^ *p++) & 0xff];
	return ~crc;
}

static uint64_t wide(const uint8_t *params, unsigned int low, unsigned int high)
{
	return get(params + low, 4) | get(params + high, 4) << 32;
}

static void show_fields(const uint8_t *params)
{
	show("boot_params", (uint64_t)params);
	show("ext_mem_k", get(params + 0x002, 2));
	show("apm_bios_info", crc32(params + 0x040, 20));
	show("hd_info", crc32(params + 0x080, 32));
	show("acpi_rsdp_addr", get(params + 0x070, 8));
	show("efi_loader_signature", get(params + 0x1c0, 4));
	show("efi_systab", wide(params, 0x1c4, 0x1d8));
	show("efi_memdesc_size", get(params + 0x1c8, 4));
	show("efi_memdesc_version", get(params + 0x1cc, 4));
	show("efi_memmap", wide(params, 0x1d0, 0x1dc));
	show("efi_memmap_size", get(params + 0x1d4, 4));
	show("alt_mem_k", get(params + 0x1e0, 4));
	show("e820_entries", params[E820_ENTRIES]);
	show("eddbuf_entries", params[0x1e9]);
	show("edd_mbr_sig_buf_entries", params[0x1ea]);
	show("secure_boot", params[0x1ec]);
	show("sentinel", params[0x1ef]);
	show("boot_flag", get(params + 0x1fe, 2));
	show("header", get(params + 0x202, 4));
	show("version", get(params + 0x206, 2));
	show("type_of_loader", params[0x210]);
	show("loadflags", params[0x211]);
	show("kernel_alignment", get(params + 0x230, 4));
	show("xloadflags", get(params + 0x236, 2));
	show("cmdline_size", get(params + 0x238, 4));
	show("hardware_subarch", get(params + 0x23c, 4));
	show("pref_address", get(params + 0x258, 8));
	show("init_size", get(params + 0x260, 4));
	show("mbr_sig_buffer", crc32(params + MBR_SIG_BUFFER, MBR_SIG_SIZE));
	show("eddbuf", crc32(params + EDDBUF, EDDBUF_SIZE));
	show("screen_info", crc32(params + SCREEN_INFO + 8, SCREEN_INFO_SIZE - 8));
}

static void show_command_line(const uint8_t *params)
{
	const char *line = (const char *)wide(params, CMD_LINE_PTR, EXT_CMD_LINE_PTR);
	unsigned int i;

	show("cmd_line_ptr", (uint64_t)line);
	put("PROBE: command line: ");
	for (i = 0; line && line[i] && i < MAX_LINE; i++)
		put_char(line[i]);
	put("\n");
}

static void show_e820(const uint8_t *entry, uint64_t count)
{
	for (; count; count--, entry += E820_ENTRY_SIZE) {
		put_field("PROBE: e820 start=", get(entry, 8));
		put_field(" size=", get(entry + 8, 8));
		put_field(" type=", get(entry + 16, 4));
		put("\n");
	}
}

static void show_setup_data(const uint8_t *params)
{
	const uint8_t *node = (const uint8_t *)get(params + SETUP_DATA, 8);
	unsigned int i;

	for (i = 0; node && i < MAX_NODES; i++, node = (const uint8_t *)get(node, 8)) {
		uint64_t type = get(node + 8, 4), size = get(node + 12, 4);

		put_field("PROBE: setup_data type=", type);
		put_field(" size=", size);
		put_field(" crc=", crc32(node + 16, size));
		put_field(" first=", get(node + 16, size < 8 ? size : 8));
		put_field(" at=", (uint64_t)node);
		put("\n");
		if (type == SETUP_E820_EXT)
			show_e820(node + 16, size / E820_ENTRY_SIZE);
	}
	show("setup_data end", (uint64_t)node);
}

static void show_initrd(const uint8_t *params)
{
	uint64_t at = wide(params, RAMDISK_IMAGE, EXT_RAMDISK_IMAGE);
	uint64_t size = wide(params, RAMDISK_SIZE, EXT_RAMDISK_SIZE);

	put_field("PROBE: initrd at=", at);
	put_field(" size=", size);
	put_field(" crc=", crc32((const uint8_t *)at, size));
	put("\n");
}

static int check_own(const uint8_t *start, const struct bootprobe_table *table)
{
	uint64_t crc, i, bad = 0;

	if (table->magic != BOOTPROBE_MAGIC) {
		show("BAD table, magic", table->magic);
		return 0;
	}
	crc = crc32(start + table->bytes, table->nr_bytes);
	for (i = 0; i < table->nr_zeroes; i++)
		bad += start[table->zeroes + i] != 0;
	show("own bytes", table->nr_bytes);
	show("own bytes crc", crc);
	show("own zeroes", table->nr_zeroes);
	show("own zeroes bad", bad);
	return crc == table->crc && !bad;
}

void probe_main(const uint64_t *state, const struct bootprobe_table *table)
{
	const uint8_t *params = (const uint8_t *)state_field(state, rsi);
	int good;

	print_entry();
	print_state(state);
	show_fields(params);
	show_command_line(params);
	show_e820(params + E820_TABLE, params[E820_ENTRIES]);
	show_setup_data(params);
	show_initrd(params);
	good = check_own((const uint8_t *)state_field(state, rip), table);
	put(good ? "PROBE: all own bytes good\n" : "PROBE: BAD own bytes\n");
	end_guest(good);
}
