/* SPDX-License-Identifier: MIT */
/* What TCP does: tracepoints sock:inet_sock_set_state, tcp:tcp_retransmit_skb, tcp:tcp_send_reset and
 * tcp:tcp_receive_reset. Most of it happens in softirq, on top of whatever process runs: that process is
 * named as the cause only if it has a call on this very socket. */
#ifndef SOCKTRACE_TCP_H
#define SOCKTRACE_TCP_H

#define IPPROTO_TCP 6
#define TCP_CLOSE 7 /* include/net/tcp_states.h */

/* Takes the record `which` and fills in what all have. NULL: a program is at work on it. The kernel sees to it
 * that none runs on top of itself, but only since 6.1; before that, a softirq can come in between. */
static __always_inline struct full_record *tcp_record(int which, u8 kind, u64 sk)
{
	struct scratch_space *space = scratch.lookup(&which);
	struct full_record *record;

	if (!space || space->busy)
		return NULL;
	space->busy = 1;
	record = &space->record;
	clear_record(record);
	record->head.start = bpf_ktime_get_ns();
	record->head.kind = kind;
	record->head.fd = -1;
	view_sock(&record->socket, sk);
	record->socket.inode = inode_of_sock(sk);
	record->head.inode = record->socket.inode;
	return record;
}

/* Sends the record `which` off and lets go of it. */
static __always_inline void send_tcp(int which, struct full_record *record)
{
	struct scratch_space *space = scratch.lookup(&which);

	emit_life(record);
	if (space)
		space->busy = 0;
}

/* Whether a thread's slot is of a call on this socket that is in progress. A slot outlives its call: a mere
 * softirq may find the thread that used the socket last. But before 6.6 a call that closes lets go of the
 * file after it has returned. */
static __always_inline bool concerns(const struct slot *slot, u32 inode)
{
	bool closes = slot->call == CALL_CLOSE || slot->call == CALL_DUP2 || slot->call == CALL_DUP3;

	if (!slot->active && !closes)
		return false;
	return slot->inode == inode || slot->other_inode == inode;
}

/* Whether the socket is of a process of interest: found out by its inode as long as it has one, then by its sock
 * (a socket that is closed goes on without). One that no accept has shown yet is known by its port. */
static __always_inline bool is_known(u64 sk)
{
	struct config *cfg = configuration();
	u64 key = sk;
	u16 port = 0;

	if (!cfg)
		return false;
	if (cfg->strangers || known.lookup(&key))
		return true;
	key = inode_of_sock(sk);
	if (!key) {
		LOAD(port, AS(SOCK, sk) + OFF_SOCK_NUM);
		key = KNOWN_PORT | port;
	}
	if (!known.lookup(&key))
		return false;
	know(sk);
	return true;
}

/* args: sk, old state, new state. False: not told, see tcp_record(). */
static __always_inline bool tell_state(struct bpf_raw_tracepoint_args *ctx, int which)
{
	u64 sk = ctx->args[0], id = bpf_get_current_pid_tgid();
	struct config *cfg = configuration();
	struct full_record *record;
	struct slot *slot;
	u32 tid = id, flags = 0;

	record = tcp_record(which, KIND_TCP_STATE, sk);
	if (!record)
		return false;
	record->head.pid = id >> 32;
	record->head.tid = tid;
	record->head.fd = ctx->args[1];
	record->head.ret = ctx->args[2];
	record->socket.tcp_state = ctx->args[2];
	slot = cfg ? slot_of(tid, cfg) : NULL;
	if (slot && record->head.inode && concerns(slot, record->head.inode)) {
		record->head.flags |= FLAG_IN_CALL;
		record->head.call = slot->call;
		record->args[0] = slot->start;
	}
	LOAD(flags, AS(TASK_STRUCT, current_task()) + OFF_TASK_STRUCT_FLAGS);
	if (flags & PF_EXITING)
		record->head.flags |= FLAG_EXITING;
	send_tcp(which, record);
	/* Its memory is another's next. */
	if (ctx->args[2] == TCP_CLOSE)
		known.delete(&sk);
	return true;
}

static __always_inline bool is_tcp(u64 sk)
{
	u16 protocol = 0;

	LOAD(protocol, AS(SOCK, sk) + OFF_SOCK_SK_PROTOCOL);
	return protocol == IPPROTO_TCP;
}

/* A program does not run on a CPU where it is running already, and a change of state in softirq can come on
 * top of one in a system call. So there are two on this tracepoint, called one after the other: the first
 * leaves a note of what it has told, the second tells what the first was not run for. */
int on_tcp_state(struct bpf_raw_tracepoint_args *ctx)
{
	int zero = 0;
	struct state_note *note = state_notes.lookup(&zero);

	if (!note || !is_tcp(ctx->args[0]))
		return 0;
	if (is_known(ctx->args[0]) && !tell_state(ctx, SCRATCH_STATE))
		return 0;
	note->sk = ctx->args[0];
	note->change = ctx->args[1] << 32 | ctx->args[2];
	return 0;
}

int on_tcp_state_missed(struct bpf_raw_tracepoint_args *ctx)
{
	int zero = 0;
	struct state_note *note = state_notes.lookup(&zero);
	struct cpu_counters *cpu = books();

	if (!note || !cpu || !is_tcp(ctx->args[0]))
		return 0;
	if (note->sk == ctx->args[0] && note->change == (ctx->args[1] << 32 | ctx->args[2])) {
		note->sk = 0;
		return 0;
	}
	__sync_fetch_and_add(&cpu->rescued, 1);
	if (is_known(ctx->args[0]))
		tell_state(ctx, SCRATCH_STATE_MISSED);
	return 0;
}

static __always_inline void tell_segment(int which, u64 sk, u32 event)
{
	struct full_record *record;
	u8 state = 0;

	if (!sk)
		return;
	/* A mini-sock (SYN-RECEIVED, TIME-WAIT) is no struct sock: beyond its addresses nothing is there. */
	LOAD(state, AS(SOCK, sk) + OFF_SOCK_STATE);
	if (state == 6 || state == 12 || !is_known(sk))
		return;
	record = tcp_record(which, KIND_TCP_SEGMENT, sk);
	if (!record) {
		count_lost_life();
		return;
	}
	record->head.ret = event;
	send_tcp(which, record);
}

int on_tcp_retransmit(struct bpf_raw_tracepoint_args *ctx)
{
	tell_segment(SCRATCH_SEGMENT, ctx->args[0], 1);
	return 0;
}

int on_tcp_send_reset(struct bpf_raw_tracepoint_args *ctx)
{
	tell_segment(SCRATCH_SEGMENT + 1, ctx->args[0], 2);
	return 0;
}

int on_tcp_receive_reset(struct bpf_raw_tracepoint_args *ctx)
{
	tell_segment(SCRATCH_SEGMENT + 2, ctx->args[0], 3);
	return 0;
}

#endif
