/* SPDX-License-Identifier: MIT */
/* Every map, and what of it is touched by whom. */
#ifndef SOCKTRACE_MAPS_H
#define SOCKTRACE_MAPS_H

#ifndef LIFE_PAGES
#define LIFE_PAGES 4096
#endif
#ifndef DATA_PAGES
#define DATA_PAGES 8192
#endif
#ifndef WIDE_PAGES
#define WIDE_PAGES 2048
#endif
#ifndef SLOTS
#define SLOTS 65536
#endif

/* Three rings, so that what a socket's life hangs on is never crowded out by what flows through it. */
BPF_RINGBUF_OUTPUT(life_ring, LIFE_PAGES);
BPF_RINGBUF_OUTPUT(data_ring, DATA_PAGES);
BPF_RINGBUF_OUTPUT(wide_ring, WIDE_PAGES);

BPF_ARRAY(config, struct config, 1);
BPF_ARRAY(numbers, struct number_entry, 512);
BPF_PERCPU_ARRAY(counters, struct cpu_counters, 1);
BPF_PROG_ARRAY(call_exits, 64);

/* Calls in progress by thread. A slot is made at a thread's first call and goes with the thread. */
BPF_HASH(slots, u32, struct slot, SLOTS);
/* The sets that a select in progress was asked for; LRU: a stale entry harms nobody. */
struct select_sets {
	u64 word[12];
};
BPF_TABLE("lru_hash", u32, struct select_sets, selects, 4096);
/* Processes whose end was told, until their number is given to another. */
BPF_TABLE("lru_hash", u32, u8, ended, 4096);
/* Processes of interest when not the whole machine is. */
BPF_HASH(targets, u32, u8, 65536);
/* Totals of calls that move bytes and found their ring full. */
BPF_HASH(overflow, struct overflow_key, struct overflow_total, 65536);
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
