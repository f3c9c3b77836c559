/* SPDX-License-Identifier: MIT */
/* bcc brings its own copy of the real one. */
