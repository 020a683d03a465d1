// SPDX-License-Identifier: GPL-2.0-only
/*
 * The functions that the compiler and xxhash.c call.
 */
#include <linux/string.h>

void *memcpy(void *to, const void *from, size_t len)
{
	void *at = to;

	asm volatile("rep movsb" : "+D" (at), "+S" (from), "+c" (len)
		     : : "memory");
	return to;
}

void *memset(void *s, int c, size_t len)
{
	void *at = s;

	asm volatile("rep stosb" : "+D" (at), "+c" (len) : "a" (c) : "memory");
	return s;
}
