// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* One RTM_GETROUTE request and its answer, with libmnl. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>

#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>

#include "packet/route.h"

/* rtm_getroute_parse_ip_proto takes no others. */
static bool has_ports(__u8 protocol)
{
	return protocol == IPPROTO_TCP || protocol == IPPROTO_UDP;
}

static void put_packet(struct nlmsghdr *message, const struct frame *frame, __u32 iif, __u32 mark)
{
	struct rtmsg *rt = mnl_nlmsg_put_extra_header(message, sizeof(*rt));

	message->nlmsg_type = RTM_GETROUTE;
	message->nlmsg_flags = NLM_F_REQUEST;
	rt->rtm_family = AF_INET;
	rt->rtm_dst_len = 32;
	rt->rtm_src_len = 32;
	rt->rtm_tos = frame->tos;
	mnl_attr_put_u32(message, RTA_DST, frame->daddr);
	mnl_attr_put_u32(message, RTA_SRC, frame->saddr);
	mnl_attr_put_u32(message, RTA_IIF, iif);
	mnl_attr_put_u32(message, RTA_MARK, mark);
	if (!has_ports(frame->protocol) && frame->protocol != IPPROTO_ICMP)
		return;
	mnl_attr_put_u8(message, RTA_IP_PROTO, frame->protocol);
	if (!has_ports(frame->protocol))
		return;
	if (frame->sport)
		mnl_attr_put_u16(message, RTA_SPORT, htons(frame->sport));
	if (frame->dport)
		mnl_attr_put_u16(message, RTA_DPORT, htons(frame->dport));
}

static void set_gateway(struct route *route, __u16 family, const void *address, size_t size)
{
	if (size > sizeof(route->gateway))
		return;
	route->family = family;
	memcpy(route->gateway, address, size);
}

static int parse_attribute(const struct nlattr *attr, void *data)
{
	__u16 size = mnl_attr_get_payload_len(attr);
	const struct rtvia *via;

	switch (mnl_attr_get_type(attr)) {
	case RTA_OIF:
		((struct route *)data)->oif = mnl_attr_get_u32(attr);
		break;
	case RTA_GATEWAY:
		set_gateway(data, AF_INET, mnl_attr_get_payload(attr), size);
		break;
	case RTA_VIA: /* of another family than the destination */
		via = mnl_attr_get_payload(attr);
		if (size > sizeof(*via))
			set_gateway(data, via->rtvia_family, via->rtvia_addr, size - sizeof(*via));
		break;
	}
	return MNL_CB_OK;
}

static int parse_route(const struct nlmsghdr *message, void *data)
{
	const struct rtmsg *rt = mnl_nlmsg_get_payload(message);
	struct route *route = data;

	route->type = rt->rtm_type;
	return mnl_attr_parse(message, sizeof(*rt), parse_attribute, route);
}

static int ask(struct mnl_socket *socket, struct nlmsghdr *message, struct route *route)
{
	char buffer[8192];
	ssize_t length;

	message->nlmsg_seq = (__u32)time(NULL);
	if (mnl_socket_sendto(socket, message, message->nlmsg_len) < 0)
		return -errno;
	length = mnl_socket_recvfrom(socket, buffer, sizeof(buffer));
	if (length < 0 || mnl_cb_run(buffer, length, message->nlmsg_seq,
				     mnl_socket_get_portid(socket), parse_route, route) < 0)
		return -errno;
	return 0;
}

int route_get(const struct frame *frame, __u32 iif, __u32 mark, struct route *route)
{
	char buffer[512];
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
	struct mnl_socket *socket;
	int err;

	*route = (struct route){ 0 };
	socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	if (!socket)
		return -errno;
	put_packet(message, frame, iif, mark);
	err = mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) < 0 ? -errno : 0;
	if (!err)
		err = ask(socket, message, route);
	mnl_socket_close(socket);
	return err;
}
