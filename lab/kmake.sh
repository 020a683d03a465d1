#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# make in a kernel tree, for programs that are no shell scripts.
# Usage: lab/kmake.sh TREE OBJ ARGS...

. "$(dirname "$0")/lib.sh"
kmake "$@"
