/* SPDX-License-Identifier: MIT */
/* Every map, and what of it is touched by whom. */
#ifndef SOCKTRACE_MAPS_H
#define SOCKTRACE_MAPS_H

/* Three ways, so that what a socket's life hangs on is never crowded out by what flows through it. Sizes are
 * the loader's: those here only get the maps declared. */
BPF_RINGBUF_OUTPUT(life_ring, 1);
BPF_RINGBUF_OUTPUT(wide_ring, 1);

/* Calls that move bytes, by far the most, go into plain memory that the reader has mapped too: a ring for each
 * CPU, which has one writer (on_exit; it cannot be interrupted by itself, nor moved) and so needs neither lock nor
 * atomic operation, and no helper. CPU number c has the records from c * config.data_records on. */
BPF_F_TABLE("array", u32, struct data_record, data_records, 1, BPF_F_MMAPABLE);
BPF_F_TABLE("array", u32, struct position, data_positions, 1, BPF_F_MMAPABLE);
/* The same for the most frequent of the calls that carry more. */
BPF_F_TABLE("array", u32, struct wait_record, wait_records, 1, BPF_F_MMAPABLE);
BPF_F_TABLE("array", u32, struct position, wait_positions, 1, BPF_F_MMAPABLE);

BPF_ARRAY(config, struct config, 1);
BPF_ARRAY(numbers, struct number_entry, 512);
BPF_PERCPU_ARRAY(counters, struct cpu_counters, 1);
BPF_PROG_ARRAY(call_exits, 64);

/* Calls in progress: a thread's slot is the one at the lowest bits of its number, which it takes at its first call
 * and leaves when it ends: an array is several times quicker to reach than a hash. Threads that find another
 * there go into `crowded`, by number; so do those whose call was in progress when we attached. */
BPF_ARRAY(slots, struct slot, 1);
BPF_HASH(crowded, u32, struct slot, 16384);
/* The sets that a select in progress was asked for; LRU: a stale entry harms nobody. */
struct select_sets {
	u64 word[12];
};
BPF_TABLE("lru_hash", u32, struct select_sets, selects, 4096);
/* Processes whose end was told, until their number is given to another. */
BPF_TABLE("lru_hash", u32, u8, ended, 4096);
/* Processes of interest when not the whole machine is. */
BPF_HASH(targets, u32, u8, 65536);
/* Where not the whole machine is of interest: sockets of the processes that are (inodes, addresses of socks), and
 * ports that they listen on. LRU: what TCP does on a socket that was pushed out is not told. */
BPF_TABLE("lru_hash", u64, u8, known, 65536);
/* Calls that are added up. Two tables for each CPU, of which the reader empties one while the other is written to;
 * and a map for what finds its place taken. */
BPF_F_TABLE("array", u32, struct fold_place, fold_places, 1, BPF_F_MMAPABLE);
BPF_HASH(folds, struct fold_key, struct fold_total, 65536);
/* The change of a TCP state that on_tcp_state told last. */
struct state_note {
	u64 sk;
	u64 change;
};
BPF_PERCPU_ARRAY(state_notes, struct state_note, 1);
BPF_HASH(checks, u32, struct check_result, 8);

/* A full record is put together here, too large for the stack. One for each program that can interrupt
 * another: the network's tracepoints run in softirq, on top of anything. */
enum scratch {
	SCRATCH_CALL = 0,
	SCRATCH_PASSED = 1,
	SCRATCH_PROCESS = 2,
	SCRATCH_STATE = 3,
	SCRATCH_STATE_MISSED = 4,
	SCRATCH_SEGMENT = 5, /* and two more: one for each of the three tracepoints */
	SCRATCH_COUNT = 8,
};
struct scratch_space {
	struct full_record record;
	u8 spare[PAYLOAD_SIZE + 8]; /* room past the payload, for the verifier: see copy_payload_at() */
	u64 busy; /* see tcp_record() */
};
BPF_PERCPU_ARRAY(scratch, struct scratch_space, SCRATCH_COUNT);

/* Where a program that walks a list of messages or of control data is, from one tail call of itself to
 * the next. */
struct walk {
	u64 at;   /* user address looked at next */
	u64 end;  /* of the control data */
	u64 next; /* the control message after this one */
	u32 descriptors_left;
	u32 index;
};
BPF_PERCPU_ARRAY(walks, struct walk, 1);

#endif
