#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# A comparison that cannot fail proves nothing: for each field the packet is changed between
# the kernel's decision and txpath's check, by mangle.bpf.c in front of it at the same hook, and
# the field must show mismatches.
#
#   client c0 [mangle, txpath] ==== r0 router r2 [mangle, txpath] ==== s0 server
#
# The rows of a kind of traffic share a topology; each is a result of its own, and counts only
# from the moment that it breaks something.
#
# tx_queue cannot be broken so: with one queue the kernel leaves no choice, and with more txpath
# only observes. id_shared is only observed.

# shellcheck source-path=SCRIPTDIR source=../../lib/lib.sh
. "$(dirname "$0")/../../lib/lib.sh"

# NAME FIELD TRAFFIC WHAT [VALUE]: the result is called break_NAME.
rows()
{
	cat <<-END
		route            route     tcp      daddr 10.7.2.1
		next_hop         next_hop  tcp      daddr 10.7.1.9
		dmac             dmac      udp      dmac
		smac             smac      udp      smac
		ttl              ttl       tcp      ttl
		tos              tos       tcp      tos
		df               df        tcp      df
		id               id        tcp      id
		tot_len          tot_len   udp      tot_len
		checksum         checksum  udp      checksum
		options          options   tcp      options
		priority         priority  tcp      priority
		mark             mark      tcp      mark
		mtu              mtu       mtu      tail
		gso              gso       gso      options
		headroom         headroom  udp      room
		udp_ttl          ttl       udp      ttl
		udp_tos          tos       udp      tos
		udp_df           df        udp      df
		udp_options      options   udp      options
		udp_priority     priority  udp      priority
		udp_mark         mark      udp      mark
		forward_ttl      ttl       forward  ttl
		forward_tos      tos       forward  tos
		forward_df       df        forward  df
		forward_id       id        forward  id
		forward_options  options   forward  options
		forward_priority priority  forward  priority
		forward_checksum checksum  forward  checksum
		vlan_pcp         vlan_pcp  vlan     vlan_pcp
		vlan_priority    vlan_pcp  vlan     priority
	END
}

# start KIND: sends packets of that kind, in the background. They only have to leave: broken ones
# do not arrive, and their sender may wait for an answer for ever.
start()
{
	local program=udpgen settings=(count=100)

	case $1 in
	mtu)
		run ip -n "$(ns client)" route replace default via 10.7.1.1 mtu lock 1000
		settings+=(size=900)
		;;
	tcp)
		tcp_server server
		program=tcpflow
		settings=(count=100 size=100)
		;;
	gso)
		tcp_server server
		program=tcpflow
		settings=(count=10 size=65536)
		;;
	esac
	send client server $program "${settings[@]}" &
	SENDER=$!
	SPAWNED+=("$SENDER")
}

# put_in_front NS DEV: what breaks it comes before txpath: a filter by coming first, a TCX program
# by coming last and going first.
put_in_front()
{
	WATCHED=("$1" "$2")
	mangle nothing
	attach "$1" "$2"
}

# mangle WHAT [VALUE]: from now on, instead of what was before.
MANGLE=
mangle()
{
	if [ -n "$MANGLE" ]; then
		kill "$MANGLE"
		wait "$MANGLE" || :
	fi
	spawn mangle ip netns exec "$(ns "${WATCHED[0]}")" "$TOOLS/mangle" "${WATCHED[1]}" "$@"
	MANGLE=$PID
}

# changed FIELD VERDICT: how many since the mangle was there, as of the last look.
changed()
{
	local before

	before=$(number "fields.$1.$2" <"$WORK/before")
	echo $(($(number "fields.$1.$2" <"$WORK/after") - before))
}

look()
{
	numbers "${WATCHED[0]}" parity >"$WORK/$1"
}

broken_or_sent()
{
	look after
	[ "$(changed "$1" mismatch)" -gt 0 ] || ! kill -0 "$SENDER" 2>/dev/null
}

send_broken()
{
	start "$2"
	until_true broken_or_sent "$1" || say "the sender waits for an answer"
	kill "$SENDER" 2>/dev/null || :
	wait "$SENDER" || :
	look after
}

# all_broken FIELD KIND: nothing is unknown that was sent. What has just been set up is for a
# moment: a neighbour that has changed, a route that is older than its generation.
all_broken()
{
	local unknown

	unknown=$(changed "$1" unknown)
	send_broken "$@"
	[ "$(changed "$1" mismatch)" -gt 0 ] || [ "$(changed "$1" unknown)" = "$unknown" ]
}

# break_field NAME FIELD TRAFFIC WHAT [VALUE]
break_field()
{
	local field=$2

	mangle "${@:4}"
	look before
	cp "$WORK/before" "$WORK/after"
	until_true all_broken "$field" "$3" || say "all of it is unknown"
	if [ "$(changed "$field" mismatch)" -gt 0 ]; then
		shown ok "break_$1"
	elif [ "$(changed "$field" observed)" -gt 0 ] && [ "$(changed "$field" checked)" = 0 ] &&
		[ "$(changed "$field" declined)" = 0 ]; then
		shown skip "break_$1 # $field of this traffic cannot be predicted on this kernel"
	else
		txp "${WATCHED[0]}" parity >&2 || :
		shown not ok "break_$1"
		UNSEEN+=("$1")
	fi
}

# break_each KIND: all rows of it.
break_each()
{
	local all row words

	UNSEEN=()
	mapfile -t all < <(rows)
	for row in "${all[@]}"; do
		read -ra words <<<"$row"
		[ "${words[2]}" != "$1" ] || break_field "${words[@]}"
	done
	[ ${#UNSEEN[@]} = 0 ] || fail "broken and nothing shows it: ${UNSEEN[*]}"
}

# break_topology KIND: where it leaves the client, or is forwarded.
break_topology()
{
	local place=(client c0)

	[ "$1" != forward ] || place=(router r2)
	add_topology
	put_in_front "${place[@]}"
	break_each "$1"
}

test_break_tcp()
{
	break_topology tcp
}

test_break_udp()
{
	break_topology udp
}

test_break_forward()
{
	break_topology forward
}

# Through a VLAN device, whose map has another PCP for another priority.
test_break_vlan()
{
	add_topology
	add_vlan client c0 10.7.4.2/24 egress-qos-map 0:1 1:4 || skip "no VLAN devices here"
	add_vlan router r0 10.7.4.1/24
	run ip -n "$(ns client)" route add "${ADDRESS[server]}" via 10.7.4.1
	put_in_front client c0
	break_each vlan
}

# These two need a route and segments that nothing has moved before.
test_break_mtu()
{
	break_topology mtu
}

test_break_gso()
{
	break_topology gso
}

keep_moving()
{
	while :; do
		ip -n "$(ns client)" route add 198.51.100.0/24 via 10.7.1.1
		ip -n "$(ns client)" route del 198.51.100.0/24
	done
}

# A look-up that differs may be owed a generation (pending mismatch): while they move it stays unknown.
test_break_while_routes_move()
{
	local mover

	SETTLE_MS=$CHANGES_SETTLE
	add_topology
	put_in_front client c0
	look before
	keep_moving &
	mover=$!
	SPAWNED+=("$mover")
	mangle dmac
	send client server udpgen count=100
	mangle nothing
	kill "$mover"
	wait "$mover" || :
	run ip -n "$(ns client)" route add 203.0.113.0/24 via 10.7.1.1
	udp client server 100
	sleep 2.1 # as long as a generation may be owed
	udp client server 100
	look after
	[ "$(changed dmac unknown)" -gt 0 ] || fail "nothing of it is unknown"
	check_parity client dmac
	mangle dmac
	until_true all_broken dmac udp || :
	[ "$(changed dmac mismatch)" -gt 0 ] || fail "no mismatch when the generation has stood"
}

run_test "$@"
