#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# crash(8) from Debian 13: Debian 12's is older than Linux 6.12 and cannot read
# its structures. Usage: lab/newer.sh; prints the command to run.

. "$(dirname "$0")/lib.sh"

root=$("$top/lab/unpack.sh" trixie amd64 crash)
libraries=$root/usr/lib/x86_64-linux-gnu
echo "$libraries/ld-linux-x86-64.so.2 --library-path $libraries $root/usr/bin/crash"
