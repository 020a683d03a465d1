#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# The documentation as its readers get it: our pages through sphinx with the
# kernel's own extensions and configuration, the man pages through mandoc and groff.
# Usage: lab/docs.sh      leaves build/docs/html
#
# Of Documentation/ only our pages are read, and the indices that lead to them, or it
# would take long. The indices then miss their other pages, so what counts
# is a warning that names a file or a page of ours.

. "$(dirname "$0")/lib.sh"

tree=$build/linux
out=$build/docs
internals="Documentation/core-api/kexec.rst Documentation/core-api/liveupdate.rst"
index=$top/lab/hooks/doc-index.patch

ours() { (cd "$top" && find Documentation arch include kernel tools -type f); }

# The pages that sphinx is to read, and the indices of all folders that they are in.
pages() {
	echo index.rst
	ours | sed -n 's|^Documentation/\(.*\.rst\)$|\1|p' | while read -r page; do
		echo "$page"
		while [ "${page%/*}" != "$page" ]; do
			page=${page%/*}
			echo "$page/index.rst"
		done
	done | sort -u
}

html() {
	srctree=$tree BUILDDIR=$out sphinx-build -E -q -j "$jobs" -b html -c "$tree/Documentation" \
		-d "$out/doctrees" -D "kerneldoc_srctree=$tree" \
		-D "kerneldoc_bin=$tree/scripts/kernel-doc" -D version=6.12 -D release=6.12 \
		-D "include_patterns=$(pages | paste -sd ,)" "$tree/Documentation" "$out/html"
}

# What warnings call our files, and the pages that our hooks add to indices.
names() {
	ours
	sed -n "s/^+ \+\(.*\)/\/\1'/p" "$index"
}

warnings() {
	names >"$out/names"
	grep -iE 'warning|error' "$log/docs-sphinx.log" | grep -F -f "$out/names"
}

# Pages that sphinx did not make, so that it cannot have warned of them.
missing() {
	pages | while read -r page; do
		[ -f "$out/html/${page%.rst}.html" ] || echo "$page"
	done
}

# Files with kernel-doc that no page on internals shows, and the other way round.
kerneldoc() {
	(cd "$top" && grep -lrE '^/\*\*$' kernel include arch --include='*.[ch]') | sort >"$out/has"
	# shellcheck disable=SC2086 # a list of words
	(cd "$top" && sed -n 's/^\.\. kernel-doc:: *//p' $internals) | sort >"$out/shown"
	comm -3 "$out/has" "$out/shown"
}

# Documentation that our files point to and that is not there.
references() {
	(cd "$top" && grep -rohE 'Documentation/[A-Za-z0-9_/.-]+\.(rst|txt)' \
		Documentation arch include kernel tools man2 README.md) | sort -u |
	while read -r path; do
		[ -f "$tree/$path" ] || echo "$path"
	done
}

# Our files in /sys/kernel and their entries.
abi() {
	entries=$top/Documentation/ABI/testing/sysfs-kernel-kexec
	"$tree/scripts/get_abi.pl" validate --dir "$tree/Documentation/ABI" 2>&1 |
		grep "${entries#"$top/"}"
	sed -n 's|^KERNEL_ATTR_R[OW](\(.*\));|\1|p' "$tree/kernel/ksysfs.c" |
		grep -E 'kexec|crash' | sort >"$out/attributes"
	sed -n 's|^What:.*/sys/kernel/||p' "$entries" | sort | comm -3 "$out/attributes" -
}

# The configuration that the page on small systems shows is the one that is built and tested.
embedded() {
	sed -n 's/^    \(CONFIG_[A-Z0-9_]*=y\)$/\1/p' \
		"$top/Documentation/admin-guide/kexec/embedded.rst" | sort >"$out/shown"
	sed -n '/^CONFIG_/p' "$top/lab/config/embedded.config" | sort | comm -3 "$out/shown" -
}

# An alias is one .so, which mandoc calls fragile; man(1) and groff do not. The Linux
# man-pages write titles as the name is written, mandoc wants capitals.
man() {
	cd "$top"
	for page in man2/kexec_load.2 man2/kexec_file_load.2; do
		mandoc -T lint "$page" |
			grep -v -e '\.so is fragile' -e 'lower case character in document title'
		groff -ww -s -man -T utf8 -z "$page" 2>&1
	done
}

passed=0
failed=0

# check NAME COMMAND: it prints what is wrong
check() {
	faults=$("$2" || :)
	if [ -z "$faults" ]; then
		passed=$((passed + 1))
		echo "ok - $1"
	else
		failed=$((failed + 1))
		echo "not ok - $1"
		echo "$faults" | sed 's/^/#   /'
	fi
}

"$top/lab/base.sh"
"$top/lab/tree.py" "$cache/base" "$tree"
mkdir -p "$out"
step docs-sphinx html
check 'sphinx and kernel-doc have no warning for our files' warnings
check 'our pages were made' missing
check 'all kernel-doc is in the pages on internals' kerneldoc
check 'the documentation that is pointed to exists' references
check 'each of our files in /sys/kernel has an entry' abi
check 'the smallest configuration is the one that is tested' embedded
check 'mandoc and groff have no warning for the man pages' man

say "build/docs/html/admin-guide/kexec/index.html"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
