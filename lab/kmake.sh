#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# make in a kernel tree, for programs that are no shell scripts.
# Usage: lab/kmake.sh TREE OBJ ARGS...
#
# They build one tree in several configurations. Most of what they compile is the
# same in all, which ccache sees only if it looks behind the preprocessor.

. "$(dirname "$0")/lib.sh"
unset CCACHE_DEPEND
kmake "$@"
