#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Debian packages of another suite or architecture, with whatever they need.
# Nothing is installed: they are unpacked, once, in the cache.
# Usage: lab/unpack.sh SUITE ARCH PACKAGE...; prints the directory they are in.

. "$(dirname "$0")/lib.sh"

suite=$1
arch=$2
shift 2
dir=$cache/$suite-$arch-$1
apt_dir=$dir/apt

apt_there() {
	apt-get -q -o Dir::Etc::SourceList="$apt_dir/sources.list" -o Dir::Etc::SourceParts=- \
		-o Dir::State="$apt_dir" -o Dir::State::Status="$apt_dir/status" \
		-o Dir::Cache="$apt_dir" -o APT::Install-Recommends=false -o Debug::NoLocking=1 \
		-o APT::Architecture="$arch" -o APT::Architectures="$arch" "$@"
}

# From where this machine has its own packages.
fetch() {
	site=$(apt-get indextargets --format '$(SITE) $(CODENAME)' 'Created-By: Packages' |
		sed -n 's| bookworm$||p' | head -n 1)
	[ -n "$site" ] || die "unpack: no source of packages of Debian 12"
	mkdir -p "$apt_dir/lists/partial" "$apt_dir/archives/partial"
	: >"$apt_dir/status"
	echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $site $suite main" \
		>"$apt_dir/sources.list"
	apt_there update
	apt_there -y --download-only install "$@"
}

unpack() {
	rm -rf "$dir/root" "$dir/root.new"
	for package in "$apt_dir"/archives/*.deb; do
		dpkg-deb -x "$package" "$dir/root.new"
	done
	mv "$dir/root.new" "$dir/root"
	rm -rf "$apt_dir"
}

# Tests that run beside each other may want the same.
mkdir -p "$cache"
exec 9>"$dir.lock"
flock 9

if [ "$(cat "$dir/packages" 2>/dev/null)" != "$*" ]; then
	rm -rf "$dir"
	step "fetch-$suite-$arch-$1" fetch "$@" >&2
	step "unpack-$suite-$arch-$1" unpack >&2
	echo "$*" >"$dir/packages"
fi
echo "$dir/root"
