#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# A comparison that cannot fail proves nothing: for each field the packet is changed between
# the kernel's decision and txpath's check, by mangle.bpf.c in front of it at the same hook, and
# the field must show mismatches.
#
#   client c0 [mangle, txpath] ==== r0 router r2 [mangle, txpath] ==== s0 server
#
# tx_queue cannot be broken so: with one queue the kernel leaves no choice, and with more txpath
# only observes. id_shared is only observed.

# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"

# NAME FIELD TRAFFIC WHAT [VALUE]: the test is called break_NAME.
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
	END
}

list_tests()
{
	rows | sed 's/^\([^ ]*\).*/break_\1/'
}

# Where a kind of traffic is watched and broken.
place()
{
	case $1 in
	forward) echo router r2 ;;
	*) echo client c0 ;;
	esac
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

broken_or_sent()
{
	[ "$(verdicts "$1" "$2" mismatch)" -gt 0 ] || ! kill -0 "$SENDER" 2>/dev/null
}

# mangle_in_front NS DEV WHAT [VALUE]: watched, and broken before txpath sees it: a filter by
# coming first, a TCX program by coming last and going first.
mangle_in_front()
{
	local mangle=(ip netns exec "$(ns "$1")" "$TOOLS/mangle" "$2" "${@:3}")

	spawn mangle "${mangle[@]}"
	attach "$1" "$2"
	kill "$PID"
	wait "$PID" || :
	spawn mangle "${mangle[@]}"
}

# break_field FIELD TRAFFIC WHAT [VALUE]
break_field()
{
	local field=$1 name dev

	read -r name dev < <(place "$2")
	add_road
	mangle_in_front "$name" "$dev" "${@:3}"
	start "$2"
	until_true broken_or_sent "$name" "$field" || say "the sender waits for an answer"
	kill "$SENDER" 2>/dev/null || :
	wait "$SENDER" || :
	txp "$name" parity >&2 || :
	[ "$(verdicts "$name" "$field" mismatch)" = 0 ] || return 0
	[ "$(verdicts "$name" "$field" observed)" -gt 0 ] &&
		[ "$(verdicts "$name" "$field" checked)" = 0 ] &&
		[ "$(verdicts "$name" "$field" declined)" = 0 ] &&
		skip "$field of this traffic cannot be predicted on this kernel"
	fail "$field was broken and nothing shows it"
}

run_row()
{
	local name words

	while read -r name words; do
		# shellcheck disable=SC2086 # words
		[ "$name" != "$1" ] || break_field $words
	done < <(rows)
}

# Each row is a test.
while read -r name; do
	eval "test_$name() { run_row ${name#break_}; }"
done < <(list_tests)

run_test "$@"
