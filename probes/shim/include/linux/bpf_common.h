/* SPDX-License-Identifier: MIT */
/* Instruction classes are not used by our programs; bcc's copy of bpf.h includes this name. */
