// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The rows of the map "devices", compared with the devices, links and filters that the kernel has
 * now. A device may be renamed, moved or removed without txpath: no daemon is there to see it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "lib/array.h"
#include "lib/device.h"
#include "lib/log.h"
#include "lib/netns.h"
#include "lib/output.h"
#include "state/attachments.h"
#include "lib/words.h"

static const char *state_name(enum attachment_state state)
{
	static const char *const names[] = {
		[ATTACHMENT_OK] = "ok",
		[ATTACHMENT_RENAMED] = "renamed",
		[ATTACHMENT_MOVED] = "moved",
		[ATTACHMENT_VANISHED] = "vanished",
		[ATTACHMENT_UNREACHABLE] = "unreachable",
		[ATTACHMENT_REMOVED] = "removed",
		[ATTACHMENT_UNFINISHED] = "unfinished",
	};

	return names[state];
}

const char *hook_pin(enum tc_side side, __u32 ifindex, char *name)
{
	snprintf(name, DEVICE_PIN_MAX, "%s%u", side == TC_EGRESS ? "egress-" : TRANSIT_PIN,
		 ifindex);
	return name;
}

/* Returns 1, or 0 if there is no link: a clsact filter needs no pin. */
static int read_link(const struct instance *instance, enum tc_side side, __u32 ifindex,
		     struct tc_link *link)
{
	char name[DEVICE_PIN_MAX];
	int fd, err;

	fd = pin_open(instance->links_directory, hook_pin(side, ifindex, name), PIN_LINK);
	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	err = tc_tcx_read(fd, link);
	close(fd);
	return err ? log_errno(err, "%s/%s is in the way: it is not a TCX link of txpath's",
			       instance->links_directory, name)
		   : 1;
}

/* The ifindex of a link is 0 when its device is gone: then nothing is taken over by it. */
static int read_links(const struct instance *instance, struct attachment *attachment)
{
	struct tc_link transit = { 0 };
	int ret;

	ret = read_link(instance, TC_EGRESS, attachment->key.ifindex, &attachment->link);
	if (ret < 0)
		return ret;
	attachment->tcx = ret;
	ret = read_link(instance, TC_INGRESS, attachment->key.ifindex, &transit);
	if (ret < 0)
		return ret;
	attachment->transit_tcx = ret;
	attachment->transit = transit.ifindex;
	return 0;
}

static int read_one(const struct instance *instance, int devices, const struct txp_device_key *key,
		    struct attachment *attachment)
{
	memset(attachment, 0, sizeof(*attachment));
	attachment->key = *key;
	if (bpf_map_lookup_elem(devices, key, &attachment->row))
		return log_errno(-errno, "reading %s/devices", instance->maps_directory);
	attachment->row.name[IFNAMSIZ - 1] = '\0';
	strcpy(attachment->name, attachment->row.name);
	attachment->transit_errno = instance->row.transit_errno;
	attachment->promote_after = instance->row.promote_after;
	return read_links(instance, attachment);
}

static int read_all(const struct instance *instance, struct attachment **list)
{
	int devices = map_set_fd(&instance->maps, "devices");
	struct txp_device_key key;
	struct attachment *grown;
	int err, count = 0;

	while (devices >= 0 && !bpf_map_get_next_key(devices, count ? &key : NULL, &key)) {
		grown = realloc(*list, (count + 1) * sizeof(**list));
		if (!grown)
			return -ENOMEM;
		*list = grown;
		err = read_one(instance, devices, &key, &grown[count]);
		if (err)
			return err;
		count++;
	}
	return count;
}

/* A device is the same as long as its index is: was it renamed? */
static enum attachment_state compare_name(struct attachment *attachment, int socket, int ifindex)
{
	char name[IFNAMSIZ];

	if (!device_name(socket, ifindex, name))
		return ATTACHMENT_VANISHED;
	strcpy(attachment->name, name);
	return strcmp(name, attachment->row.name) ? ATTACHMENT_RENAMED : ATTACHMENT_OK;
}

static enum attachment_state resolve_clsact(struct attachment *attachment, int socket)
{
	enum attachment_state state = compare_name(attachment, socket, attachment->key.ifindex);
	const struct txp_device *row = &attachment->row;
	__u32 program_id;

	if (state == ATTACHMENT_VANISHED ||
	    !tc_filter_find(TC_EGRESS, attachment->key.ifindex, row->tc_priority, &program_id))
		return state;
	return row->mode == TXP_MODE_OFF ? ATTACHMENT_UNFINISHED : ATTACHMENT_REMOVED;
}

static enum attachment_state resolve_tcx(struct attachment *attachment, int socket)
{
	const struct tc_link *link = &attachment->link;
	char name[IFNAMSIZ];

	if (link->ifindex && tc_tcx_is_on(TC_EGRESS, link->ifindex, link->id))
		return compare_name(attachment, socket, link->ifindex);
	if (link->ifindex)
		return ATTACHMENT_MOVED;
	/* the link is dead: its device is gone, or someone has detached it */
	if (device_name(socket, attachment->key.ifindex, name) &&
	    !strcmp(name, attachment->row.name))
		return ATTACHMENT_REMOVED;
	return ATTACHMENT_VANISHED;
}

static int find_moved(__u64 id, const char *name, void *context)
{
	struct attachment *attachment = context;
	int socket;

	if (!tc_tcx_is_on(TC_EGRESS, attachment->link.ifindex, attachment->link.id))
		return 0;
	socket = device_socket();
	compare_name(attachment, socket, attachment->link.ifindex);
	if (socket >= 0)
		close(socket);
	attachment->state = ATTACHMENT_MOVED;
	if (name)
		snprintf(attachment->where, sizeof(attachment->where), "%s", name);
	else
		snprintf(attachment->where, sizeof(attachment->where), "%llu", id);
	return 1;
}

static enum attachment_state resolve_here(struct attachment *attachment, int socket)
{
	__u32 program_id;

	if (!attachment->transit_tcx &&
	    !tc_filter_find(TC_INGRESS, attachment->key.ifindex, attachment->row.ingress_priority,
			    &program_id))
		attachment->transit = true;
	return attachment->tcx ? resolve_tcx(attachment, socket)
			       : resolve_clsact(attachment, socket);
}

/* A namespace without a name and without a process cannot be entered: only the link is visible. */
static enum attachment_state resolve_unreachable(const struct attachment *attachment)
{
	return attachment->tcx && attachment->link.ifindex ? ATTACHMENT_UNREACHABLE
							   : ATTACHMENT_VANISHED;
}

/* Enters the namespace of the instance once for all devices. */
static int resolve_states(const struct instance *instance, struct attachment *list, int count)
{
	int home = netns_go(instance->netns);
	int socket = home < 0 ? -1 : device_socket();
	int i, err = home < 0 && home != -ENOENT ? home : 0;

	if (home >= 0 && socket < 0)
		err = log_errno(socket, "opening a socket");
	for (i = 0; i < count && !err; i++)
		list[i].state =
			home < 0 ? resolve_unreachable(&list[i]) : resolve_here(&list[i], socket);
	if (socket >= 0)
		close(socket);
	if (home >= 0)
		netns_back(home);
	return err;
}

static int resolve(const struct instance *instance, struct attachment *list, int count)
{
	int i, err = resolve_states(instance, list, count);

	for (i = 0; i < count && err >= 0; i++) {
		if (list[i].state == ATTACHMENT_MOVED || list[i].state == ATTACHMENT_UNREACHABLE)
			err = netns_each(find_moved, &list[i]);
	}
	return err < 0 ? err : 0;
}

static int compare_attachments(const void *left, const void *right)
{
	const struct attachment *a = left, *b = right;

	return (a->key.ifindex > b->key.ifindex) - (a->key.ifindex < b->key.ifindex);
}

int attachments_read(const struct instance *instance, struct attachment **list)
{
	struct attachment *all = NULL;
	int count, err = 0;

	count = read_all(instance, &all);
	if (count > 0)
		err = resolve(instance, all, count);
	if (count < 0 || err) {
		free(all);
		return err ? err : count;
	}
	if (count)
		qsort(all, count, sizeof(*all), compare_attachments);
	*list = all;
	return count;
}

static const char *transit_hook(const struct attachment *attachment)
{
	if (!attachment->transit)
		return "none";
	return attachment->transit_tcx ? "tcx" : "clsact";
}

static bool is_demoted(const struct txp_device *row)
{
	return row->mode == TXP_MODE_OFFLOAD && row->demotions != row->promoted_at;
}

const char *attachment_mode(const struct attachment *attachment)
{
	return is_demoted(&attachment->row) ? "demoted" : mode_name(attachment->row.mode);
}

/* In offload, but the kernel and the prediction have not agreed promote-after times yet. */
static bool on_probation(const struct attachment *attachment)
{
	const struct txp_device *row = &attachment->row;

	return row->mode == TXP_MODE_OFFLOAD && row->agreements < attachment->promote_after;
}

bool attachment_offloads(const struct attachment *attachment)
{
	return attachment->row.mode == TXP_MODE_OFFLOAD && !is_demoted(&attachment->row) &&
	       !on_probation(attachment);
}

#define WHY_MAX 128

/* Why a device in offload takes nothing over, or why any device has no transit. "": no reason. */
static const char *explain(const struct attachment *attachment, char *text)
{
	const struct txp_device *row = &attachment->row;
	int err = attachment->transit_errno;

	*text = '\0';
	if (is_demoted(row))
		snprintf(text, WHY_MAX, "demoted after %llu surprises: attach again to promote it",
			 row->surprises);
	else if (!attachment->transit && err)
		snprintf(text, WHY_MAX, TRANSIT_REFUSED ": %s (%s)", errno_words(err),
			 errno_name(err));
	else if (!attachment->transit && row->mode == TXP_MODE_OFFLOAD &&
		 attachment->state <= ATTACHMENT_RENAMED)
		snprintf(text, WHY_MAX, "no program at TC ingress: attach again");
	else if (on_probation(attachment))
		snprintf(text, WHY_MAX, "probation: %llu of %u agreements", row->agreements,
			 attachment->promote_after);
	return text;
}

struct json_object *attachment_json(const struct attachment *attachment, const char *netns)
{
	struct json_object *object = json_object_new_object();
	char why[WHY_MAX];

	json_add_text(object, "dev", attachment->name);
	json_add_number(object, "ifindex", attachment->key.ifindex);
	json_add_text(object, "netns", netns);
	json_add_number(object, "netns_id", attachment->key.netns);
	json_add_text(object, "mode", attachment_mode(attachment));
	json_add_text(object, "hook", attachment->tcx ? "tcx" : "clsact");
	json_add_text(object, "transit", transit_hook(attachment));
	json_add_text(object, "netfilter", netfilter_name(attachment->row.netfilter));
	json_add_text(object, "why", explain(attachment, why));
	json_add_number(object, "demotions", attachment->row.demotions);
	json_add_number(object, "surprises", attachment->row.surprises);
	json_add_number(object, "agreements", attachment->row.agreements);
	json_add_number(object, "promote_after", attachment->promote_after);
	json_add_text(object, "state", state_name(attachment->state));
	json_add_text(object, "attached_as", attachment->row.name);
	if (attachment->state == ATTACHMENT_MOVED)
		json_add_text(object, "moved_to", attachment->where);
	return object;
}
