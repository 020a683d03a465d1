/* SPDX-License-Identifier: GPL-2.0-only */
/* What kernel/kexec/plan.c needs of the kernel's header, and no more. */
#ifndef _LINUX_ERRNO_H
#define _LINUX_ERRNO_H

#define EINVAL 22
#define EADDRNOTAVAIL 99

#endif /* _LINUX_ERRNO_H */
