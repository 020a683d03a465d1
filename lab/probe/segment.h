/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef LAB_PROBE_SEGMENT_H
#define LAB_PROBE_SEGMENT_H

#include "probe.h"

/* Says what was found; 1 if all of the segment is as it should be. */
int report_segment(uint64_t number, const struct probe_segment *segment);

#endif
