/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef LAB_PROBE_INTERRUPTS_H
#define LAB_PROBE_INTERRUPTS_H

void print_interrupts(void);

#endif
