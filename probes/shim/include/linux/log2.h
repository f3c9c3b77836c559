/* SPDX-License-Identifier: MIT */
/* bcc's helpers.h includes this name for BPF_STACK_TRACE's rounding. */
#define roundup_pow_of_two(n) (1UL << (64 - __builtin_clzl((n) - 1)))
