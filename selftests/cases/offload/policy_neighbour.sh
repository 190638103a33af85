#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# No way past a neighbour that has moved, is silent, or is gone.
# How a policy is tried: ../../lib/policy.sh

# shellcheck source-path=SCRIPTDIR source=../../lib/policy.sh
. "$(dirname "$0")/../../lib/policy.sh"

router_neigh()
{
	router_ip neigh replace "${ADDRESS[server]}" dev r2 "$@"
}

on_moved() { router_neigh lladdr 02:00:00:00:00:77 nud permanent; }
off_moved() { router_ip neigh del "${ADDRESS[server]}" dev r2; }

on_silent()
{
	server_answers off
	router_neigh nud "$1"
}
off_silent()
{
	server_answers on
	router_ip neigh del "${ADDRESS[server]}" dev r2 || :
}

on_failed() { on_silent failed; }
off_failed() { off_silent; }
on_incomplete() { on_silent incomplete; }
off_incomplete() { off_silent; }
on_deleted()
{
	server_answers off
	router_ip neigh del "${ADDRESS[server]}" dev r2
}
off_deleted() { off_silent; }

test_policy_neighbour()
{
	obeys moved=neighbour_changed failed~no_neighbour deleted~no_neighbour
}

run_test "$@"
