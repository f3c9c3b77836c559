/* SPDX-License-Identifier: MIT */
/* bcc's helpers.h includes this name and uses nothing of it that we need. */
