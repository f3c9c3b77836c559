/* SPDX-License-Identifier: MIT */
/* Stands in for the kernel header that bcc includes first: the little of it that bcc's own
 * headers need, so that no kernel headers have to be installed. */
#ifndef SOCKTRACE_KCONFIG_H
#define SOCKTRACE_KCONFIG_H
#define CONFIG_BPF_SYSCALL 1
#ifndef __always_inline
#define __always_inline inline __attribute__((always_inline))
#endif
#endif
