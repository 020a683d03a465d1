/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What lab/images.py appends to the flat binary of the boot probe. All numbers are bytes, offsets are
 * from the probe's first byte.
 */
#ifndef LAB_PROBE_BOOTPROBE_H
#define LAB_PROBE_BOOTPROBE_H

#include <stdint.h>

#define BOOTPROBE_MAGIC	0x6d61726170746f6fULL

struct bootprobe_table {
	uint64_t magic;
	uint64_t bytes;		/* these came from the file ... */
	uint64_t nr_bytes;
	uint64_t crc;		/* ... with this CRC-32 */
	uint64_t zeroes;	/* these did not, and are zero */
	uint64_t nr_zeroes;
};

#endif
