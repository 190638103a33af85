// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * absent OBJECT [STRUCT[.MEMBER]...]: loads the programs of OBJECT as if the kernel had been built
 * without these, by type information in which they go by another name. What the programs have to
 * do about it is left to CO-RE; the kernel itself verifies the result.
 */
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool is_named(const struct btf *btf, __u32 offset, const char *name, size_t length)
{
	const char *found = btf__name_by_offset(btf, offset);

	return found && strlen(found) == length && !strncmp(found, name, length);
}

/* true: the type has the member, which is gone now. */
static bool hide_member(struct btf *btf, struct btf_type *type, const char *member, __u32 hidden)
{
	struct btf_member *members = btf_members(type);

	for (__u32 i = 0; i < btf_vlen(type); i++) {
		if (!is_named(btf, members[i].name_off, member, strlen(member)))
			continue;
		members[i].name_off = hidden;
		return true;
	}
	return false;
}

static void hide(struct btf *btf, const char *what)
{
	size_t length = strcspn(what, ".");
	int hidden = btf__add_str(btf, "absent");
	bool done = false;
	struct btf_type *type;

	if (hidden < 0)
		errx(1, "%s: no room for a name", what);
	for (__u32 id = 1; id < btf__type_cnt(btf); id++) {
		type = (struct btf_type *)btf__type_by_id(btf, id);
		if (!btf_is_struct(type) || !is_named(btf, type->name_off, what, length))
			continue;
		if (what[length])
			done |= hide_member(btf, type, what + length + 1, hidden);
		else
			type->name_off = hidden;
		done |= !what[length];
	}
	printf("%s: %s\n", what, done ? "hidden" : "not here");
}

static void write_to(const struct btf *btf, const char *path)
{
	__u32 size;
	const void *bytes = btf__raw_data(btf, &size);
	FILE *file = fopen(path, "w");

	if (!bytes || !file || fwrite(bytes, size, 1, file) != 1 || fclose(file))
		err(1, "%s", path);
}

int main(int argc, char **argv)
{
	char path[] = "/tmp/txpath-btf.XXXXXX";
	LIBBPF_OPTS(bpf_object_open_opts, opts, .btf_custom_path = path);
	struct bpf_object *object;
	struct btf *btf;
	int ret;

	if (argc < 2 || mkstemp(path) < 0)
		errx(2, "OBJECT [STRUCT[.MEMBER]...]");
	btf = btf__load_vmlinux_btf();
	if (!btf)
		err(1, "the kernel's BTF");
	for (char **what = argv + 2; *what; what++)
		hide(btf, *what);
	write_to(btf, path);
	object = bpf_object__open_file(argv[1], &opts);
	ret = object ? bpf_object__load(object) : -1;
	unlink(path);
	if (ret)
		errx(1, "%s: does not load", argv[1]);
	return 0;
}
