/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The trampoline: what runs between two kernels.
 *
 * machine_kexec_prepare() copies the code, up to KEXEC_CONTROL_CODE_MAX_SIZE,
 * to the control page of an image and puts the data behind it that
 * asm/kexec.h describes; what is left of the page is the stack.  So all of this
 * must be position independent and must not call or jump to anything outside.
 *
 * It begins in the kernel's text and continues at once in the control page:
 *  - on the identity map, with the GDT, IDT and stack of the control page, so
 *    that an exception is reported instead of resetting the machine mutely;
 *  - CR4, then CR0 get the values that the next kernel expects;
 *  - the hand-off list is walked, consecutive pages in one copy;
 *  - GDTR and IDTR are emptied, the registers cleared, the image entered.
 *
 * The image is entered in 64-bit mode with interrupts off, on the identity map,
 * with all general registers 0 but RSP, which points to a 0 at the end of the
 * control page.  CR0 has PG, PE and no AM, WP, TS, EM; CR4 has PAE, and LA57
 * where it was on (MCE too in a TDX guest, which may not clear it); EFER is as
 * it was.  CS is 0x10, the other selectors 0x18, all flat.
 *
 * kexec jump: RELOC_PRESERVE_CONTEXT
 *
 * Staged pages are not copied but exchanged with what is at their destination,
 * and exchanged back when the image returns.  It is entered as any other, but
 *  - GDTR and IDTR stay those of the control page: until the image loads its
 *    own an exception is reported, and int3 returns after the report;
 *  - RSP points to the return address on a stack of the image's own, the
 *    swap page, of which 4080 bytes are left; 8(%rsp) is the last quadword of
 *    that page and holds the entry point.
 *
 * The image returns by that address, as a function does, or jumps to it.  Before
 * that it writes to what was 8(%rsp) at its entry where it wants to be entered
 * next time, unless it is to be the same address.  It must
 *  - return in 64-bit mode with as many levels of paging as it was entered with,
 *    on tables that map the control page, where the return address is, to
 *    itself, executable: those that it was entered on do;
 *  - have left all memory outside its segments and the swap page alone, and
 *    devices and interrupt controllers in a state that a resume can cope with;
 *  - trap no single step (RFLAGS.TF), and have preserved the MSRs that a resume
 *    does not set again; EFER and those of segments, SYSCALL and SYSENTER are.
 * It need not preserve anything else: general, control, debug, segment and FPU
 * registers, flags, GDTR, IDTR, LDTR, TR.
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

/* Polls for one character to leave: tens of milliseconds, slow lines need one. */
#define COM_POLLS		100000

#define KBD_COMMAND		0x64
#define KBD_RESET		0xfe

#define VECTOR_NMI		2
#define VECTOR_INT3		3
/* Exceptions for which the CPU pushes an error code. */
#define VECTORS_WITH_ERROR	((1 << 8) | (1 << 10) | (1 << 11) | (1 << 12) | \
				 (1 << 13) | (1 << 14) | (1 << 17) | \
				 (1 << 21) | (1 << 29) | (1 << 30))

/* DR7 with no breakpoint enabled. */
#define DR7_NONE		0x400

/* Quadwords at the end of the control page: what a jump comes back to. */
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
	 * CR4 before CR0: WP cannot be cleared while CET is on.  With PGE goes
	 * what the TLB still knows of other tables.
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

	/* The same memory must not wait in caches under another encryption. */
	.macro flush_caches
	testl	$RELOC_FLUSH_CACHES, %r8d
	jz	.Lflushed\@
	wbinvd
.Lflushed\@:
	.endm

	/* XCHG would lock the bus.  Changes %rcx. */
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

/* objtool wants the padding at the end to belong to a symbol. */
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
 * All addresses are physical.  Returns if the image does: the next entry point.
 * Segment registers, TR, LDTR and FS.base are not the caller's then.
 */
SYM_CODE_START_NOALIGN(relocate_kernel)
	UNWIND_HINT_END_OF_STACK
	ANNOTATE_NOENDBR

	/* What the caller finds again, if there is a way back. */
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
	 * From here to the stack switch an NMI is fatal: three instructions.
	 * Where FRED was on, exceptions are, until CR4 is written.
	 */
	movq	%rcx, %cr3
	lgdt	KEXEC_CONTROL_GDTR(%rdx)
	lidt	KEXEC_CONTROL_IDTR(%rdx)
	leaq	KEXEC_CONTROL_PAGE_SIZE(%rdx), %rsp

	pushq	%r10
	pushq	%r11
	pushq	%rax

	/* On in the control page, by the new code descriptor. */
	leaq	(identity_mapped - relocate_kernel)(%rdx), %rax
	pushq	$__KERNEL_CS
	pushq	%rax
	lretq

	/*
	 * Here, too, an NMI is fatal until GDTR is loaded: three instructions.
	 * Where FRED was on, it is from CR4 on; where the image has loaded TR,
	 * until the caller has.
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

	/* Kept to the end: %r8, %r9, %r12 to %r14. */
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

	/* Serialises, and forgets translations of what was just overwritten. */
	movq	%r14, %cr3
	testl	$RELOC_PRESERVE_CONTEXT, %r8d
	jnz	.Ljump

	/* The image brings its own tables; these are nobody's from here on. */
	leaq	KEXEC_CONTROL_PAGE_SIZE(%r12), %rsp
	pushq	$0
	pushq	$0
	lgdt	(%rsp)
	lidt	(%rsp)
	addq	$8, %rsp

	/* "Return" to the image; a 0 stays on the stack. */
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
	 * It is back, and nothing is known of the CPU but what it runs.  No
	 * breakpoint must be hit in what is exchanged.
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

	/* CR0 before CR4, for CET; EFER before CR3, for NX. */
	popq	%rax
	movq	%rax, %cr0
	popq	%rax
	movq	%rax, %cr4
	pop_msr MSR_EFER
	pop_msr MSR_GS_BASE

	/* The caller's stack, its tables, and where both are mapped. */
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
 * %rbx	next entry
 * %rdi	where the pending copy goes
 * %rsi	where it comes from
 * %rdx	its length in bytes, 0 for none
 *
 * No source lies in a destination, so the order of copies does not matter.
 * Leaves %r8, %r9 and %r12 to %r14 alone.  The stack is not touched on the way:
 * it shares its page with this code, and whoever writes to a page and executes
 * from it has the CPU look whether it was the code that changed.
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

	/* As many words at a time as there are registers for. */
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
 * An exception between the kernels.  The stub has pushed the vector; above it
 * are the error code and the CPU's frame: struct kexec_report_frame.
 *
 * Report and reset.  An NMI is ignored, and so is int3 once it is reported:
 * both return without IRET, since on the way out of a panic that may have come
 * by an NMI, IRET would let the next one in.  An exception during a report
 * resets at once.
 */
SYM_CODE_START_LOCAL_NOALIGN(exception)
	UNWIND_HINT_END_OF_STACK
	.irp	reg, rax, rbx, rcx, rdx, rsi, rdi, rbp, r8, r9, r10, r11, r12, r13, r14, r15
	pushq	%\reg
	.endr
	cld

	/* The control page is where this code is. */
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
	 * The return address goes to the quadword below the interrupted stack
	 * pointer, which is the SS slot of the frame or the padding above it;
	 * both are dead.
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
	/* The last resort is an exception that has no handler; OUT may be one. */
	pushq	$0
	pushq	$0
	lidt	(%rsp)
	movb	$KBD_RESET, %al
	outb	%al, $KBD_COMMAND
	ud2

/*
 * The report: struct kexec_report_item, one after the other.
 *
 * %r12	control page
 * %r11	item
 * %rsi	next byte of its text
 * %rdx	port
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

	/* Write %al and continue at %r9; a port that never gets idle ends it. */
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

/* One stub for each vector, all of the same size. */
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
