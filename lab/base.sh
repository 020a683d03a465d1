#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# The pristine base: Debian's linux-source-6.12, unpacked once into the cache.
# Nothing ever writes to it; trees are made of hard links to its files.
# Prints nothing when it is there already.

. "$(dirname "$0")/lib.sh"

tar=/usr/src/linux-source-6.12.tar.xz
[ -r "$tar" ] || die "base: $tar is missing: apt-get install linux-source-6.12"
stamp=$(dpkg-query -W -f '${Version}' linux-source-6.12)
[ "$(cat "$cache/base.stamp" 2>/dev/null)" != "$stamp" ] || exit 0

rm -rf "$cache/base" "$cache/base.new" "$cache/base.stamp"
mkdir "$cache/base.new"
step base-unpack tar -xf "$tar" -C "$cache/base.new" --strip-components=1
grep -q '^PATCHLEVEL = 12$' "$cache/base.new/Makefile" ||
	die "base: $tar does not hold a 6.12 kernel"
mv "$cache/base.new" "$cache/base"
echo "$stamp" >"$cache/base.stamp"
