// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <stdio.h>
#include <stdlib.h>

#include "lib/netns.h"
#include "trace/names.h"

static void name_device(struct place *place)
{
	__u64 here = 0;
	int home = -1;

	snprintf(place->dev, sizeof(place->dev), "%u", place->ifindex);
	if (!place->ifindex)
		snprintf(place->dev, sizeof(place->dev), "-");
	if (!place->ifindex || netns_id(&here))
		return;
	if (here != place->netns) {
		home = netns_go(place->netns);
		if (home < 0)
			return;
	}
	if (!if_indextoname(place->ifindex, place->dev))
		snprintf(place->dev, sizeof(place->dev), "%u", place->ifindex);
	if (home >= 0)
		netns_back(home);
}

const struct place *place_find(struct place **places, __u64 netns, __u32 ifindex)
{
	struct place *place;

	for (place = *places; place; place = place->next) {
		if (place->netns == netns && place->ifindex == ifindex)
			return place;
	}
	place = calloc(1, sizeof(*place));
	if (!place)
		return NULL;
	place->netns = netns;
	place->ifindex = ifindex;
	netns_name(netns, place->netns_name, sizeof(place->netns_name));
	name_device(place);
	place->next = *places;
	*places = place;
	return place;
}

void place_free(struct place *places)
{
	struct place *next;

	for (; places; places = next) {
		next = places->next;
		free(places);
	}
}
