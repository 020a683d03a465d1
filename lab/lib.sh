# SPDX-License-Identifier: GPL-2.0-only
#
# What the lab's shell scripts share: where things are, how a step speaks, and
# the environment of a kernel build. Source it, do not run it.
#
# A step is a long command with a name. Its output goes to build/log/NAME.log;
# the screen shows one line with the elapsed time, and on failure one line
# with the step, the first error and the log.

set -eu

top=$(CDPATH= cd -- "$(dirname -- "$0")/.." && pwd)
build=$top/build
log=$build/log
cache=${KEXEC_LAB_CACHE:-$HOME/.cache/kexec-lab}
jobs=${JOBS:-$(nproc)}
mkdir -p "$log" "$cache" || { echo "lab: cannot write to $build or $cache" >&2; exit 1; }

# Same inputs, same bytes: whoever builds, wherever the clone lies. Depend mode
# saves a quarter of a first build, and gives up hits after a new configuration.
export CCACHE_DIR="$cache/ccache" CCACHE_BASEDIR=/ CCACHE_NOHASHDIR=1
export CCACHE_SLOPPINESS=time_macros CCACHE_MAXSIZE=6G CCACHE_DEPEND=1
export KBUILD_BUILD_TIMESTAMP='Thu Jan  1 00:00:00 UTC 2026'
export KBUILD_BUILD_USER=lab KBUILD_BUILD_HOST=lab
export LC_ALL=C
unset MAKEFLAGS MFLAGS MAKELEVEL

say() { echo "lab: $*"; }
die() { echo "lab: $*" >&2; exit 1; }

now() { date +%s; }

# What went wrong, in one line: the first line of a log that looks like it.
culprit() {
	grep -m1 -iE 'no space left|: error|error:|fatal|undefined reference|\*\*\*|^E: |cannot ' \
		"$1" || tail -n 1 "$1"
}

# A line every 15 seconds, or a running clock on a terminal.
ticker() {
	if [ -t 1 ]; then
		while sleep 1; do
			printf '\rlab: %s ... %ss ' "$1" $(($(now) - $2))
		done
	fi
	while sleep 15 >/dev/null 2>&1; do
		echo "lab: $1 ... $(($(now) - $2))s"
	done
}

# step NAME COMMAND...: run a long command, logged and with a clock.
step() {
	name=$1
	shift
	began=$(now)
	ticker "$name" "$began" &
	tick=$!
	# not in a condition: a function must still stop at its first error
	set +e
	(set -e; "$@") >"$log/$name.log" 2>&1 </dev/null
	rc=$?
	set -e
	kill "$tick" 2>/dev/null
	wait "$tick" 2>/dev/null || :
	took=$(($(now) - began))
	[ ! -t 1 ] || printf '\r'
	if [ "$rc" != 0 ]; then
		die "$name failed after ${took}s: $(culprit "$log/$name.log") (log: build/log/$name.log)"
	fi
	say "$name: ${took}s"
}

# kmake TREE OBJ ARGS...: make in a kernel tree, output apart, through ccache.
kmake() {
	tree=$1
	obj=$2
	shift 2
	make -C "$tree" O="$obj" -j"$jobs" CC='ccache gcc' HOSTCC='ccache gcc' "$@"
}
