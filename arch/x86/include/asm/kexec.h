/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * kexec on x86: limits, hooks, and the layout of the control page.
 */
#ifndef _ASM_X86_KEXEC_H
#define _ASM_X86_KEXEC_H

#define KEXEC_CONTROL_PAGE_SIZE		4096

/*
 * machine_kexec_prepare() copies this many bytes, from relocate_kernel() on, to
 * the start of the control page.  callthunks.c does not patch calls to them.
 */
#define KEXEC_CONTROL_CODE_MAX_SIZE	2048

#ifdef CONFIG_X86_32
/* Entries of the table that machine_kexec() passes to relocate_kernel(). */
#define PAGES_NR			4
#define PA_SWAP_PAGE			3
#define PA_PGD				2
#define VA_CONTROL_PAGE			1
#define PA_CONTROL_PAGE			0
#else
/* The last part of the code: one stub for each exception vector, from 0 on. */
#define KEXEC_CONTROL_STUBS		1536
#define KEXEC_CONTROL_STUB_SIZE		16
#define KEXEC_CONTROL_VECTORS		32

/* kexec_report_item.value, where it is no offset in the frame: CR2, the end. */
#define KEXEC_REPORT_CR2		0xfe
#define KEXEC_REPORT_END		0xff

/* Flat descriptors: 64-bit code, data. */
#define KEXEC_CONTROL_CODE64		0x00af9b000000ffff
#define KEXEC_CONTROL_DATA64		0x00cf93000000ffff

/* Flags of relocate_kernel(). */
#define RELOC_FLUSH_CACHES		1
#define RELOC_PRESERVE_CONTEXT		2
#endif

#ifndef __ASSEMBLY__

#include <linux/instruction_pointer.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include <asm/desc_defs.h>
#include <asm/irqflags.h>
#include <asm/page.h>
#include <asm/ptrace.h>
#include <asm/segment.h>

struct kimage;

#define ARCH_HAS_KIMAGE_ARCH

/* Store a register of the caller in struct pt_regs. */
#define CRASH_STORE(reg, field)						\
	asm volatile("mov %%" #reg ", %0" : "=m" (newregs->field))

/**
 * crash_setup_regs - save the registers at the time of a crash
 * @newregs: where the registers are saved
 * @oldregs: the registers that an exception has saved; NULL to save the
 *	registers of the caller
 */
static __always_inline void crash_setup_regs(struct pt_regs *newregs,
					     struct pt_regs *oldregs)
{
	if (oldregs) {
		*newregs = *oldregs;
		return;
	}

#ifdef CONFIG_X86_64
	CRASH_STORE(r15, r15);
	CRASH_STORE(r14, r14);
	CRASH_STORE(r13, r13);
	CRASH_STORE(r12, r12);
	CRASH_STORE(r11, r11);
	CRASH_STORE(r10, r10);
	CRASH_STORE(r9, r9);
	CRASH_STORE(r8, r8);
	CRASH_STORE(rbp, bp);
	CRASH_STORE(rbx, bx);
	CRASH_STORE(rdi, di);
	CRASH_STORE(rsi, si);
	CRASH_STORE(rdx, dx);
	CRASH_STORE(rcx, cx);
	CRASH_STORE(rax, ax);
	CRASH_STORE(rsp, sp);
	newregs->cs = __KERNEL_CS;
	newregs->ss = __KERNEL_DS;
#else
	CRASH_STORE(ebp, bp);
	CRASH_STORE(ebx, bx);
	CRASH_STORE(edi, di);
	CRASH_STORE(esi, si);
	CRASH_STORE(edx, dx);
	CRASH_STORE(ecx, cx);
	CRASH_STORE(eax, ax);
	CRASH_STORE(esp, sp);
	savesegment(gs, newregs->gs);
	savesegment(fs, newregs->fs);
	newregs->es = __USER_DS;
	newregs->ds = __USER_DS;
	newregs->cs = __KERNEL_CS;
	newregs->ss = __KERNEL_DS;
#endif
	newregs->flags = native_save_fl();
	newregs->ip = _THIS_IP_;
	/* This frame is not that of a system call. */
	newregs->orig_ax = -1;
}

#ifdef CONFIG_SMP
void kdump_nmi_shootdown_cpus(void);
#endif

#ifdef CONFIG_CRASH_HOTPLUG
#define arch_crash_hotplug_support arch_crash_hotplug_support
int arch_crash_hotplug_support(struct kimage *image, unsigned long kexec_flags);

#define arch_crash_handle_hotplug_event arch_crash_handle_hotplug_event
void arch_crash_handle_hotplug_event(struct kimage *image, void *arg);

#define crash_get_elfcorehdr_size arch_crash_get_elfcorehdr_size
unsigned int arch_crash_get_elfcorehdr_size(void);
#endif

#ifdef CONFIG_X86_32

#define KEXEC_ARCH			KEXEC_ARCH_386
#define KEXEC_DESTINATION_MEMORY_LIMIT	ULONG_MAX
#define KEXEC_SOURCE_MEMORY_LIMIT	ULONG_MAX
/* machine_kexec() enters the control page at its virtual address. */
#define KEXEC_CONTROL_MEMORY_LIMIT	TASK_SIZE

/* A 32-bit crash kernel can read the memory of a 64-bit kernel. */
#define vmcore_elf_check_arch_cross(x)	((x)->e_machine == EM_X86_64)

/* Map the control page where paging is switched off, and on again. */
struct kimage_arch {
	pte_t *pte0;
	pte_t *pte1;
#ifdef CONFIG_X86_PAE
	pmd_t *pmd0;
	pmd_t *pmd1;
#endif
	pgd_t *pgd;
};

asmlinkage unsigned long relocate_kernel(unsigned long head,
					 unsigned long page_list,
					 unsigned long start,
					 unsigned int has_pae,
					 unsigned int preserve_context);

#else /* CONFIG_X86_64 */

#define KEXEC_ARCH			KEXEC_ARCH_X86_64
/* MAXMEM: what the direct map reaches with as many levels as were booted. */
#define KEXEC_CONTROL_MEMORY_LIMIT	(MAXMEM - 1)
#define KEXEC_SOURCE_MEMORY_LIMIT	KEXEC_CONTROL_MEMORY_LIMIT
#define KEXEC_DESTINATION_MEMORY_LIMIT	KEXEC_CONTROL_MEMORY_LIMIT

/**
 * struct kimage_arch - what an image keeps on x86_64
 * @pgd: the identity map, made of control pages
 */
struct kimage_arch {
	pgd_t *pgd;
};

/*
 * The stack of the exception handler, from its stack pointer upwards.  The
 * handler pushes rax first and r15 last.  The stub of the vector pushes the
 * vector, and 0 as the error code if the CPU pushes none.  The CPU pushes the
 * rest: SDM volume 3, "64-Bit Mode Stack Frame".
 */
struct kexec_report_frame {
	u64 r15, r14, r13, r12, r11, r10, r9, r8;
	u64 rbp, rdi, rsi, rdx, rcx, rbx, rax;
	u64 vector;
	u64 error;
	u64 rip, cs, rflags, rsp, ss;
};

#define KEXEC_REPORT_TEXT		23
#define KEXEC_REPORT_ITEMS		14

/**
 * struct kexec_report_item - a part of the report of an exception
 * @text: written first, up to its NUL
 * @value: the value that follows, 16 hexadecimal digits: an offset in struct
 *	kexec_report_frame, or KEXEC_REPORT_*
 */
struct kexec_report_item {
	char text[KEXEC_REPORT_TEXT];
	u8 value;
};

/**
 * struct kexec_control_data - the data part of the control page
 * @idt: gates to the stubs in the code part
 * @gdt: null, unused, flat 64-bit code, flat data: the selectors of the kernel
 * @gdtr: the operand of LGDT; the address in it is physical
 * @idtr: the operand of LIDT; the address in it is physical
 * @serial: I/O port of the UART that gets exception reports, 0 for none
 * @reporting: set while the handler writes a report
 * @report: the parts of the report
 */
struct kexec_control_data {
	gate_desc idt[KEXEC_CONTROL_VECTORS];
	u64 gdt[4];
	struct desc_ptr gdtr;
	/* private: */
	u8 pad1[16 - sizeof(struct desc_ptr)];
	/* public: */
	struct desc_ptr idtr;
	/* private: */
	u8 pad2[16 - sizeof(struct desc_ptr)];
	/* public: */
	u16 serial;
	u8 reporting;
	struct kexec_report_item report[KEXEC_REPORT_ITEMS];
};

/**
 * struct kexec_control_page - the page that runs between the kernels
 * @code: relocate_kernel() and the code that it calls
 * @data: what the code needs
 * @stack: the stack, used from its end downwards
 *
 * The assembly gets the offsets from asm-offsets_64.c.
 */
struct kexec_control_page {
	u8 code[KEXEC_CONTROL_CODE_MAX_SIZE];
	struct kexec_control_data data;
	u8 stack[KEXEC_CONTROL_PAGE_SIZE - KEXEC_CONTROL_CODE_MAX_SIZE -
		 sizeof(struct kexec_control_data)];
};

unsigned long relocate_kernel(unsigned long head, unsigned long start,
			      unsigned long control_page, unsigned long pgd,
			      unsigned long flags, unsigned long peer_stack);

#define arch_kexec_post_alloc_pages arch_kexec_post_alloc_pages
int arch_kexec_post_alloc_pages(void *start, unsigned int nr, gfp_t gfp);

#define arch_kexec_pre_free_pages arch_kexec_pre_free_pages
int arch_kexec_pre_free_pages(void *start, unsigned int nr);

#define arch_kexec_protect_pages arch_kexec_protect_pages
int arch_kexec_protect_pages(struct page *page, unsigned int pages);
int arch_kexec_unprotect_pages(struct page *page, unsigned int pages);

#define arch_kexec_protect_crashkres arch_kexec_protect_crashkres
void arch_kexec_protect_crashkres(void);
#define arch_kexec_unprotect_crashkres arch_kexec_unprotect_crashkres
void arch_kexec_unprotect_crashkres(void);

#define machine_kexec_post_load machine_kexec_post_load
int machine_kexec_post_load(struct kimage *image);

u16 x86_kexec_serial_port(void);

/**
 * x86_kexec_walked - judge a walk of resources of a kind that may not be there
 * @err: what walk_iomem_res_desc() or walk_system_ram_res() has returned:
 *	-EINVAL if there is no resource of the kind
 *
 * Return: 0 if there is none, else @err.
 */
static inline int x86_kexec_walked(int err)
{
	return err == -EINVAL ? 0 : err;
}

#ifdef CONFIG_KEXEC_FILE
#define arch_kimage_file_post_load_cleanup arch_kimage_file_post_load_cleanup
int arch_kimage_file_post_load_cleanup(struct kimage *image);

struct purgatory_info;
struct elf64_shdr;

#define arch_kexec_apply_relocations_add arch_kexec_apply_relocations_add
int arch_kexec_apply_relocations_add(struct purgatory_info *pi,
				     struct elf64_shdr *section,
				     const struct elf64_shdr *relsec,
				     const struct elf64_shdr *symtab);

int x86_kexec_purgatory(struct kimage *image, u64 entry, u64 boot_params);
#endif

#endif /* CONFIG_X86_32 */

#endif /* !__ASSEMBLY__ */

#endif /* _ASM_X86_KEXEC_H */
