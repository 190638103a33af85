#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# No way past IPsec: its policies, their defaults, and what came out of a tunnel.
# How a policy is tried: ../../lib/policy.sh

# shellcheck source-path=SCRIPTDIR source=../../lib/policy.sh
. "$(dirname "$0")/../../lib/policy.sh"

xfrm_router()
{
	run ip -n "$(ns router)" xfrm "$@" || skip "ip xfrm $* is refused here"
}

on_xfrm_fwd() { xfrm_router policy add src 0.0.0.0/0 dst 0.0.0.0/0 dir fwd action block; }
off_xfrm_fwd() { xfrm_router policy flush; }
on_xfrm_out() { xfrm_router policy add src 0.0.0.0/0 dst 10.7.3.0/24 dir out action block; }
off_xfrm_out() { xfrm_router policy flush; }
on_default_fwd() { xfrm_router policy setdefault fwd block; }
off_default_fwd() { xfrm_router policy setdefault fwd accept; }
on_default_out() { xfrm_router policy setdefault out block; }
off_default_out() { xfrm_router policy setdefault out accept; }

test_policy_xfrm()
{
	obeys xfrm_fwd=xfrm_policy xfrm_out=xfrm_policy \
		default_fwd=xfrm_policy default_out=xfrm_policy
}

KEY=0x000102030405060708090a0b0c0d0e0f

# esp NS COMMAND...: the state of a tunnel from client to router.
esp()
{
	run ip -n "$(ns "$1")" xfrm state add src "${ADDRESS[client]}" dst 10.7.1.1 proto esp spi 7 \
		mode tunnel enc 'cbc(aes)' $KEY auth 'hmac(sha1)' $KEY
}

# The tunnel's end has no policy that lets it forward what came out, so it is dropped.
on_esp()
{
	run ip -n "$(ns client)" xfrm policy add dst "${ADDRESS[server]}" dir out \
		tmpl src "${ADDRESS[client]}" dst 10.7.1.1 proto esp mode tunnel
}
off_esp() { run ip -n "$(ns client)" xfrm policy flush; }

test_policy_secpath()
{
	add_topology
	esp client || skip "no ESP here"
	esp router
	obeys esp=secpath
}

run_test "$@"
