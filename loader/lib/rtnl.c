// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Dumps of qdiscs and filters, parsed with libmnl. */
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>

#include <libmnl/libmnl.h>
#include <linux/pkt_cls.h>
#include <linux/rtnetlink.h>

#include "lib/array.h"
#include "lib/rtnl.h"

struct filter_dump {
	rtnl_filter_fn fn;
	void *context;
	int ret;
};

struct qdisc_dump {
	rtnl_qdisc_fn fn;
	void *context;
	int ret;
};

struct class_dump {
	rtnl_class_fn fn;
	void *context;
	int ret;
};

static int parse_option(const struct nlattr *attr, void *data)
{
	struct rtnl_filter *filter = data;

	if (mnl_attr_get_type(attr) == TCA_BPF_ID)
		filter->program_id = mnl_attr_get_u32(attr);
	if (mnl_attr_get_type(attr) == TCA_BPF_NAME)
		filter->name = mnl_attr_get_str(attr);
	return MNL_CB_OK;
}

struct kind {
	const struct nlattr *options;
	const char *name;
};

static int parse_kind(const struct nlattr *attr, void *data)
{
	struct kind *kind = data;

	if (mnl_attr_get_type(attr) == TCA_KIND)
		kind->name = mnl_attr_get_str(attr);
	if (mnl_attr_get_type(attr) == TCA_OPTIONS)
		kind->options = attr;
	return MNL_CB_OK;
}

static int parse_filter(const struct nlmsghdr *message, void *data)
{
	const struct tcmsg *tc = mnl_nlmsg_get_payload(message);
	struct rtnl_filter filter = {
		.priority = TC_H_MAJ(tc->tcm_info) >> 16,
		.handle = tc->tcm_handle,
	};
	struct kind kind = { .name = "" };
	struct filter_dump *dump = data;

	mnl_attr_parse(message, sizeof(*tc), parse_kind, &kind);
	/* the kernel also dumps each priority as an entry of its own, which is not a filter */
	if (!kind.options)
		return MNL_CB_OK;
	if (!strcmp(kind.name, "bpf"))
		mnl_attr_parse_nested(kind.options, parse_option, &filter);
	dump->ret = dump->fn(&filter, dump->context);
	return dump->ret ? MNL_CB_STOP : MNL_CB_OK;
}

static int parse_qdisc(const struct nlmsghdr *message, void *data)
{
	const struct tcmsg *tc = mnl_nlmsg_get_payload(message);
	struct kind kind = { .name = "" };
	struct qdisc_dump *dump = data;
	struct rtnl_qdisc qdisc = {
		.ifindex = tc->tcm_ifindex,
		.handle = tc->tcm_handle,
		.parent = tc->tcm_parent,
	};

	mnl_attr_parse(message, sizeof(*tc), parse_kind, &kind);
	qdisc.kind = kind.name;
	dump->ret = dump->fn(&qdisc, dump->context);
	return dump->ret ? MNL_CB_STOP : MNL_CB_OK;
}

static int parse_class(const struct nlmsghdr *message, void *data)
{
	const struct tcmsg *tc = mnl_nlmsg_get_payload(message);
	struct class_dump *dump = data;

	dump->ret = dump->fn(tc->tcm_handle, tc->tcm_parent, dump->context);
	return dump->ret ? MNL_CB_STOP : MNL_CB_OK;
}

static int receive(struct mnl_socket *socket, __u32 sequence, mnl_cb_t parse, void *dump)
{
	char buffer[32768];
	ssize_t length;
	int ret;

	do {
		length = mnl_socket_recvfrom(socket, buffer, sizeof(buffer));
		if (length < 0)
			return -errno;
		errno = 0;
		ret = mnl_cb_run(buffer, length, sequence, mnl_socket_get_portid(socket), parse,
				 dump);
	} while (ret == MNL_CB_OK);
	return ret == MNL_CB_ERROR ? -errno : 0;
}

static int request(struct mnl_socket *socket, __u16 type, int ifindex, __u32 parent, __u32 sequence)
{
	char buffer[256];
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
	struct tcmsg *tc;

	message->nlmsg_type = type;
	message->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	message->nlmsg_seq = sequence;
	tc = mnl_nlmsg_put_extra_header(message, sizeof(*tc));
	tc->tcm_family = AF_UNSPEC;
	tc->tcm_ifindex = ifindex;
	tc->tcm_parent = parent;
	/* without it tc_qdisc_dump_ignore() leaves out the default qdiscs of classes */
	if (type == RTM_GETQDISC)
		mnl_attr_put(message, TCA_DUMP_INVISIBLE, 0, NULL);
	return mnl_socket_sendto(socket, message, message->nlmsg_len) < 0 ? -errno : 0;
}

static int dump(__u16 type, int ifindex, __u32 parent, mnl_cb_t parse, void *data)
{
	__u32 sequence = (__u32)time(NULL);
	struct mnl_socket *socket;
	int ret;

	socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	if (!socket)
		return -errno;
	ret = mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) < 0 ? -errno : 0;
	if (!ret)
		ret = request(socket, type, ifindex, parent, sequence);
	if (!ret)
		ret = receive(socket, sequence, parse, data);
	mnl_socket_close(socket);
	return ret;
}

int rtnl_filters(int ifindex, __u32 parent, rtnl_filter_fn fn, void *context)
{
	struct filter_dump filters = { .fn = fn, .context = context };
	int ret = dump(RTM_GETTFILTER, ifindex, parent, parse_filter, &filters);

	/* if there is no such qdisc, the kernel returns EINVAL; older kernels return nothing */
	if (ret && ret != -EINVAL && ret != -ENOENT)
		return ret;
	return filters.ret;
}

int rtnl_qdiscs(rtnl_qdisc_fn fn, void *context)
{
	struct qdisc_dump qdiscs = { .fn = fn, .context = context };

	return dump(RTM_GETQDISC, 0, 0, parse_qdisc, &qdiscs) ?: qdiscs.ret;
}

int rtnl_classes(int ifindex, rtnl_class_fn fn, void *context)
{
	struct class_dump classes = { .fn = fn, .context = context };

	return dump(RTM_GETTCLASS, ifindex, 0, parse_class, &classes) ?: classes.ret;
}

static int is_clsact(const struct rtnl_qdisc *qdisc, void *context)
{
	const int *ifindex = context;

	return qdisc->ifindex == *ifindex && !strcmp(qdisc->kind, "clsact");
}

bool rtnl_has_clsact(int ifindex)
{
	return rtnl_qdiscs(is_clsact, &ifindex) > 0;
}
