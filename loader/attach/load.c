// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Loading the programs for TC egress and ingress. Without egress nothing can be compared, so its
 * failure ends the attach. Without transit shadow still compares, so there it is only a note.
 */
#include <errno.h>

#include "attach/preflight.h"
#include "lib/log.h"
#include "lib/features.h"
#include "attach/transaction.h"
#include "lib/words.h"

static int load_egress(struct transaction *t)
{
	int err = egress_load(&t->egress, &t->instance);

	if (!err)
		return 0;
	log_errno(err, "loading the programs for TC egress");
	if (!feature_btf())
		log_error("this kernel has no BTF (/sys/kernel/btf/vmlinux), which txpath needs: "
			  "boot a kernel with CONFIG_DEBUG_INFO_BTF");
	else
		log_error("txpath -v attach shows the log of the kernel's verifier");
	return err;
}

/*
 * Packets that are taken over pass conntrack by. A strict conntrack drops later segments of a flow
 * of which it has not seen the ones before, so it must be liberal first.
 */
static int check_netfilter(const struct transaction *t)
{
	const struct attach_request *request = t->request;
	size_t i;
	int ret;

	for (i = 0; i < request->count && t->transit.packet_fd >= 0; i++) {
		ret = check_run(t->transit.packet_fd, request->devices[i].ifindex,
				request->netfilter);
		if (ret < 0)
			return log_errno(ret, "%s: running the check of transit",
					 request->devices[i].name);
		if (ret != TXP_TRANSIT_CONNTRACK)
			continue;
		log_error("%s: --netfilter %s is not possible here: " CHECK_CONNTRACK_ADVICE,
			  request->devices[i].name, netfilter_name(request->netfilter));
		return -EPERM;
	}
	return 0;
}

/* Shadow only compares, and does without transit. Offload is impossible without it. */
int transaction_without_transit(struct transaction *t, int err, const char *reason)
{
	if (t->request->mode == TXP_MODE_OFFLOAD)
		return log_errno(err, "--mode offload is not possible here: %s", reason);
	log_note("transit is not possible here: %s: %s (%s)", reason, errno_words(err),
		 errno_name(err));
	transit_close(&t->transit);
	t->transit.err = err;
	return 0;
}

static int load_transit(struct transaction *t)
{
	int err;

	if (!t->request->transit)
		return 0;
	err = transit_load(&t->transit, &t->instance,
			   t->request->netfilter == TXP_NETFILTER_DECLINE ? NULL : TRANSIT_CHECK);
	if (!err)
		return check_netfilter(t);
	return transaction_without_transit(t, err, TRANSIT_REFUSED);
}

int transaction_load(struct transaction *t)
{
	int err;

	err = load_egress(t);
	if (!err)
		err = transaction_write_kernel(t);
	if (!err)
		err = load_transit(t);
	return err;
}
