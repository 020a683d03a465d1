// SPDX-License-Identifier: GPL-2.0-only
/*
 * Files that break one rule of their format each.
 *
 * A row takes a valid file and breaks it in one place.  The load fails with the
 * errno of the row, logs one line that names the rule, and leaves the image
 * before it loaded.  ENOEXEC means that the file itself is wrong, so that a
 * program can try another way to load it.
 */
#include "kexec_formats.h"

/* Rows that stock 6.12 answers otherwise. */
#define TAKES	(-1)

/* A file of this format with these changes; cut to @size bytes unless that is 0. */
static int open_broken(enum format_index format, const struct edit *edits,
		       size_t size)
{
	static char file[FILE_SIZE_MAX];

	formats[format].make(file);
	apply(file, edits);
	return file_with(file, size ? size : formats[format].size);
}

FIXTURE(broken) {
	struct kmsg kmsg;
};

FIXTURE_VARIANT(broken) {
	enum format_index format;
	struct edit edits[7];
	size_t size;
	const char *cmdline;
	int err;
	int stock;
	const char *says[SAYS_MAX];
};

FIXTURE_SETUP(broken)
{
	if (!have_file_load())
		SKIP(return, "no kexec_file_load (CONFIG_KEXEC_FILE)");
	loaded_setup(_metadata, &self->kmsg,
		     kexec_file_load(bzimage(NULL), -1, NULL, 0, NO_INITRD));
}

FIXTURE_TEARDOWN(broken)
{
	unload_teardown(_metadata, &self->kmsg, kexec_file_unload, image_loaded);
}

/* --- bzImage: what the loader needs at least --------------------------- */

FIXTURE_VARIANT_ADD(broken, bzimage_of_1023_bytes) {
	.size = 1023, .err = ENOEXEC, .says = { "1023 bytes" },
};

FIXTURE_VARIANT_ADD(broken, bzimage_magic) {
	.edits = { U8(BZ_MAGIC, 'h') }, .err = ENOEXEC,
	.says = { "5120 bytes" },
};

FIXTURE_VARIANT_ADD(broken, bzimage_boot_flag) {
	.edits = { U16(BZ_BOOT_FLAG, 0x55aa) }, .err = ENOEXEC,
	.says = { "bzImage", "boot flag", "0x55aa" },
};

FIXTURE_VARIANT_ADD(broken, bzimage_protocol_2_11) {
	.edits = { U16(BZ_VERSION, 0x20b) }, .err = ENOEXEC,
	.says = { "bzImage", "protocol", "0x20b" },
};

FIXTURE_VARIANT_ADD(broken, bzimage_zimage) {
	.edits = { U8(BZ_LOADFLAGS, 0xfe) }, .err = ENOEXEC,
	.says = { "bzImage", "loadflags", "0xfe" },
};

FIXTURE_VARIANT_ADD(broken, bzimage_32_bit) {
	.edits = { U16(BZ_XLOADFLAGS, BZ_ABOVE_4G | BZ_5LEVEL) },
	.err = ENOEXEC, .says = { "bzImage", "64-bit", "0x22" },
};

FIXTURE_VARIANT_ADD(broken, bzimage_below_4g) {
	.edits = { U16(BZ_XLOADFLAGS, BZ_KERNEL_64 | BZ_5LEVEL) },
	.err = ENOEXEC, .says = { "bzImage", "4 GiB", "0x21" },
};

/* --- bzImage: sizes at their limits ------------------------------------ */

FIXTURE_VARIANT_ADD(broken, bzimage_setup_longer_than_file) {
	.edits = { U8(BZ_SETUP_SECTS, 255) }, .err = ENOEXEC,
	.says = { "bzImage", "setup area", "0x20000" },
};

FIXTURE_VARIANT_ADD(broken, bzimage_setup_and_nothing_else) {
	.edits = { U8(BZ_SETUP_SECTS, BZ_SIZE / 512 - 1) },
	.err = ENOEXEC, .stock = TAKES,
	.says = { "bzImage", "setup area", "0x1400" },
};

FIXTURE_VARIANT_ADD(broken, bzimage_ends_with_its_setup) {
	.size = BZ_SETUP, .err = ENOEXEC, .stock = TAKES,
	.says = { "bzImage", "setup area", "0x400" },
};

FIXTURE_VARIANT_ADD(broken, bzimage_ends_before_its_entry) {
	.size = BZ_SETUP + 512, .err = ENOEXEC, .stock = TAKES,
	.says = { "bzImage", "entry", "0x200" },
};

FIXTURE_VARIANT_ADD(broken, bzimage_header_length_0) {
	.edits = { U8(BZ_JUMP_LENGTH, 0) }, .err = ENOEXEC, .stock = TAKES,
	.says = { "bzImage", "header" },
};

FIXTURE_VARIANT_ADD(broken, bzimage_init_size_0) {
	.edits = { U32(BZ_INIT_SIZE, 0) }, .err = ENOEXEC, .stock = EINVAL,
	.says = { "bzImage", "init_size" },
};

FIXTURE_VARIANT_ADD(broken, bzimage_init_size_less_than_the_payload) {
	.edits = { U32(BZ_INIT_SIZE, PAGE - 1) }, .err = ENOEXEC,
	.stock = TAKES, .says = { "bzImage", "init_size", "0xfff" },
};

FIXTURE_VARIANT_ADD(broken, bzimage_alignment_0) {
	.edits = { U32(BZ_ALIGNMENT, 0) }, .err = ENOEXEC, .stock = TAKES,
	.says = { "bzImage", "kernel_alignment" },
};

FIXTURE_VARIANT_ADD(broken, bzimage_alignment_no_power_of_two) {
	.edits = { U32(BZ_ALIGNMENT, 0x300000) }, .err = ENOEXEC,
	.stock = TAKES, .says = { "bzImage", "kernel_alignment", "0x300000" },
};

FIXTURE_VARIANT_ADD(broken, bzimage_alignment_2g) {
	.edits = { U32(BZ_ALIGNMENT, 0x80000000) }, .err = ENOEXEC,
	.stock = EADDRNOTAVAIL,
	.says = { "bzImage", "kernel_alignment", "0x80000000" },
};

FIXTURE_VARIANT_ADD(broken, bzimage_above_all_memory) {
	.edits = { U64(BZ_PREF_ADDRESS, 1UL << 45) }, .err = EADDRNOTAVAIL,
	.says = { "0x200000000000" },
};

FIXTURE_VARIANT_ADD(broken, bzimage_address_all_ones) {
	.edits = { U64(BZ_PREF_ADDRESS, ~0UL) }, .err = EADDRNOTAVAIL,
};

/* --- vmlinux: its own header ------------------------------------------- */

#define EHDR(field)	offsetof(struct vmlinux, ehdr.field)
#define TEXT(field)	offsetof(struct vmlinux, text.field)
#define DATA(field)	offsetof(struct vmlinux, data.field)

FIXTURE_VARIANT_ADD(broken, vmlinux_magic) {
	.format = VMLINUX, .edits = { U8(1, 'e') }, .err = ENOEXEC,
	.says = { "12288 bytes" },
};

FIXTURE_VARIANT_ADD(broken, vmlinux_32_bit) {
	.format = VMLINUX, .edits = { U8(EI_CLASS, ELFCLASS32) },
	.err = ENOEXEC, .says = { "12288 bytes" },
};

FIXTURE_VARIANT_ADD(broken, vmlinux_big_endian) {
	.format = VMLINUX, .edits = { U8(EI_DATA, ELFDATA2MSB) },
	.err = ENOEXEC, .says = { "12288 bytes" },
};

FIXTURE_VARIANT_ADD(broken, vmlinux_of_arm64) {
	.format = VMLINUX, .edits = { U16(EHDR(e_machine), EM_AARCH64) },
	.err = ENOEXEC, .says = { "12288 bytes" },
};

FIXTURE_VARIANT_ADD(broken, vmlinux_relocatable_object) {
	.format = VMLINUX, .edits = { U16(EHDR(e_type), ET_REL) },
	.err = ENOEXEC, .says = { "12288 bytes" },
};

FIXTURE_VARIANT_ADD(broken, vmlinux_program_header_size) {
	.format = VMLINUX, .edits = { U16(EHDR(e_phentsize), 55) },
	.err = ENOEXEC, .says = { "vmlinux", "program header" },
};

FIXTURE_VARIANT_ADD(broken, vmlinux_no_program_headers) {
	.format = VMLINUX, .edits = { U16(EHDR(e_phnum), 0) },
	.err = ENOEXEC, .says = { "vmlinux", "no PT_LOAD" },
};

FIXTURE_VARIANT_ADD(broken, vmlinux_65535_program_headers) {
	.format = VMLINUX, .edits = { U16(EHDR(e_phnum), 0xffff) },
	.err = ENOEXEC, .says = { "vmlinux", "program headers" },
};

FIXTURE_VARIANT_ADD(broken, vmlinux_program_headers_behind_the_end) {
	.format = VMLINUX, .edits = { U64(EHDR(e_phoff), VM_SIZE - 100) },
	.err = ENOEXEC, .says = { "vmlinux", "program headers", "0x2f9c" },
};

FIXTURE_VARIANT_ADD(broken, vmlinux_program_headers_wrap) {
	.format = VMLINUX, .edits = { U64(EHDR(e_phoff), -56) },
	.err = ENOEXEC,
	.says = { "vmlinux", "program headers", "0xffffffffffffffc8" },
};

FIXTURE_VARIANT_ADD(broken, vmlinux_entry_behind_the_end) {
	.format = VMLINUX, .edits = { U64(EHDR(e_entry), VM_BASE + MIB) },
	.err = ENOEXEC, .says = { "vmlinux", "entry", "0x1100000" },
};

FIXTURE_VARIANT_ADD(broken, vmlinux_entry_in_the_gap) {
	.format = VMLINUX, .edits = { U64(EHDR(e_entry), VM_BASE + PAGE) },
	.err = ENOEXEC, .says = { "vmlinux", "entry", "0x1001000" },
};

FIXTURE_VARIANT_ADD(broken, vmlinux_entry_in_the_bss) {
	.format = VMLINUX,
	.edits = { U64(EHDR(e_entry), VM_BASE + VM_DATA + PAGE) },
	.err = ENOEXEC, .says = { "vmlinux", "entry", "0x1003000" },
};

FIXTURE_VARIANT_ADD(broken, vmlinux_virtual_entry) {
	.format = VMLINUX, .edits = { U64(EHDR(e_entry), VM_VIRTUAL) },
	.err = ENOEXEC, .says = { "vmlinux", "entry", "0xffffffff81000000" },
};

/* --- vmlinux: its parts ------------------------------------------------ */

FIXTURE_VARIANT_ADD(broken, vmlinux_no_part) {
	.format = VMLINUX,
	.edits = { U32(TEXT(p_type), PT_NULL), U32(DATA(p_type), PT_NULL) },
	.err = ENOEXEC, .says = { "vmlinux", "no PT_LOAD" },
};

FIXTURE_VARIANT_ADD(broken, vmlinux_program) {
	.format = VMLINUX, .edits = { U64(TEXT(p_vaddr), 0x400000) },
	.err = ENOEXEC, .says = { "vmlinux", "virtual address", "0x400000" },
};

FIXTURE_VARIANT_ADD(broken, vmlinux_bytes_above_memory) {
	.format = VMLINUX, .edits = { U64(TEXT(p_memsz), PAGE - 1) },
	.err = ENOEXEC, .says = { "vmlinux", "more bytes", "0xfff" },
};

FIXTURE_VARIANT_ADD(broken, vmlinux_bytes_behind_the_end) {
	.format = VMLINUX, .edits = { U64(DATA(p_offset), VM_DATA + 1) },
	.err = ENOEXEC, .says = { "vmlinux", "not in the file", "0x2001" },
};

FIXTURE_VARIANT_ADD(broken, vmlinux_bytes_wrap) {
	.format = VMLINUX, .edits = { U64(DATA(p_offset), -PAGE) },
	.err = ENOEXEC,
	.says = { "vmlinux", "not in the file", "0xfffffffffffff000" },
};

FIXTURE_VARIANT_ADD(broken, vmlinux_size_all_ones) {
	.format = VMLINUX,
	.edits = { U64(DATA(p_filesz), ~0UL), U64(DATA(p_memsz), ~0UL) },
	.err = ENOEXEC, .says = { "vmlinux", "not in the file" },
};

FIXTURE_VARIANT_ADD(broken, vmlinux_memory_all_ones) {
	.format = VMLINUX, .edits = { U64(DATA(p_memsz), ~0UL) },
	.err = ENOEXEC,
	.says = { "vmlinux", "too large", "0xffffffffffffffff" },
};

FIXTURE_VARIANT_ADD(broken, vmlinux_parts_too_far_apart) {
	.format = VMLINUX,
	.edits = { U64(DATA(p_paddr), VM_BASE + (1UL << 30)) },
	.err = ENOEXEC, .says = { "vmlinux", "too large" },
};

FIXTURE_VARIANT_ADD(broken, vmlinux_parts_overlap) {
	.format = VMLINUX, .edits = { U64(TEXT(p_memsz), VM_DATA + 1) },
	.err = ENOEXEC, .says = { "vmlinux", "end of another", "0x1002000" },
};

FIXTURE_VARIANT_ADD(broken, vmlinux_parts_descend) {
	.format = VMLINUX, .edits = { U64(DATA(p_paddr), VM_BASE - PAGE) },
	.err = ENOEXEC, .says = { "vmlinux", "end of another", "0xfff000" },
};

FIXTURE_VARIANT_ADD(broken, vmlinux_part_unaligned) {
	.format = VMLINUX, .edits = { U64(DATA(p_paddr), VM_BASE + 0x2800) },
	.err = ENOEXEC, .says = { "vmlinux", "not aligned", "0x1002800" },
};

FIXTURE_VARIANT_ADD(broken, vmlinux_part_above_all_memory) {
	.format = VMLINUX, .edits = { U64(DATA(p_paddr), -PAGE) },
	.err = ENOEXEC, .says = { "vmlinux", "too high" },
};

FIXTURE_VARIANT_ADD(broken, vmlinux_base_unaligned) {
	.format = VMLINUX, .edits = { U64(TEXT(p_paddr), VM_BASE + PAGE) },
	.err = ENOEXEC, .says = { "vmlinux", "not aligned", "0x1001000" },
};

FIXTURE_VARIANT_ADD(broken, vmlinux_base_0) {
	.format = VMLINUX, .edits = { U64(TEXT(p_paddr), 0) },
	.err = ENOEXEC, .says = { "vmlinux", "too low" },
};

/* The kernel may be loaded above the address that it was linked for, not below. */
FIXTURE_VARIANT_ADD(broken, vmlinux_above_all_memory) {
	.format = VMLINUX,
	.edits = { U64(TEXT(p_paddr), 1UL << 45),
		   U64(DATA(p_paddr), (1UL << 45) + VM_DATA),
		   U64(EHDR(e_entry), 1UL << 45) },
	.err = EADDRNOTAVAIL, .says = { "0x200000000000" },
};

/* --- UKI: its headers -------------------------------------------------- */

FIXTURE_VARIANT_ADD(broken, uki_dos_magic) {
	.format = UKI, .edits = { U16(0, 0x5a4e) }, .err = ENOEXEC,
	.says = { "bytes" },
};

FIXTURE_VARIANT_ADD(broken, uki_pe_magic) {
	.format = UKI, .edits = { U32(UKI_PE, 0x4551) }, .err = ENOEXEC,
	.says = { "bytes" },
};

FIXTURE_VARIANT_ADD(broken, uki_pe_behind_the_end) {
	.format = UKI, .edits = { U32(0x3c, UKI_SIZE - 4) }, .err = ENOEXEC,
	.says = { "bytes" },
};

FIXTURE_VARIANT_ADD(broken, uki_pe_all_ones) {
	.format = UKI, .edits = { U32(0x3c, 0xffffffff) }, .err = ENOEXEC,
	.says = { "bytes" },
};

FIXTURE_VARIANT_ADD(broken, uki_of_i386) {
	.format = UKI, .edits = { U16(UKI_MACHINE, 0x14c) }, .err = ENOEXEC,
	.says = { "bytes" },
};

FIXTURE_VARIANT_ADD(broken, uki_pe32) {
	.format = UKI, .edits = { U16(UKI_OPTIONAL, 0x10b) }, .err = ENOEXEC,
	.says = { "bytes" },
};

FIXTURE_VARIANT_ADD(broken, uki_97_sections) {
	.format = UKI, .edits = { U16(UKI_SECTIONS, 97) }, .err = ENOEXEC,
	.says = { "UKI", "sections", "0x61" },
};

FIXTURE_VARIANT_ADD(broken, uki_headers_longer_than_the_file) {
	.format = UKI, .edits = { U32(UKI_HEADERS_SIZE, UKI_SIZE + 1) },
	.err = ENOEXEC, .says = { "UKI", "headers" },
};

FIXTURE_VARIANT_ADD(broken, uki_table_behind_the_headers) {
	.format = UKI,
	.edits = { U32(UKI_HEADERS_SIZE, UKI_SECTION(UKI_NR_SECTIONS) - 1) },
	.err = ENOEXEC, .says = { "UKI", "section table" },
};

FIXTURE_VARIANT_ADD(broken, uki_certificates_behind_the_end) {
	.format = UKI, .edits = { U32(UKI_CERTIFICATES + 4, 513) },
	.err = ENOEXEC, .says = { "UKI", "certificate table" },
};

FIXTURE_VARIANT_ADD(broken, uki_certificates_in_the_headers) {
	.format = UKI, .edits = { U32(UKI_CERTIFICATES, UKI_HEADERS - 8) },
	.err = ENOEXEC, .says = { "UKI", "certificate table", "0x3f8" },
};

/* --- UKI: its sections ------------------------------------------------- */

FIXTURE_VARIANT_ADD(broken, uki_section_behind_the_end) {
	.format = UKI, .edits = { U32(UKI_RAW_OFFSET(OSREL), UKI_SIZE - 511) },
	.err = ENOEXEC, .says = { "UKI", ".osrel", "not in the file" },
};

FIXTURE_VARIANT_ADD(broken, uki_section_wraps) {
	.format = UKI, .edits = { U32(UKI_RAW_OFFSET(LINUX), 0xfffff000) },
	.err = ENOEXEC, .says = { "UKI", "not in the file", "0xfffff000" },
};

FIXTURE_VARIANT_ADD(broken, uki_section_size_all_ones) {
	.format = UKI, .edits = { U32(UKI_RAW_SIZE(LINUX), 0xffffffff),
				  U32(UKI_VIRTUAL_SIZE(LINUX), 0xffffffff) },
	.err = ENOEXEC, .says = { "UKI", "not in the file" },
};

FIXTURE_VARIANT_ADD(broken, uki_section_in_the_headers) {
	.format = UKI, .edits = { U32(UKI_RAW_OFFSET(CMDLINE), UKI_HEADERS - 1) },
	.err = ENOEXEC, .says = { ".cmdline", "in the headers", "0x3ff" },
};

FIXTURE_VARIANT_ADD(broken, uki_sections_overlap) {
	.format = UKI,
	.edits = { U32(UKI_RAW_OFFSET(UCODE), UKI_AT(CMDLINE) + 511) },
	.err = ENOEXEC, .says = { "UKI", "another" },
};

FIXTURE_VARIANT_ADD(broken, uki_section_twice_in_one_place) {
	.format = UKI,
	.edits = { U32(UKI_RAW_OFFSET(INITRD), UKI_AT(UCODE)) },
	.err = ENOEXEC, .says = { "UKI", "another" },
};

/* A signature does not cover the certificate table. */
/* What objcopy makes without --change-section-vma. */
FIXTURE_VARIANT_ADD(broken, uki_section_loaded_over_the_headers) {
	.format = UKI, .edits = { U32(UKI_ADDRESS(CMDLINE), 0) },
	.err = ENOEXEC, .says = { ".cmdline", "over the headers" },
};

FIXTURE_VARIANT_ADD(broken, uki_section_loaded_over_another) {
	.format = UKI, .edits = { U32(UKI_VIRTUAL_SIZE(INITRD), UKI_STEP + 1) },
	.err = ENOEXEC, .says = { ".linux", "over another" },
};

FIXTURE_VARIANT_ADD(broken, uki_section_in_the_certificates) {
	.format = UKI,
	.edits = { U32(UKI_RAW_OFFSET(INITRD), UKI_CERTIFICATE) },
	.err = ENOEXEC, .says = { "UKI", "certificate table" },
};

FIXTURE_VARIANT_ADD(broken, uki_linux_twice) {
	.format = UKI,
	.edits = { UKI_NAME(OSREL, NAME_LINUX) },
	.err = ENOEXEC, .says = { "UKI", "second section" },
};

FIXTURE_VARIANT_ADD(broken, uki_initrd_twice) {
	.format = UKI,
	.edits = { UKI_NAME(OSREL, NAME_INITRD) },
	.err = ENOEXEC, .says = { "UKI", "second section" },
};

FIXTURE_VARIANT_ADD(broken, uki_cmdline_twice_in_a_profile) {
	.format = UKI,
	.edits = { UKI_NAME(OSREL, NAME_PROFILE), UKI_NAME(UCODE, NAME_CMDLINE) },
	.err = ENOEXEC, .says = { ".cmdline", "second section" },
};

FIXTURE_VARIANT_ADD(broken, uki_without_linux) {
	.format = UKI, .edits = { UKI_NAME(LINUX, NAME_OTHER) },
	.err = ENOEXEC, .says = { "bytes" },
};

/* Sections behind a .profile belong to another profile. */
FIXTURE_VARIANT_ADD(broken, uki_linux_of_another_profile) {
	.format = UKI, .edits = { UKI_NAME(OSREL, NAME_PROFILE),
				  UKI_NAME(INITRD, NAME_PROFILE) },
	.err = ENOEXEC, .says = { "UKI", "no kernel" },
};

/* The default profile has the base's .linux, the other one an empty one. */
#define TWO_LINUX { \
	UKI_NAME(OSREL, NAME_LINUX), \
	U32(UKI_VIRTUAL_SIZE(OSREL), BZ_SIZE), \
	U64(UKI_RAW_SIZE(OSREL), BZ_SIZE | UKI_AT(LINUX) << 32), \
	UKI_NAME(CMDLINE, NAME_PROFILE), \
	UKI_NAME(UCODE, NAME_PROFILE), \
	U32(UKI_RAW_SIZE(LINUX), 0), \
}

FIXTURE_VARIANT_ADD(broken, uki_profile_of_no_kernel) {
	.format = UKI, .edits = TWO_LINUX, .cmdline = "@1 quiet",
	.err = ENOEXEC, .says = { "UKI", "no kernel" },
};

FIXTURE_VARIANT_ADD(broken, uki_profile_behind_the_last) {
	.format = UKI, .edits = TWO_LINUX, .cmdline = "@2",
	.err = EINVAL, .says = { "UKI", "no profile 2", "has 2" },
};

FIXTURE_VARIANT_ADD(broken, uki_profile_of_a_file_without) {
	.format = UKI, .cmdline = "@1",
	.err = EINVAL, .says = { "UKI", "no profile 1", "has 0" },
};

FIXTURE_VARIANT_ADD(broken, uki_linux_of_no_bytes) {
	.format = UKI, .edits = { U32(UKI_RAW_SIZE(LINUX), 0) },
	.err = ENOEXEC, .says = { "UKI", "no kernel" },
};

FIXTURE_VARIANT_ADD(broken, uki_linux_of_no_memory) {
	.format = UKI, .edits = { U32(UKI_VIRTUAL_SIZE(LINUX), 0) },
	.err = ENOEXEC, .says = { "UKI", "no kernel" },
};

FIXTURE_VARIANT_ADD(broken, uki_linux_too_short) {
	.format = UKI, .edits = { U32(UKI_VIRTUAL_SIZE(LINUX), 1023) },
	.err = ENOEXEC, .says = { "UKI" },
};

FIXTURE_VARIANT_ADD(broken, uki_linux_is_none) {
	.format = UKI, .edits = { U8(UKI_AT(LINUX) + BZ_MAGIC, 'h') },
	.err = ENOEXEC, .says = { "UKI" },
};

FIXTURE_VARIANT_ADD(broken, uki_linux_of_protocol_2_11) {
	.format = UKI, .edits = { U16(UKI_AT(LINUX) + BZ_VERSION, 0x20b) },
	.err = ENOEXEC, .says = { "protocol", "0x20b" },
};

FIXTURE_VARIANT_ADD(broken, uki_cmdline_too_long_for_its_kernel) {
	.format = UKI, .edits = { U32(UKI_AT(LINUX) + BZ_CMDLINE_SIZE, 12) },
	.err = EINVAL, .says = { "command line", "13 bytes", "12" },
};

/* The errno of a row, which does not depend on the machine. */
static int expected(const FIXTURE_VARIANT(broken) *row)
{
	if (unknown(&formats[row->format]))
		return ENOEXEC;
	if (mute() && row->stock)
		return row->stock == TAKES ? 0 : row->stock;
	return row->err;
}

TEST_F(broken, row)
{
	struct file_call call = {
		.kernel = open_broken(variant->format, variant->edits,
				      variant->size),
		.cmdline = variant->cmdline,
		.length = variant->cmdline ? strlen(variant->cmdline) + 1 : 0,
		.flags = NO_INITRD,
	};

	expect_refusal(_metadata, &self->kmsg, &call, expected(variant),
		       variant->says);
	EXPECT_EQ(1, image_loaded())
		TH_LOG("the image loaded before is gone");
}

/* --- sound, but for a larger machine ----------------------------------- */

FIXTURE(too_large) {
	struct kmsg kmsg;
};

FIXTURE_VARIANT(too_large) {
	enum format_index format;
	struct edit edits[2];
	unsigned long needs;
	int stock;
	const char *says[SAYS_MAX];
};

FIXTURE_SETUP(too_large)
{
	if (!have_file_load())
		SKIP(return, "no kexec_file_load (CONFIG_KEXEC_FILE)");
	if (find_ram(variant->needs))
		SKIP(return, "this machine has that much in one piece");
	loaded_setup(_metadata, &self->kmsg,
		     kexec_file_load(bzimage(NULL), -1, NULL, 0, NO_INITRD));
}

FIXTURE_TEARDOWN(too_large)
{
	unload_teardown(_metadata, &self->kmsg, kexec_file_unload, image_loaded);
}

FIXTURE_VARIANT_ADD(too_large, bzimage) {
	.format = BZIMAGE, .edits = { U32(BZ_INIT_SIZE, 0x7ffff000) },
	.needs = 0x7ffff000, .says = { "0x7ffff000" },
};

FIXTURE_VARIANT_ADD(too_large, bzimage_size_all_ones) {
	.format = BZIMAGE, .edits = { U32(BZ_INIT_SIZE, 0xffffffff) },
	.needs = 1UL << 32, .stock = EINVAL, .says = { "0x100000000" },
};

FIXTURE_VARIANT_ADD(too_large, vmlinux) {
	.format = VMLINUX, .edits = { U64(DATA(p_memsz), 0x3fff0000) },
	.needs = 0x3fff0000, .stock = ENOEXEC,
};

TEST_F(too_large, row)
{
	struct file_call call = {
		.kernel = open_broken(variant->format, variant->edits, 0),
		.flags = NO_INITRD,
	};

	expect_refusal(_metadata, &self->kmsg, &call,
		       mute() && variant->stock ? variant->stock : EADDRNOTAVAIL,
		       variant->says);
	EXPECT_EQ(1, image_loaded())
		TH_LOG("the image loaded before is gone");
}

/* --- what looks odd and is legal --------------------------------------- */

FIXTURE(sound) {
	struct kmsg kmsg;
};

FIXTURE_VARIANT(sound) {
	enum format_index format;
	struct edit edits[7];
	size_t size;
	unsigned long flags;
	bool cmdline;
	int stock;
};

FIXTURE_SETUP(sound)
{
	if (!have_file_load())
		SKIP(return, "no kexec_file_load (CONFIG_KEXEC_FILE)");
	empty_setup(_metadata, &self->kmsg, kexec_file_unload, image_loaded);
}

FIXTURE_TEARDOWN(sound)
{
	unload_teardown(_metadata, &self->kmsg, kexec_file_unload, image_loaded);
}

FIXTURE_VARIANT_ADD(sound, bzimage) {
	.format = BZIMAGE, .cmdline = true,
};

FIXTURE_VARIANT_ADD(sound, bzimage_smallest) {
	.format = BZIMAGE, .size = BZ_SETUP + 513,
};

FIXTURE_VARIANT_ADD(sound, bzimage_0_means_4_sectors) {
	.format = BZIMAGE, .edits = { U8(BZ_SETUP_SECTS, 0) },
};

FIXTURE_VARIANT_ADD(sound, bzimage_long_header) {
	.format = BZIMAGE, .edits = { U8(BZ_JUMP_LENGTH, 0xff) },
};

FIXTURE_VARIANT_ADD(sound, bzimage_newer_protocol) {
	.format = BZIMAGE, .edits = { U16(BZ_VERSION, 0xffff) },
};

FIXTURE_VARIANT_ADD(sound, bzimage_anywhere) {
	.format = BZIMAGE, .edits = { U64(BZ_PREF_ADDRESS, 0) },
};

FIXTURE_VARIANT_ADD(sound, bzimage_odd_address) {
	.format = BZIMAGE, .edits = { U64(BZ_PREF_ADDRESS, 16 * MIB + 1) },
};

FIXTURE_VARIANT_ADD(sound, bzimage_alignment_of_a_byte) {
	.format = BZIMAGE, .edits = { U32(BZ_ALIGNMENT, 1) },
};

FIXTURE_VARIANT_ADD(sound, bzimage_init_size_of_the_payload) {
	.format = BZIMAGE, .edits = { U32(BZ_INIT_SIZE, PAGE) },
};

FIXTURE_VARIANT_ADD(sound, bzimage_init_size_of_a_byte_more) {
	.format = BZIMAGE, .edits = { U32(BZ_INIT_SIZE, PAGE + 1) },
};

FIXTURE_VARIANT_ADD(sound, bzimage_cmdline_size_0) {
	.format = BZIMAGE, .edits = { U32(BZ_CMDLINE_SIZE, 0) }, .stock = EINVAL,
};

FIXTURE_VARIANT_ADD(sound, bzimage_cmdline_size_of_the_cmdline) {
	.format = BZIMAGE, .edits = { U32(BZ_CMDLINE_SIZE, 13) },
	.cmdline = true, .stock = EINVAL,
};

FIXTURE_VARIANT_ADD(sound, bzimage_cmdline_size_all_ones) {
	.format = BZIMAGE, .edits = { U32(BZ_CMDLINE_SIZE, 0xffffffff) },
	.cmdline = true,
};

FIXTURE_VARIANT_ADD(sound, vmlinux) {
	.format = VMLINUX, .cmdline = true,
};

FIXTURE_VARIANT_ADD(sound, vmlinux_of_one_part) {
	.format = VMLINUX, .edits = { U32(DATA(p_type), PT_NULL) },
};

FIXTURE_VARIANT_ADD(sound, uki) {
	.format = UKI,
};

FIXTURE_VARIANT_ADD(sound, uki_and_a_cmdline) {
	.format = UKI, .cmdline = true,
};

FIXTURE_VARIANT_ADD(sound, uki_without_an_initrd) {
	.format = UKI, .edits = { UKI_NAME(INITRD, NAME_OTHER),
				  UKI_NAME(UCODE, NAME_OTHER) },
};

FIXTURE_VARIANT_ADD(sound, uki_of_microcode_only) {
	.format = UKI, .edits = { UKI_NAME(INITRD, NAME_OTHER) },
};

FIXTURE_VARIANT_ADD(sound, uki_without_a_cmdline) {
	.format = UKI, .edits = { UKI_NAME(CMDLINE, NAME_OTHER) },
};

FIXTURE_VARIANT_ADD(sound, uki_without_certificates) {
	.format = UKI, .edits = { U64(UKI_CERTIFICATES, 0) },
};

FIXTURE_VARIANT_ADD(sound, uki_second_linux_of_another_profile) {
	.format = UKI,
	.edits = TWO_LINUX,
};

TEST_F(sound, row)
{
	static const char text[] = "console=ttyS0";
	const struct format *format = &formats[variant->format];
	int kernel = open_broken(variant->format, variant->edits, variant->size);
	long want = unknown(format) ? -ENOEXEC : 0;

	if (mute() && variant->stock)
		want = -variant->stock;
	EXPECT_EQ(want, kexec_file_load(kernel, -1, text,
					variant->cmdline ? sizeof(text) : 0,
					NO_INITRD | variant->flags));
	EXPECT_EQ(!want, image_loaded());
	EXPECT_EQ(0, kmsg_refusals(&self->kmsg))
		TH_LOG("logged without need: %s", self->kmsg.last);
}

TEST_HARNESS_MAIN
