/* SPDX-License-Identifier: MIT */
/* The page size by which bcc counts ring buffers: x86. */
#ifndef PAGE_SIZE
#define PAGE_SIZE 4096
#endif
