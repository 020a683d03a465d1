/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The probe's first instructions. kexec enters at probe_start, in 64-bit mode on the identity map.
 *
 * Every register is stored as it was found before any is used, and nothing is pushed before the
 * stack is our own: the stack pointer and the flags found are results too. The binary runs wherever
 * it was loaded, so all addresses are relative to RIP and the descriptor tables are made here.
 */
#include "state.h"

#define MSR_APIC_BASE	0x1b
#define MSR_EFER	0xc0000080
#define MSR_FS_BASE	0xc0000100
#define MSR_GS_BASE	0xc0000101

#define CODE_SELECTOR	0x10
#define DATA_SELECTOR	0x18
#define STUB_SIZE	16
#define VECTORS		32
#define NMI		2
/* Vectors for which the CPU pushes an error code itself: 8, 10-14, 17, 21, 29, 30 */
#define HAS_ERROR_CODE	0x60227d00

	.macro save_msr msr, name
	mov	$\msr, %ecx
	rdmsr
	mov	%eax, state_\name(%rip)
	mov	%edx, state_\name + 4(%rip)
	.endm

	.section .head, "ax"
	.globl	probe_start
probe_start:
	.irp	reg, rax, rbx, rcx, rdx, rsi, rdi, rbp, rsp, r8, r9, r10, r11, r12, r13, r14, r15
	mov	%\reg, state_\reg(%rip)
	.endr
	mov	(%rsp), %rax
	mov	%rax, state_stack(%rip)
	lea	stack_end(%rip), %rsp
	pushfq
	popq	state_rflags(%rip)
	cld
	lea	probe_start(%rip), %rax
	mov	%rax, state_rip(%rip)
	.irp	reg, cr0, cr2, cr3, cr4
	mov	%\reg, %rax
	mov	%rax, state_\reg(%rip)
	.endr
	.irp	reg, cs, ds, es, ss, fs, gs
	mov	%\reg, state_\reg(%rip)
	.endr
	sgdt	found_table(%rip)
	movzwl	found_table(%rip), %eax
	mov	%rax, state_gdtlimit(%rip)
	mov	found_table + 2(%rip), %rax
	mov	%rax, state_gdtbase(%rip)
	sidt	found_table(%rip)
	movzwl	found_table(%rip), %eax
	mov	%rax, state_idtlimit(%rip)
	mov	found_table + 2(%rip), %rax
	mov	%rax, state_idtbase(%rip)
	save_msr MSR_EFER, efer
	save_msr MSR_APIC_BASE, apicbase
	save_msr MSR_FS_BASE, fsbase
	save_msr MSR_GS_BASE, gsbase

	lea	gdt(%rip), %rax
	mov	%rax, gdt_pointer + 2(%rip)
	lgdt	gdt_pointer(%rip)
	mov	$DATA_SELECTOR, %eax
	mov	%eax, %ds
	mov	%eax, %es
	mov	%eax, %ss
	pushq	$CODE_SELECTOR
	lea	1f(%rip), %rax
	pushq	%rax
	lretq
1:
	lea	stubs(%rip), %rax
	lea	idt(%rip), %rdi
	mov	%rdi, idt_pointer + 2(%rip)
	mov	$VECTORS, %ecx
2:	/* one interrupt gate: present, ring 0, offset in three pieces */
	mov	%ax, (%rdi)
	movw	$CODE_SELECTOR, 2(%rdi)
	movw	$0x8e00, 4(%rdi)
	mov	%rax, %rdx
	shr	$16, %rdx
	mov	%dx, 6(%rdi)
	shr	$16, %rdx
	mov	%edx, 8(%rdi)
	add	$STUB_SIZE, %rax
	add	$16, %rdi
	dec	%ecx
	jnz	2b
	lidt	idt_pointer(%rip)

	lea	state(%rip), %rdi
	lea	probe_end(%rip), %rsi
	call	probe_main
	ud2

	.text
	.balign	STUB_SIZE
stubs:
	.set	vector, 0
	.rept	VECTORS
	.balign	STUB_SIZE
	.if	vector == NMI
	iretq		/* a scenario injects them: no business of the probe's */
	.endif
	.if	!((HAS_ERROR_CODE >> vector) & 1)
	pushq	$0
	.endif
	pushq	$vector
	jmp	exception
	.set	vector, vector + 1
	.endr

exception:
	mov	(%rsp), %rdi
	mov	8(%rsp), %rsi
	mov	16(%rsp), %rdx
	mov	%cr2, %rcx
	call	probe_exception
	ud2

	.globl	triple_fault
triple_fault:
	movw	$0, idt_pointer(%rip)
	lidt	idt_pointer(%rip)
	ud2

	.data
	.balign	16
gdt:
	.quad	0
	.quad	0
	.quad	0x00af9b000000ffff
	.quad	0x00cf93000000ffff
gdt_pointer:
	.word	. - gdt - 1
	.quad	0
idt_pointer:
	.word	16 * VECTORS - 1
	.quad	0
found_table:
	.word	0
	.quad	0
	.balign	16
state:
#define F(name) state_##name: .quad 0;
	STATE_FIELDS(F)
#undef F

	.bss
	.balign	16
idt:
	.skip	16 * VECTORS
	.skip	4096
stack_end:

	.section .note.GNU-stack, "", @progbits
