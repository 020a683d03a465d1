/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The peer's two entry points. kexec jump calls them; the slot above the return address takes the
 * address that is to be entered next. They take turns in that, so an entry that does not move is
 * noticed.
 *
 * What a peer may spoil is spoilt, once the C part has looked at it.
 */
#define MSR_EFER	0xc0000080
#define MSR_LSTAR	0xc0000082
#define MSR_FS_BASE	0xc0000100
#define MSR_GS_BASE	0xc0000101
#define MSR_KERNEL_GS	0xc0000102

#define CODE_SELECTOR	0x08
#define DATA_SELECTOR	0x10

	.macro set_msr msr, value
	mov	$\msr, %ecx
	mov	$\value, %eax
	xor	%edx, %edx
	wrmsr
	.endm

	.section .head, "ax"
	.globl	probe_start
probe_start:
	mov	$1, %edi
	lea	second_entry(%rip), %rax
	jmp	1f
second_entry:
	mov	$2, %edi
	lea	probe_start(%rip), %rax
1:
	mov	%rax, %rbx
	mov	%rsp, %rsi
	mov	8(%rsp), %rdx
	lea	probe_end(%rip), %rcx
	call	peer_main
	test	%eax, %eax
	jnz	2f
	mov	%rbx, 8(%rsp)

	/* An int3 is reported by the control page's handler and comes back. */
	int3

	lea	gdt(%rip), %rax
	mov	%rax, gdt_pointer + 2(%rip)
	lgdt	gdt_pointer(%rip)
	mov	$DATA_SELECTOR, %eax
	.irp	segment, ds, es, ss, fs, gs
	mov	%eax, %\segment
	.endr
	pushq	$CODE_SELECTOR
	lea	1f(%rip), %rax
	pushq	%rax
	lretq
1:
	pushq	$0
	pushq	$0
	lidt	(%rsp)
	add	$16, %rsp

	mov	%cr4, %rax
	or	$0x600, %eax			/* OSFXSR, OSXMMEXCPT */
	mov	%rax, %cr4
	pcmpeqd	%xmm0, %xmm0
	.irp	n, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	movdqa	%xmm0, %xmm\n
	.endr
	fninit
	fld1

	mov	$0x10000, %eax			/* where the loader has a segment staged */
	.irp	n, 0, 1, 2, 3
	mov	%rax, %dr\n
	.endr
	mov	$0x90402, %eax			/* on, for writes of 8 bytes */
	mov	%rax, %dr7

	set_msr	MSR_LSTAR, 0x1000
	set_msr	MSR_FS_BASE, 0x2000
	set_msr	MSR_GS_BASE, 0x3000
	set_msr	MSR_KERNEL_GS, 0x4000
	mov	$MSR_EFER, %ecx
	rdmsr
	and	$~0x801, %eax			/* SCE, NXE */
	wrmsr

	pushq	$0x47402			/* AC, NT, IOPL, DF */
	popfq
	mov	$0x5e1f, %eax
	.irp	reg, rbx, rcx, rdx, rsi, rdi, rbp, r8, r9, r10, r11, r12, r13, r14, r15
	mov	%rax, %\reg
	.endr
2:	ret

	.globl	triple_fault
triple_fault:
	pushq	$0
	pushq	$0
	lidt	(%rsp)
	ud2

	.data
	.balign	16
gdt:
	.quad	0
	.quad	0x00af9b000000ffff
	.quad	0x00cf93000000ffff
gdt_pointer:
	.word	. - gdt - 1
	.quad	0

	.section .note.GNU-stack, "", @progbits
