/* SPDX-License-Identifier: GPL-2.0-only */
/* What kernel/kexec/plan.h needs of the kernel's header, and no more. */
#ifndef _LINUX_TYPES_H
#define _LINUX_TYPES_H

typedef unsigned long long u64;
typedef _Bool bool;
#define false 0
#define true 1

#endif /* _LINUX_TYPES_H */
