# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# make                    build/txpath, BPF objects inside
# sudo make demo          install what is missing, build, show it on real traffic
# sudo make test          the test suite here, and what needs fentry in a stock kernel
# sudo make test-kernels  the whole suite on every kernel of scripts/kernels
# sudo make test-foreign  the kernel's own network tests, whose verdicts txpath must not change
# sudo make bench         the performance table, peers side by side: text, build/bench.json, a plot;
#                         BENCH=--quick: in two minutes
# make check              format, static analysis, shellcheck, docs against the X-lists, verifier cost
# sudo make verifier      docs/verifier.txt anew: what the programs cost each kernel's verifier
# make fuzz               the reader of rules with libFuzzer, for FUZZ_SECONDS (300)
# make install            DESTDIR, PREFIX
# make clean

CC      ?= gcc
CLANG   ?= clang
BPFTOOL ?= $(firstword $(wildcard /usr/sbin/bpftool /usr/local/sbin/bpftool) bpftool)
PREFIX  ?= /usr/local
MANDIR  ?= $(PREFIX)/share/man
B       := build
# What make test runs: see selftests/run. .ci/run asks for a share of the kernel matrix as well.
TESTS   ?= here 6.1

VERSION := $(shell git describe --always --dirty 2>/dev/null || echo unknown)

CFLAGS     ?= -O2 -g
TXP_CFLAGS := -std=gnu11 -Wall -Wextra -Werror -D_GNU_SOURCE -DTXP_VERSION='"$(VERSION)"' \
              -Iinclude -I$(B) -Iloader
# libbpf and what it needs are linked in; libmnl and libsmartcols are on every host that has
# iproute2 and util-linux.
LDLIBS     := -Wl,-Bstatic -lbpf -lelf -lz -ljson-c -lcap -lyaml -Wl,-Bdynamic -lmnl -lsmartcols

ARCH       := $(shell uname -m | sed 's/x86_64/x86/; s/aarch64/arm64/; s/ppc64le/powerpc/')
MULTIARCH  := $(shell $(CC) -print-multiarch 2>/dev/null)
# BPF_PROG gives every program a ctx that few use. What each packet pays for has 32-bit instructions
# (v3); of the others they would double what the verifier goes through.
BPF_CPU    := -mcpu=v2
BPF_CFLAGS  = -std=gnu11 -Wall -Wextra -Werror -Wno-unused-parameter -O2 -g -fno-strict-aliasing \
              -target bpf $(BPF_CPU) \
              -D__TARGET_ARCH_$(ARCH) -Iinclude -Ibpf $(if $(MULTIARCH),-I/usr/include/$(MULTIARCH))

# Each room of bpf/ may have programs; their objects are in one place, by the names of the files.
BPF_SRC  := $(wildcard bpf/*/*.bpf.c)
BPF_OBJ  := $(patsubst %.bpf.c,$(B)/bpf/%.bpf.o,$(notdir $(BPF_SRC)))
SKELETON := $(BPF_OBJ:.bpf.o=.skel.h)
SRC      := $(wildcard loader/*.c loader/*/*.c loader/*/*/*.c)
OBJ      := $(SRC:%.c=$(B)/%.o)
HEADERS  := $(wildcard include/txpath/*.h)
vpath %.bpf.c $(sort $(dir $(BPF_SRC)))

.PHONY: all demo test test-kernels test-foreign bench check fuzz verifier install clean bpf
all: $(B)/txpath

bpf: $(BPF_OBJ)

$(B)/txpath: $(OBJ)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(B)/loader/%.o: loader/%.c $(wildcard loader/*.h loader/*/*.h loader/*/*/*.h) $(HEADERS) | $(SKELETON)
	@mkdir -p $(@D)
	$(CC) $(TXP_CFLAGS) $(CFLAGS) -c -o $@ $<

$(B)/loader/state/object.o: $(SKELETON)

$(B)/bpf/ingress.bpf.o $(B)/bpf/classify.bpf.o: BPF_CPU := -mcpu=v3
$(B)/bpf/%.bpf.o: %.bpf.c $(wildcard bpf/*/*.bpf.h) $(HEADERS)
	@mkdir -p $(@D)
	$(CLANG) $(BPF_CFLAGS) -c -o $@.tmp $<
	$(BPFTOOL) gen object $@ $@.tmp && rm -f $@.tmp

$(B)/bpf/%.skel.h: $(B)/bpf/%.bpf.o
	$(BPFTOOL) gen skeleton $< name $*_bpf > $@.tmp && mv $@.tmp $@

demo:
	scripts/deps
	$(MAKE) all
	scripts/demo

test:
	scripts/deps
	$(MAKE) all
	selftests/run $(TESTS)

test-kernels:
	scripts/deps
	$(MAKE) all
	selftests/run kernels

# They are fetched as Debian's package of the kernel's source.
test-foreign:
	scripts/deps
	selftests/foreign

# Without gnuplot there is no plot.
bench:
	scripts/deps
	-scripts/deps bench
	$(MAKE) all
	selftests/bench/run $(BENCH)

check:
	scripts/check

fuzz:
	$(MAKE) -s -C selftests fuzz

verifier:
	selftests/bench/verifier --update

install: all
	install -D -m 0755 $(B)/txpath $(DESTDIR)$(PREFIX)/sbin/txpath
	install -D -m 0644 docs/txpath.8 $(DESTDIR)$(MANDIR)/man8/txpath.8
	install -D -m 0644 scripts/completion/txpath \
		$(DESTDIR)$(PREFIX)/share/bash-completion/completions/txpath

clean:
	rm -rf $(B)
