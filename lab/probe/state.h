/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The machine state at the probe's first instruction, one qword each: head.S fills the list in this
 * order, probe.c prints it under these names.
 */
#ifndef LAB_PROBE_STATE_H
#define LAB_PROBE_STATE_H

#define STATE_FIELDS(F)							\
	F(rax) F(rbx) F(rcx) F(rdx) F(rsi) F(rdi) F(rbp) F(rsp)		\
	F(r8) F(r9) F(r10) F(r11) F(r12) F(r13) F(r14) F(r15)		\
	F(rip) F(stack) F(rflags)					\
	F(cr0) F(cr2) F(cr3) F(cr4) F(efer) F(apicbase)			\
	F(cs) F(ds) F(es) F(ss) F(fs) F(gs) F(fsbase) F(gsbase)		\
	F(gdtbase) F(gdtlimit) F(idtbase) F(idtlimit)

#ifndef __ASSEMBLER__
#define STATE_INDEX(name)	STATE_##name,
enum { STATE_FIELDS(STATE_INDEX) };

#define state_field(state, name)	((state)[STATE_##name])
#endif

#endif
