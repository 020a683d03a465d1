/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef LAB_PROBE_COMMON_H
#define LAB_PROBE_COMMON_H

#include <stdint.h>

void outb(uint16_t port, uint8_t value);
uint8_t inb(uint16_t port);
void put_char(char c);
void put(const char *s);
void put_hex(uint64_t value);
void put_decimal(uint64_t value);
void put_field(const char *name, uint64_t value);	/* in hex */
void print_entry(void);					/* first of all: it says when */
void print_state(const uint64_t *state);
void end_guest(int good);
void wait_seconds(unsigned int count);			/* of the hardware clock */

#endif
