# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Shared by the scripts beside it, which source it.

# ip, tc, bpftool and friends live in sbin, which a plain user's PATH lacks.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

die()
{
	echo "${0##*/}: $*" >&2
	exit 1
}

# The text between the first comment block's "Usage:" and its end.
usage()
{
	sed -n '/^# Usage:/,/^$/{ s/^# \{0,1\}//; p; }' "$0"
}

# Prints where downloaded and unpacked kernels are kept.
cache_dir()
{
	echo "${TXPATH_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/txpath}/kernels"
}

need_tools()
{
	local tool

	for tool; do
		command -v "$tool" >/dev/null ||
			die "$tool is not here; scripts/deps installs it"
	done
}
