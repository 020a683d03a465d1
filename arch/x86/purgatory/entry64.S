/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Entry and exit of the purgatory.
 *
 * The trampoline enters it in 64-bit mode, on the identity map, with interrupts
 * disabled and an empty GDTR and IDTR.  The purgatory enters the 64-bit entry
 * of the next kernel with the state that the boot protocol requires (64-bit
 * boot protocol, Documentation/arch/x86/boot.rst): a GDT with flat code at 0x10
 * and flat data at 0x18, all selectors loaded from it, and the address of
 * struct boot_params in %rsi.  %rsp is the stack of the purgatory; the other
 * general registers are 0.
 */
#include <linux/linkage.h>
#include <asm/asm-offsets.h>
#include <asm/kexec.h>
#include <asm/segment.h>

#define STACK_SIZE	4096

	.text
	.code64

SYM_CODE_START(purgatory_start)
	cld
	leaq	stack_end(%rip), %rsp

	lgdt	gdtr(%rip)
	movl	$__BOOT_DS, %eax
	.irp	segment, ss, ds, es, fs, gs
	movl	%eax, %\segment
	.endr
	leaq	.Lcode_loaded(%rip), %rax
	pushq	$__BOOT_CS
	pushq	%rax
	lretq

.Lcode_loaded:
	call	purgatory

	movq	purgatory_params + KEXEC_PURGATORY_BOOT_PARAMS(%rip), %rsi
	.irp	reg, eax, ebx, ecx, edx, edi, ebp, r8d, r9d, r10d, r11d, r12d, r13d, r14d, r15d
	xorl	%\reg, %\reg
	.endr
	jmp	*purgatory_params + KEXEC_PURGATORY_ENTRY(%rip)
SYM_CODE_END(purgatory_start)

/*
 * void purgatory_die(void)
 *
 * Reset the machine by the keyboard controller; if there is none, by a triple
 * fault.
 */
SYM_CODE_START(purgatory_die)
	pushq	$0
	pushq	$0
	lidt	(%rsp)
	movb	$0xfe, %al
	outb	%al, $0x64
	ud2
SYM_CODE_END(purgatory_die)

	.data
	.balign 8
SYM_DATA_START_LOCAL(gdt)
	.quad	0
	.quad	0
	.quad	KEXEC_CONTROL_CODE64
	.quad	KEXEC_CONTROL_DATA64
SYM_DATA_END_LABEL(gdt, SYM_L_LOCAL, gdt_end)

SYM_DATA_START_LOCAL(gdtr)
	.word	gdt_end - gdt - 1
	.quad	gdt
SYM_DATA_END(gdtr)

	.bss
	.balign 16
	.skip	STACK_SIZE
SYM_DATA_LOCAL(stack_end,)
