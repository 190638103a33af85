// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The three blocks of the format that a reader must know (draft-ietf-opsawg-pcapng): section,
 * interface, enhanced packet. libpcap reads the format but does not write it.
 */
#include <errno.h>
#include <string.h>

#include "trace/pcapng.h"

#define SECTION_BLOCK 0x0a0d0d0a
#define INTERFACE_BLOCK 1
#define PACKET_BLOCK 6
#define BYTE_ORDER_MAGIC 0x1a2b3c4d
#define LINKTYPE_RAW 101 /* begins with an IP header of either version */
#define OPTION_END 0
#define OPTION_COMMENT 1
#define OPTION_RESOLUTION 9
#define NANOSECONDS 9 /* 10^-9 s */

static __u32 padded(__u32 length)
{
	return (length + 3) & ~3U;
}

static int put(FILE *file, const void *bytes, size_t size)
{
	if (!size || fwrite(bytes, size, 1, file) == 1)
		return 0;
	return errno ? -errno : -EIO;
}

static int put_padded(FILE *file, const void *bytes, __u32 size)
{
	static const char zeros[4];
	int err = put(file, bytes, size);

	return err ?: put(file, zeros, padded(size) - size);
}

/* A block has its length before and after its body. */
static int put_block(FILE *file, __u32 type, const void *body, __u32 size)
{
	const __u32 head[] = { type, size + 12 };
	int err = put(file, head, sizeof(head));

	if (!err)
		err = put(file, body, size);
	return err ?: put(file, &head[1], sizeof(head[1]));
}

int pcapng_begin(FILE *file)
{
	static const struct {
		__u32 magic;
		__u16 major, minor;
		__u32 length[2]; /* not known */
	} section = { BYTE_ORDER_MAGIC, 1, 0, { 0xffffffff, 0xffffffff } };
	static const struct {
		__u16 type, reserved;
		__u32 snap; /* 0: no limit */
		__u16 option, option_length;
		__u8 resolution, padding[3];
		__u16 end, end_length;
	} interface = { LINKTYPE_RAW, 0, 0, OPTION_RESOLUTION, 1, NANOSECONDS, {}, OPTION_END, 0 };
	int err;

	_Static_assert(sizeof(section) == 16 && sizeof(interface) == 20, "blocks have no holes");
	err = put_block(file, SECTION_BLOCK, &section, sizeof(section));
	return err ?: put_block(file, INTERFACE_BLOCK, &interface, sizeof(interface));
}

int pcapng_packet(FILE *file, __u64 time_ns, const void *bytes, __u32 captured, __u32 length,
		  const char *comment)
{
	const __u16 comment_length = strlen(comment), end[2] = { OPTION_END, 0 };
	const __u16 option[2] = { OPTION_COMMENT, comment_length };
	const __u32 head[7] = {
		PACKET_BLOCK,
		40 + padded(captured) + padded(comment_length),
		0, /* the interface */
		time_ns >> 32,
		(__u32)time_ns,
		captured,
		length,
	};
	int err = put(file, head, sizeof(head));

	if (!err)
		err = put_padded(file, bytes, captured);
	if (!err)
		err = put(file, option, sizeof(option));
	if (!err)
		err = put_padded(file, comment, comment_length);
	if (!err)
		err = put(file, end, sizeof(end));
	return err ?: put(file, &head[1], sizeof(head[1]));
}
