/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An oracle for kernel/kexec/link.c: it checks what the linker promises, in a
 * slow and simple way.  The unit tests and the fuzzer call it.
 */
#ifndef LINK_ORACLE_H
#define LINK_ORACLE_H

#include "link.h"
#include "link_kernel.h"

/**
 * struct linked - an object that was linked
 * @info: as the kernel has it
 * @layout: its sizes and its alignment
 * @base: where it was placed
 */
struct linked {
	struct purgatory_info info;
	struct link_layout layout;
	u64 base;
};

const char *oracle_link(const void *object, u64 base, struct linked *linked);
void oracle_free(struct linked *linked);
int oracle_relocate(struct linked *linked, relocate_fn *apply);

#endif /* LINK_ORACLE_H */
