/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The trampoline: the code that runs between two kernels.
 *
 * machine_kexec_prepare() copies KEXEC_CONTROL_CODE_MAX_SIZE bytes of code to
 * the control page of an image and fills the data behind the code; the rest of
 * the page is the stack (struct kexec_control_page).  So the code must be
 * position independent and must not call or jump to anything outside of these
 * bytes.
 *
 * The trampoline begins in the text of the kernel and continues in the control
 * page.  There it
 *  - runs on the identity map, with the GDT, the IDT and the stack of the
 *    control page, so that an exception is reported before the machine is
 *    reset;
 *  - loads CR4, then CR0, with the values that the next kernel expects;
 *  - walks the hand-off list and copies the staged pages, a run of consecutive
 *    pages in one copy;
 *  - loads an empty GDTR and IDTR, clears the registers and enters the image.
 *
 * State of the CPU at the entry of the image: 64-bit mode, interrupts disabled,
 * paging by the identity map.  All general registers are 0 except RSP, which
 * points to a 0 at the end of the control page.  CR0: PG and PE set; AM, WP, TS
 * and EM clear.  CR4: PAE set; LA57 as before; MCE set in a TDX guest, where it
 * cannot be cleared; all other bits clear.  EFER: as before.  CS is 0x10, the
 * other selectors are 0x18, all flat.
 *
 * kexec jump: RELOC_PRESERVE_CONTEXT
 *
 * The trampoline exchanges each staged page with the page at its destination,
 * and exchanges both again when the image returns.  The entry state differs:
 *  - GDTR and IDTR are those of the control page.  Until the image loads its
 *    own, an exception is reported, and int3 returns after the report.
 *  - RSP points to the return address, on the swap page.  4080 bytes of the
 *    swap page are left for the stack of the image.  8(%rsp), the last quadword
 *    of the swap page, contains the entry point.
 *
 * The image returns by RET, or jumps to the return address.  Before that it may
 * write its next entry point to the last quadword of the swap page.  It must
 *  - return in 64-bit mode, with as many levels of paging as at its entry, on
 *    page tables that identity-map the control page as executable, since the
 *    return address is in the control page.  The identity map of its entry does
 *    so;
 *  - not change any memory outside of its segments and the swap page;
 *  - leave devices and interrupt controllers in a state from which the kernel
 *    can resume them;
 *  - return with RFLAGS.TF clear, and preserve the MSRs that a resume does not
 *    restore.  A resume restores EFER and the MSRs of segments, SYSCALL and
 *    SYSENTER.
 * The image need not preserve general, control, debug, segment and FPU
 * registers, flags, GDTR, IDTR, LDTR and TR.
 */
#include <linux/linkage.h>
#include <linux/kexec.h>
#include <asm/alternative.h>
#include <asm/asm.h>
#include <asm/asm-offsets.h>
#include <asm/cpufeatures.h>
#include <asm/kexec.h>
#include <asm/msr-index.h>
#include <asm/nospec-branch.h>
#include <asm/page_types.h>
#include <asm/processor-flags.h>
#include <asm/segment.h>
#include <asm/unwind_hints.h>

#define COM_DATA		0
#define COM_STATUS		5
#define COM_STATUS_IDLE		0x20

/* Polls for one character: tens of milliseconds.  A slow line needs one. */
#define COM_POLLS		100000

#define KBD_COMMAND		0x64
#define KBD_RESET		0xfe

#define VECTOR_NMI		2
#define VECTOR_INT3		3
/*
 * Vectors for which the CPU pushes an error code: SDM volume 3, "Exception and
 * Interrupt Reference"; 29 and 30 are #VC and #SX, APM volume 2, "Vectors".
 */
#define VECTORS_WITH_ERROR	((1 << 8) | (1 << 10) | (1 << 11) | (1 << 12) | \
				 (1 << 13) | (1 << 14) | (1 << 17) | \
				 (1 << 21) | (1 << 29) | (1 << 30))

/* DR7 without enabled breakpoints; bit 10 is always 1. */
#define DR7_NONE		0x400

/* State at the end of the control page that the return of an image needs. */
#define RETURN_FRAME		(8 * 13)

	.macro push_msr msr
	movl	$\msr, %ecx
	rdmsr
	pushq	%rdx
	pushq	%rax
	.endm

	.macro pop_msr msr
	popq	%rax
	popq	%rdx
	movl	$\msr, %ecx
	wrmsr
	.endm

	.macro load_data_segments
	movl	$__KERNEL_DS, %eax
	.irp	segment, ss, ds, es, fs, gs
	movl	%eax, %\segment
	.endr
	.endm

	/*
	 * CR4 before CR0: CR0.WP cannot be cleared while CR4.CET is set.  A
	 * change of CR4.PGE flushes all TLB entries, global ones too.  SDM
	 * volume 3, "Control Registers" and "Operations that Invalidate TLBs".
	 */
	.macro load_control_registers
	movq	%cr4, %rax
	andl	$(X86_CR4_PAE | X86_CR4_LA57), %eax
	ALTERNATIVE "", __stringify(orl $X86_CR4_MCE, %eax), X86_FEATURE_TDX_GUEST
	movq	%rax, %cr4

	movq	%cr0, %rax
	andq	$~(X86_CR0_AM | X86_CR0_WP | X86_CR0_TS | X86_CR0_EM), %rax
	orl	$(X86_CR0_PG | X86_CR0_PE), %eax
	movq	%rax, %cr0
	.endm

	/*
	 * A line of the same memory with another C-bit must not be written back
	 * later.  APM volume 2, "Secure Memory Encryption".
	 */
	.macro flush_caches
	testl	$RELOC_FLUSH_CACHES, %r8d
	jz	.Lflushed\@
	wbinvd
.Lflushed\@:
	.endm

	/*
	 * XCHG would be a locked access: SDM volume 3, "Automatic Locking".
	 * Changes %rcx.
	 */
	.macro exchange register, memory
	movq	\memory, %rcx
	movq	\register, \memory
	movq	%rcx, \register
	.endm

	.macro clear_registers
	.irp	reg, eax, ebx, ecx, edx, esi, edi, ebp, r8d, r9d, r10d, r11d, r12d, r13d, r14d, r15d
	xorl	%\reg, %\reg
	.endr
	.endm

	.text
	.code64
	.align PAGE_SIZE

/* The padding at the end must belong to a symbol, for objtool. */
SYM_CODE_START_NOALIGN(relocate_range)
/*
 * unsigned long relocate_kernel(head, start, control_page, pgd, flags, peer_stack)
 *
 * %rdi	first entry of the hand-off list
 * %rsi	entry point of the image
 * %rdx	control page
 * %rcx	top of the identity map
 * %r8	RELOC_*
 * %r9	end of the swap page; only for an image that returns
 *
 * All addresses are physical.  If the image returns, relocate_kernel() returns
 * its next entry point; segment registers, TR, LDTR and FS.base may have
 * changed then.
 */
SYM_CODE_START_NOALIGN(relocate_kernel)
	UNWIND_HINT_END_OF_STACK
	ANNOTATE_NOENDBR

	/* Save the state of the caller, for an image that returns. */
	.irp	reg, rbx, rbp, r12, r13, r14, r15
	pushq	%\reg
	.endr
	subq	$32, %rsp
	sgdt	(%rsp)
	sidt	16(%rsp)
	leaq	.Lback(%rip), %r10
	movq	%cr3, %r11
	movq	%rsp, %rax

	/*
	 * An NMI is fatal from here to the load of RSP: three instructions.  If
	 * CR4.FRED is set, an exception is fatal until CR4 is loaded.
	 */
	movq	%rcx, %cr3
	lgdt	KEXEC_CONTROL_GDTR(%rdx)
	lidt	KEXEC_CONTROL_IDTR(%rdx)
	leaq	KEXEC_CONTROL_PAGE_SIZE(%rdx), %rsp

	pushq	%r10
	pushq	%r11
	pushq	%rax

	/* Continue in the control page, with CS from the new GDT. */
	leaq	(identity_mapped - relocate_kernel)(%rdx), %rax
	pushq	$__KERNEL_CS
	pushq	%rax
	lretq

	/*
	 * The way back from an image.  An NMI is fatal from the load of CR3 to
	 * the load of GDTR: three instructions.  If the kernel uses FRED, an
	 * NMI is fatal from the load of CR4 on; if the image has loaded TR,
	 * until the caller loads TR.
	 */
.Lback:
	UNWIND_HINT_END_OF_STACK
	ANNOTATE_NOENDBR
	movq	%rdx, %cr3
	movq	%rcx, %rsp
	lidt	16(%rsp)
	lgdt	(%rsp)
	addq	$32, %rsp
	movq	%r13, %rax
	.irp	reg, r15, r14, r13, r12, rbp, rbx
	popq	%\reg
	.endr
	ANNOTATE_UNRET_SAFE
	ret
	int3
SYM_CODE_END(relocate_kernel)

SYM_CODE_START_LOCAL_NOALIGN(identity_mapped)
	UNWIND_HINT_END_OF_STACK

	/* The code below preserves %r8, %r9 and %r12 to %r14. */
	movq	%rdx, %r12
	movq	%rsi, %r13
	movq	%rcx, %r14

	testl	$RELOC_PRESERVE_CONTEXT, %r8d
	jz	1f
	push_msr MSR_GS_BASE
	push_msr MSR_EFER
	movq	%cr4, %rax
	pushq	%rax
	movq	%cr0, %rax
	pushq	%rax
	pushq	%r14
	pushq	%rdi
	pushq	%r9
	pushq	%r8
1:
	load_data_segments
	load_control_registers
	flush_caches
	call	put_pages

	/* Serialize, as the copied pages contain code, and flush the TLB. */
	movq	%r14, %cr3
	testl	$RELOC_PRESERVE_CONTEXT, %r8d
	jnz	.Ljump

	/* The image has to load its own GDT and IDT. */
	leaq	KEXEC_CONTROL_PAGE_SIZE(%r12), %rsp
	pushq	$0
	pushq	$0
	lgdt	(%rsp)
	lidt	(%rsp)
	addq	$8, %rsp

	/* Enter the image by RET; a 0 stays on the stack. */
	pushq	%r13
	clear_registers
	ANNOTATE_UNRET_SAFE
	ret
	int3

.Ljump:
	movq	%r9, %rsp
	pushq	%r13
	clear_registers
	ANNOTATE_RETPOLINE_SAFE
	call	*(%rsp)
	UNWIND_HINT_END_OF_STACK

	/*
	 * The image has returned.  Only RIP is known: find the control page by
	 * it.  Disable the breakpoints that the image may have set.
	 */
	cli
	movl	$DR7_NONE, %eax
	movq	%rax, %dr7
	leaq	relocate_kernel(%rip), %r12
	leaq	(KEXEC_CONTROL_PAGE_SIZE - RETURN_FRAME)(%r12), %rsp
	popq	%r8
	popq	%r9
	popq	%rdi
	popq	%r14
	movq	%r14, %cr3
	pushq	$X86_EFLAGS_FIXED
	popfq
	lgdt	KEXEC_CONTROL_GDTR(%r12)
	lidt	KEXEC_CONTROL_IDTR(%r12)
	leaq	.Lreturned(%rip), %rax
	pushq	$__KERNEL_CS
	pushq	%rax
	lretq

.Lreturned:
	UNWIND_HINT_END_OF_STACK
	load_data_segments
	load_control_registers
	movq	-8(%r9), %r13
	call	put_pages
	flush_caches
	movq	%r14, %cr3

	/*
	 * CR0 before CR4: CR4.CET can be set only while CR0.WP is set.  EFER
	 * before CR3: the page tables of the caller have NX bits, which are
	 * reserved bits while EFER.NXE is clear.
	 */
	popq	%rax
	movq	%rax, %cr0
	popq	%rax
	movq	%rax, %cr4
	pop_msr MSR_EFER
	pop_msr MSR_GS_BASE

	/* Stack pointer and CR3 of the caller, kernel address of .Lback. */
	popq	%rcx
	popq	%rdx
	popq	%rax
	ANNOTATE_RETPOLINE_SAFE
	jmp	*%rax
SYM_CODE_END(identity_mapped)

/*
 * Walk the hand-off list from entry %rdi on.
 *
 * %rax	entry
 * %rbx	address of the next entry
 * %rdi	destination of the pending copy
 * %rsi	source of the pending copy
 * %rdx	length of the pending copy in bytes, 0 for none
 *
 * No source lies in a destination, so the copies can be made in any order.
 * Preserves %r8, %r9 and %r12 to %r14.  Does not write to the stack: the stack
 * is in the same page as this code, and each write there would make the CPU
 * check whether code was modified: SDM volume 3, "Self-Modifying Code".
 */
SYM_CODE_START_LOCAL_NOALIGN(put_pages)
	UNWIND_HINT_END_OF_STACK
	cld
	movq	%rdi, %rax
	xorl	%esi, %esi
	xorl	%edx, %edx
	jmp	.Lentry

.Lnext:
	movq	(%rbx), %rax
	addq	$8, %rbx
.Lentry:
	testb	$IND_SOURCE, %al
	jz	.Lpending
	leaq	IND_SOURCE(%rsi, %rdx), %rcx
	cmpq	%rcx, %rax
	jne	.Lpending
	addq	$PAGE_SIZE, %rdx
	jmp	.Lnext

.Lpending:
	testq	%rdx, %rdx
	jz	.Lput
	testl	$RELOC_PRESERVE_CONTEXT, %r8d
	jnz	.Lexchange
	movq	%rdx, %rcx
	shrq	$3, %rcx
	rep movsq
	jmp	.Lput

	/* Exchange as many quadwords at a time as there are registers. */
.Lexchange:
	movq	(%rsi), %rbp
	movq	8(%rsi), %r10
	movq	16(%rsi), %r11
	movq	24(%rsi), %r15
	exchange %rbp, (%rdi)
	exchange %r10, 8(%rdi)
	exchange %r11, 16(%rdi)
	exchange %r15, 24(%rdi)
	movq	%rbp, (%rsi)
	movq	%r10, 8(%rsi)
	movq	%r11, 16(%rsi)
	movq	%r15, 24(%rsi)
	addq	$32, %rsi
	addq	$32, %rdi
	subq	$32, %rdx
	jnz	.Lexchange

.Lput:
	xorl	%edx, %edx
	movl	%eax, %ecx
	andq	$PAGE_MASK, %rax
	testb	$IND_SOURCE, %cl
	jnz	.Lsource
	testb	$IND_DESTINATION, %cl
	jnz	.Ldestination
	movq	%rax, %rbx
	testb	$IND_INDIRECTION, %cl
	jnz	.Lnext
	ANNOTATE_UNRET_SAFE
	ret
	int3

.Lsource:
	movq	%rax, %rsi
	movl	$PAGE_SIZE, %edx
	jmp	.Lnext

.Ldestination:
	movq	%rax, %rdi
	jmp	.Lnext
SYM_CODE_END(put_pages)

/*
 * Handle an exception between the kernels.  The stub has pushed the vector;
 * above the vector are the error code and the frame of the CPU.  With the
 * registers this is struct kexec_report_frame.
 *
 * The handler writes a report and resets the machine.  It returns from an NMI
 * without a report, and from int3 after the report.  It returns without IRET: a
 * panic may have come by an NMI, and IRET would unblock the next NMI; SDM
 * volume 3, "Handling Multiple NMIs".  An exception during a report resets the
 * machine without a further report.
 */
SYM_CODE_START_LOCAL_NOALIGN(exception)
	UNWIND_HINT_END_OF_STACK
	.irp	reg, rax, rbx, rcx, rdx, rsi, rdi, rbp, r8, r9, r10, r11, r12, r13, r14, r15
	pushq	%\reg
	.endr
	cld

	/* This code is at the start of the control page. */
	leaq	relocate_kernel(%rip), %r12

	cmpl	$VECTOR_NMI, KEXEC_FRAME_VECTOR(%rsp)
	je	.Lresume

	testb	$1, KEXEC_CONTROL_REPORTING(%r12)
	jnz	.Lreset
	movb	$1, KEXEC_CONTROL_REPORTING(%r12)
	jmp	.Lreport
.Lreported:
	cmpl	$VECTOR_INT3, KEXEC_FRAME_VECTOR(%rsp)
	jne	.Lreset
	movb	$0, KEXEC_CONTROL_REPORTING(%r12)

	/*
	 * Write the return address to the quadword below the interrupted stack
	 * pointer.  The CPU has aligned the frame to 16 bytes, so this quadword
	 * is SS of the frame or padding above SS.  Neither is needed any more.
	 */
.Lresume:
	movq	KEXEC_FRAME_RSP(%rsp), %rax
	subq	$8, %rax
	movq	KEXEC_FRAME_RIP(%rsp), %rbx
	movq	%rbx, (%rax)
	movq	%rax, KEXEC_FRAME_RSP(%rsp)
	.irp	reg, r15, r14, r13, r12, r11, r10, r9, r8, rbp, rdi, rsi, rdx, rcx, rbx, rax
	popq	%\reg
	.endr
	leaq	(KEXEC_FRAME_RFLAGS - KEXEC_FRAME_VECTOR)(%rsp), %rsp
	popfq
	popq	%rsp
	ANNOTATE_UNRET_SAFE
	ret
	int3

.Lreset:
	/*
	 * Reset by the keyboard controller; if there is none, by a triple
	 * fault.  In an encrypted guest OUT is an exception, so load the empty
	 * IDT first.
	 */
	pushq	$0
	pushq	$0
	lidt	(%rsp)
	movb	$KBD_RESET, %al
	outb	%al, $KBD_COMMAND
	ud2

/*
 * Write the report, an array of struct kexec_report_item.
 *
 * %r12	control page
 * %r11	item
 * %rsi	next byte of the text of the item
 * %rdx	I/O port
 */
.Lreport:
	movzwl	KEXEC_CONTROL_SERIAL(%r12), %edx
	testl	%edx, %edx
	jz	.Lreported
	leaq	KEXEC_CONTROL_REPORT(%r12), %r11

.Litem:
	movq	%r11, %rsi
.Ltext:
	lodsb
	testb	%al, %al
	jz	.Lvalue
	leaq	.Ltext(%rip), %r9
	jmp	.Lputc

.Lvalue:
	movzbl	KEXEC_REPORT_VALUE(%r11), %ecx
	addq	$KEXEC_REPORT_SIZE, %r11
	cmpb	$KEXEC_REPORT_END, %cl
	je	.Lreported
	movq	%cr2, %rbx
	cmpb	$KEXEC_REPORT_CR2, %cl
	je	.Lhex
	movq	(%rsp, %rcx), %rbx
.Lhex:
	movl	$16, %r8d
.Ldigit:
	rolq	$4, %rbx
	movb	%bl, %al
	andb	$0xf, %al
	addb	$'0', %al
	cmpb	$'9', %al
	jbe	1f
	addb	$('a' - '9' - 1), %al
1:	leaq	.Ldigit_done(%rip), %r9
	jmp	.Lputc
.Ldigit_done:
	UNWIND_HINT_END_OF_STACK
	decl	%r8d
	jnz	.Ldigit
	jmp	.Litem

	/* Write %al, continue at %r9.  A busy port ends the report. */
.Lputc:
	movb	%al, %r10b
	movl	$COM_POLLS, %ecx
	addl	$COM_STATUS, %edx
2:	inb	%dx, %al
	testb	$COM_STATUS_IDLE, %al
	jnz	3f
	decl	%ecx
	jnz	2b
	jmp	.Lreported
3:	subl	$COM_STATUS, %edx
	movb	%r10b, %al
	outb	%al, %dx
	ANNOTATE_RETPOLINE_SAFE
	jmp	*%r9
SYM_CODE_END(exception)

/* A stub for each vector, all of the same size. */
	.skip KEXEC_CONTROL_STUBS - (. - relocate_kernel), 0xcc
SYM_CODE_START_LOCAL_NOALIGN(exception_stubs)
	.set vector, 0
	.rept KEXEC_CONTROL_VECTORS
	.balign KEXEC_CONTROL_STUB_SIZE, 0xcc
	UNWIND_HINT_END_OF_STACK
	.if !((VECTORS_WITH_ERROR >> vector) & 1)
	pushq	$0
	.endif
	pushq	$vector
	jmp	exception
	.set vector, vector + 1
	.endr

SYM_CODE_END(exception_stubs)

	.skip KEXEC_CONTROL_CODE_MAX_SIZE - (. - relocate_kernel), 0xcc
SYM_CODE_END(relocate_range)
