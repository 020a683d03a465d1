// SPDX-License-Identifier: GPL-2.0-only
/*
 * kexec on x86_64: prepare an image for its execution, and execute it.
 *
 * The code between the kernels, relocate_kernel(), runs in the control page on
 * page tables of its own, an identity map.  The load of an image fills the
 * control page and the identity map.  So the execution allocates nothing,
 * cannot fail, and does not write to pages that are write-protected since the
 * load.
 *
 * The identity map covers all memory that the kernel has mapped, every
 * destination, and the tables that the next kernel reads before it has page
 * tables of its own: the EFI system and configuration tables and the ACPI
 * tables.  It also maps relocate_kernel() at its kernel address, where
 * relocate_kernel() runs when it loads CR3.
 *
 * With host memory encryption the pages of an image are decrypted in the direct
 * map, so the identity map has no encryption bit.  In an encrypted guest all
 * pages have the encryption bit.  The text of the kernel is encrypted in both
 * cases.  APM volume 2, "Secure Memory Encryption" and "Secure Encrypted
 * Virtualization".
 */
#define pr_fmt(fmt) "kexec: " fmt

#include <linux/cc_platform.h>
#include <linux/efi.h>
#include <linux/hw_breakpoint.h>
#include <linux/init.h>
#include <linux/io.h>
#include <linux/ioport.h>
#include <linux/kexec.h>
#include <linux/mm.h>
#include <linux/pgtable.h>
#include <linux/range.h>
#include <linux/sched/signal.h>
#include <linux/set_memory.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/string.h>
#include <linux/suspend.h>

#include <asm/apic.h>
#include <asm/cpu.h>
#include <asm/debugreg.h>
#include <asm/desc.h>
#include <asm/e820/types.h>
#include <asm/efi.h>
#include <asm/ibt.h>
#include <asm/init.h>
#include <asm/io_apic.h>
#include <asm/pkru.h>
#include <asm/segment.h>
#include <asm/setup.h>

#include "kexec/parse.h"

static_assert(sizeof(struct kexec_control_page) == KEXEC_CONTROL_PAGE_SIZE);
/* The stack has room for an exception in the exception handler. */
static_assert(sizeof_field(struct kexec_control_page, stack) >= 512);
static_assert(sizeof(struct kexec_report_frame) <= KEXEC_REPORT_CR2);

/* Physical address of @member of the control page at @page. */
#define CONTROL_ADDRESS(page, member)	\
	((page) + offsetof(struct kexec_control_page, member))

#define FRAME(member)		offsetof(struct kexec_report_frame, member)

/* The report that relocate_kernel_64.S writes about an exception. */
static const struct kexec_report_item report[KEXEC_REPORT_ITEMS] = {
	{ "\r\nkexec: exception ",	FRAME(vector) },
	{ " error ",			FRAME(error) },
	{ "\r\nkexec: rip ",		FRAME(rip) },
	{ " cr2 ",			KEXEC_REPORT_CR2 },
	{ " rsp ",			FRAME(rsp) },
	{ "\r\nkexec: rax ",		FRAME(rax) },
	{ " rbx ",			FRAME(rbx) },
	{ " rcx ",			FRAME(rcx) },
	{ " rdx ",			FRAME(rdx) },
	{ "\r\nkexec: rsi ",		FRAME(rsi) },
	{ " rdi ",			FRAME(rdi) },
	{ " r13 ",			FRAME(r13) },
	{ " r14 ",			FRAME(r14) },
	{ "\r\n",			KEXEC_REPORT_END },
};

static void *alloc_table(void *context)
{
	struct page *page = kimage_alloc_control_pages(context, 0);

	if (!page)
		return NULL;
	clear_page(page_address(page));
	return page_address(page);
}

/* Encryption bit of page tables and pages in an encrypted guest; see above. */
static unsigned long guest_encryption(void)
{
	return cc_platform_has(CC_ATTR_GUEST_MEM_ENCRYPT) ? _PAGE_ENC : 0;
}

/*
 * The identity map has user addresses.  A global TLB entry of it would outlive
 * the return of an image, where CR4.PGE is set again before CR3 is loaded.
 */
#define PAGE_FLAGS	(__PAGE_KERNEL_LARGE_EXEC & ~_PAGE_GLOBAL)

static struct x86_mapping_info mapping_of(struct kimage *image)
{
	unsigned long enc = guest_encryption();

	return (struct x86_mapping_info) {
		.alloc_pgt_page		= alloc_table,
		.context		= image,
		.page_flag		= PAGE_FLAGS | enc,
		.kernpg_flag		= _KERNPG_TABLE_NOENC | enc,
		.direct_gbpages		= direct_gbpages,
	};
}

/* Map [start, end), physical bytes, at the same virtual addresses. */
static int map_range(struct kimage *image, unsigned long start,
		     unsigned long end)
{
	struct x86_mapping_info info = mapping_of(image);

	return kernel_ident_mapping_init(&info, image->arch.pgd, start, end);
}

static bool all_ranges_sound(const struct range *range, int nr)
{
	int i;

	for (i = 0; i < nr; i++)
		if (!range[i].end)
			return false;
	return true;
}

/* Copy the ranges of mapped memory; return their number, or -ENOMEM if killed. */
static int copy_mapped(struct range *to)
{
	int nr;

	for (;;) {
		nr = READ_ONCE(nr_pfn_mapped);
		memcpy(to, pfn_mapped, nr * sizeof(*to));
		/* The second read must not be satisfied by the first. */
		smp_rmb();
		if (nr == READ_ONCE(nr_pfn_mapped) && all_ranges_sound(to, nr) &&
		    !memcmp(to, pfn_mapped, nr * sizeof(*to)))
			return nr;
		if (fatal_signal_pending(current))
			return -ENOMEM;
		schedule_timeout_killable(1);
	}
}

/*
 * Memory that goes online changes pfn_mapped[] without a lock: it empties ranges
 * before it adds the range that replaces them.  So a reader may miss gigabytes.
 * Repeat the copy until two reads agree and no range is empty.
 */
static int map_memory(struct kimage *image)
{
	struct range *range = kvmalloc_array(E820_MAX_ENTRIES, sizeof(*range),
					     GFP_KERNEL);
	int i, nr, err = 0;

	if (!range)
		return -ENOMEM;
	nr = copy_mapped(range);
	for (i = 0; !err && i < nr; i++)
		err = map_range(image, range[i].start << PAGE_SHIFT,
				range[i].end << PAGE_SHIFT);
	kvfree(range);
	return nr < 0 ? nr : err;
}

/* The control page of a crash image depends on no list of memory then. */
static int map_control_page(struct kimage *image)
{
	unsigned long start = page_to_phys(image->control_code_page);

	return map_range(image, start, start + KEXEC_CONTROL_PAGE_SIZE);
}

/* A destination may be memory that the kernel has not mapped. */
static int map_segments(struct kimage *image)
{
	unsigned long i;
	int err = 0;

	for (i = 0; !err && i < image->nr_segments; i++)
		err = map_range(image, image->segment[i].mem,
				image->segment[i].mem + image->segment[i].memsz);
	return err;
}

#ifdef CONFIG_EFI
/* Bytes of the configuration tables that the system table at @systab names. */
static long config_table_size(unsigned long systab)
{
	bool wide = efi_enabled(EFI_64BIT);
	void *table;
	long size;

	table = memremap(systab, wide ? sizeof(efi_system_table_64_t) :
				 sizeof(efi_system_table_32_t), MEMREMAP_WB);
	if (!table)
		return -ENOMEM;

	if (wide)
		size = ((efi_system_table_64_t *)table)->nr_tables *
		       sizeof(efi_config_table_64_t);
	else
		size = ((efi_system_table_32_t *)table)->nr_tables *
		       sizeof(efi_config_table_32_t);
	memunmap(table);
	return size;
}

static int map_efi(struct kimage *image)
{
	const struct efi_info *efi = &boot_params.efi_info;
	unsigned long systab = efi->efi_systab |
			       (u64)efi->efi_systab_hi << 32;
	long size;
	int err;

	if (!efi_enabled(EFI_BOOT) || !systab)
		return 0;

	size = config_table_size(systab);
	if (size < 0)
		return size;

	err = map_range(image, systab, systab + sizeof(efi_system_table_64_t));
	if (err)
		return err;
	return map_range(image, efi_config_table, efi_config_table + size);
}
#else
static int map_efi(struct kimage *image)
{
	return 0;
}
#endif

static int map_resource(struct resource *res, void *image)
{
	return map_range(image, res->start, res->end + 1);
}

static int map_acpi(struct kimage *image)
{
	static const unsigned long kinds[] = {
		IORES_DESC_ACPI_TABLES, IORES_DESC_ACPI_NV_STORAGE,
	};
	unsigned int i;
	int err;

	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		err = walk_iomem_res_desc(kinds[i], IORESOURCE_MEM, 0, -1,
					  image, map_resource);
		err = x86_kexec_walked(err);
		if (err)
			return err;
	}
	return 0;
}

static unsigned long table_entry(void *table)
{
	return __pa(table) | _KERNPG_TABLE_NOENC | guest_encryption();
}

/*
 * Map the 2 MiB of kernel text around relocate_kernel() at their kernel
 * address.  kernel_ident_mapping_init() cannot do that: the text is in the last
 * entry of the top table, which it does not reach.
 */
static int map_own_text(struct kimage *image)
{
	unsigned long vaddr = (unsigned long)relocate_kernel;
	unsigned long paddr = __pa_symbol(relocate_kernel) & PMD_MASK;
	p4d_t *p4d = (p4d_t *)image->arch.pgd + pgd_index(vaddr);
	pud_t *pud = alloc_table(image);
	pmd_t *pmd = alloc_table(image);

	if (pgtable_l5_enabled()) {
		p4d_t *table = alloc_table(image);

		if (!table)
			return -ENOMEM;
		set_pgd((pgd_t *)p4d, __pgd(table_entry(table)));
		p4d = table + p4d_index(vaddr);
	}
	if (!pud || !pmd)
		return -ENOMEM;

	set_p4d(p4d, __p4d(table_entry(pud)));
	set_pud(pud + pud_index(vaddr), __pud(table_entry(pmd)));
	set_pmd(pmd + pmd_index(vaddr),
		__pmd(paddr | PAGE_FLAGS | _PAGE_ENC));
	return 0;
}

/*
 * kernel_ident_mapping_init() sets bit 58 in the top table, which tells the
 * kernel that the table has no PTI shadow.  Kernels before 2025-11 that switch
 * from 5-level to 4-level page tables take the first entry, with bit 58, for an
 * address.  set_pgd() without that bit would write to a shadow, the page behind
 * the table.
 */
static void clear_software_bits(struct kimage *image)
{
	pgdval_t *entry = (pgdval_t *)image->arch.pgd;
	unsigned int i;

	for (i = 0; i < PTRS_PER_PGD; i++)
		WRITE_ONCE(entry[i], entry[i] & ~_PAGE_NOPTISHADOW);
}

static int (*const map_steps[])(struct kimage *image) = {
	map_memory,
	map_control_page,
	map_segments,
	map_efi,
	map_acpi,
	map_own_text,
};

static int make_identity_map(struct kimage *image)
{
	unsigned int i;
	int err = 0;

	image->arch.pgd = alloc_table(image);
	if (!image->arch.pgd)
		return -ENOMEM;

	for (i = 0; !err && i < ARRAY_SIZE(map_steps); i++)
		err = map_steps[i](image);
	clear_software_bits(image);
	return err;
}

/**
 * x86_kexec_serial_port - find the serial port for reports between the kernels
 *
 * The trampoline and the purgatory write their reports to this port, since no
 * kernel with a console runs then.
 *
 * Return: the I/O port of an 8250 UART that is a console of this kernel, or 0.
 */
u16 x86_kexec_serial_port(void)
{
	/* In an encrypted guest IN and OUT raise #VC or #VE. */
	if (cc_platform_has(CC_ATTR_GUEST_MEM_ENCRYPT))
		return 0;

	return kexec_parse_serial(saved_command_line);
}

static void make_gate(gate_desc *gate, unsigned long handler)
{
	*gate = (gate_desc) {
		.offset_low	= (u16)handler,
		.offset_middle	= (u16)(handler >> 16),
		.offset_high	= (u32)(handler >> 32),
		.segment	= __KERNEL_CS,
		.bits.type	= GATE_INTERRUPT,
		.bits.p		= 1,
	};
}

static void make_control_page(struct kimage *image)
{
	struct kexec_control_page *page = page_address(image->control_code_page);
	struct kexec_control_data *data = &page->data;
	unsigned long paddr = __pa(page);
	unsigned int i;

	memset(page, 0, sizeof(*page));
	memcpy(page->code, relocate_kernel, sizeof(page->code));

	for (i = 0; i < KEXEC_CONTROL_VECTORS; i++)
		make_gate(&data->idt[i], paddr + KEXEC_CONTROL_STUBS +
					 i * KEXEC_CONTROL_STUB_SIZE);
	data->idtr.size = sizeof(data->idt) - 1;
	data->idtr.address = CONTROL_ADDRESS(paddr, data.idt);

	data->gdt[__KERNEL_CS / 8] = KEXEC_CONTROL_CODE64;
	data->gdt[__KERNEL_DS / 8] = KEXEC_CONTROL_DATA64;
	data->gdtr.size = sizeof(data->gdt) - 1;
	data->gdtr.address = CONTROL_ADDRESS(paddr, data.gdt);

	data->serial = x86_kexec_serial_port();
	memcpy(data->report, report, sizeof(report));
}

/**
 * machine_kexec_prepare - make the identity map and the control page
 * @image: the image; its segments are known, and not filled yet
 *
 * Return: 0; -ENOMEM; -EOPNOTSUPP for an image that returns, in an encrypted
 * guest: the guest must not write the MSRs and control registers that the
 * return restores.
 */
int machine_kexec_prepare(struct kimage *image)
{
	int err;

	if (image->preserve_context &&
	    cc_platform_has(CC_ATTR_GUEST_MEM_ENCRYPT))
		return -EOPNOTSUPP;

	err = make_identity_map(image);
	if (!err)
		make_control_page(image);
	return err;
}

/**
 * machine_kexec_post_load - complete the identity map of an image
 * @image: the image; all its pages are allocated
 *
 * Pages of the image may be in memory that has gone online since
 * machine_kexec_prepare() made the identity map.
 *
 * Return: 0 or -ENOMEM.
 */
int machine_kexec_post_load(struct kimage *image)
{
	int err;

	/* All pages of a crash image are in the crash region. */
	if (image->type == KEXEC_TYPE_CRASH)
		return 0;
	err = map_memory(image);
	clear_software_bits(image);
	return err;
}

/**
 * machine_kexec_cleanup - undo machine_kexec_prepare()
 * @image: the image; it has a control page, prepared or not
 *
 * Does nothing: everything that was allocated are control pages, which the core
 * frees.
 */
void machine_kexec_cleanup(struct kimage *image)
{
}

/*
 * crash(8) begins a backtrace at a return address in machine_kexec().  So the
 * call of relocate_kernel() must be inlined there, and must not be a tail call:
 * the store of its result, which the compiler cannot drop, comes behind it.
 *
 * This kernel never sets CR4.LASS.  A kernel that does must clear it here: the
 * trampoline runs at user addresses.
 */
static __always_inline void enter(struct kimage *image, unsigned long flags,
				  unsigned long peer_stack)
{
	if (cc_platform_has(CC_ATTR_HOST_MEM_ENCRYPT))
		flags |= RELOC_FLUSH_CACHES;

	hw_breakpoint_disable();
	/* The targets of indirect branches in the trampoline have no ENDBR. */
	cet_disable();

	image->start = relocate_kernel(image->head, image->start,
				       page_to_phys(image->control_code_page),
				       __pa(image->arch.pgd), flags,
				       peer_stack);
}

#ifdef CONFIG_KEXEC_JUMP
#ifdef CONFIG_SMP
static void halt_offline_cpus(void)
{
	smp_kick_mwait_play_dead();
}
#else
static void halt_offline_cpus(void)
{
}
#endif

/*
 * An image that returns may use interrupts, and does not know how this kernel
 * has programmed the APICs.  So the APICs get the mode that the firmware left
 * them in; syscore_resume() programs them again.  The image may also write to
 * the cache line that an offline CPU monitors, which would end its MWAIT: SDM
 * volume 2, "MWAIT".  So those CPUs halt instead.
 */
static void jump(struct kimage *image)
{
	u64 ibt = ibt_save(false);
	u32 pkru = read_pkru();

	save_processor_state();
	clear_IO_APIC();
	restore_boot_irq_mode();
	halt_offline_cpus();

	enter(image, RELOC_PRESERVE_CONTEXT,
	      page_to_phys(image->swap_page) + PAGE_SIZE);

	restore_processor_state();
	write_pkru(pkru);
	ibt_restore(ibt);
	hw_breakpoint_restore();
}
#else
static void jump(struct kimage *image)
{
}
#endif

/**
 * machine_kexec - leave this kernel for an image
 * @image: the image
 *
 * The caller has stopped the other CPUs.  machine_kexec() disables interrupts.
 * It returns, with interrupts disabled, only if @image preserves the context
 * and returns: @kimage.start is the next entry point of the image then.
 */
void machine_kexec(struct kimage *image)
{
	local_irq_disable();
	if (image->preserve_context)
		jump(image);
	else
		enter(image, 0, 0);
}

/*
 * With host memory encryption the next kernel starts with page tables that have
 * no encryption bit, so it must find its pages decrypted.
 */
int arch_kexec_post_alloc_pages(void *start, unsigned int nr, gfp_t gfp)
{
	if (!cc_platform_has(CC_ATTR_HOST_MEM_ENCRYPT))
		return 0;
	return set_memory_decrypted((unsigned long)start, nr);
}

/* A user mapping of a page that stays decrypted would have the encryption bit. */
int arch_kexec_pre_free_pages(void *start, unsigned int nr)
{
	if (!cc_platform_has(CC_ATTR_HOST_MEM_ENCRYPT))
		return 0;
	return set_memory_encrypted((unsigned long)start, nr);
}

int arch_kexec_protect_pages(struct page *page, unsigned int pages)
{
	return set_memory_ro((unsigned long)page_address(page), pages);
}

int arch_kexec_unprotect_pages(struct page *page, unsigned int pages)
{
	return set_memory_rw((unsigned long)page_address(page), pages);
}

#ifdef CONFIG_CRASH_DUMP
static void change_region(const struct resource *region,
			  int (*change)(unsigned long addr, int pages))
{
	if (!region->end)
		return;
	if (change((unsigned long)phys_to_virt(region->start),
		   resource_size(region) >> PAGE_SHIFT))
		pr_err("the protection of %pR cannot be changed\n", region);
}

/* The control page too: the trampoline uses the identity map to write to it. */
void arch_kexec_protect_crashkres(void)
{
	change_region(&crashk_low_res, set_memory_ro);
	change_region(&crashk_res, set_memory_ro);
}

void arch_kexec_unprotect_crashkres(void)
{
	change_region(&crashk_low_res, set_memory_rw);
	change_region(&crashk_res, set_memory_rw);
}
#endif
