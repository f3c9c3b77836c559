/* SPDX-License-Identifier: MIT */
/* Calls that take a message header: sendmsg(2), recvmsg(2), sendmmsg(2), recvmmsg(2), and the descriptors
 * that travel in their control data (cmsg(3), unix(7)). */

#define SOL_SOCKET 1
#define SCM_RIGHTS 1
#define MSG_CMSG_CLOEXEC 0x40000000

/* struct user_msghdr of either ABI, widened. */
struct message {
	u64 name;
	s32 name_length;
	u32 flags;
	u64 iov;
	u64 iov_count;
	u64 control;
	u64 control_length;
};

/* What goes into the blob; socktrace/events.py documents it. */
struct message_blob {
	u64 length;
	u32 flags;
	u32 control_length;
	u32 index;
	u32 moved;
};

static __always_inline int read_message(struct message *message, u64 address, bool abi32)
{
	u64 raw[7] = {};

	if (abi32) {
		u32 narrow[7] = {};

		if (READ_USER(narrow, address))
			return -1;
#pragma unroll
		for (int i = 0; i < 7; i++)
			raw[i] = narrow[i];
	} else if (READ_USER(raw, address)) {
		return -1;
	}
	message->name = raw[0];
	message->name_length = raw[1];
	message->iov = raw[2];
	message->iov_count = raw[3];
	message->control = raw[4];
	message->control_length = raw[5];
	message->flags = raw[6];
	return 0;
}

static __always_inline void fill_message(struct full_record *record, const struct message *message, bool got,
					 u32 index, s64 moved, int kept)
{
	struct message_blob blob = {};

	record->address_length = 0;
	record->payload_length = 0;
	if (got)
		copy_address(record, message->name, message->name_length);
	blob.length = walk_buffers(record, message->iov, message->iov_count, moved, kept);
	blob.flags = message->flags;
	blob.control_length = message->control_length;
	blob.index = index;
	blob.moved = moved > 0 ? moved : 0;
	__builtin_memcpy(record->blob, &blob, sizeof(blob));
	record->blob_length = sizeof(blob);
}

/* Goes on with the control data in on_passed, if descriptors may be in it; returns if not. */
static __always_inline void walk_control(struct bpf_raw_tracepoint_args *ctx, struct full_record *record,
					 const struct message *message)
{
	int zero = 0;
	struct walk *walk = walks.lookup(&zero);

	if (!walk || record->socket.family != AF_UNIX || !message->control || !message->control_length)
		return;
	walk->at = message->control;
	walk->end = message->control + message->control_length;
	walk->next = 0;
	walk->descriptors_left = 0;
	call_exits.call(ctx, PROGRAM_PASSED);
}

EXIT(sendmsg)
{
	struct message message = {};

	record->head.msg_flags = record->args[2];
	if (read_message(&message, record->args[1], record->head.flags & FLAG_ABI32)) {
		record->head.flags |= FLAG_UNREADABLE;
	} else {
		fill_message(record, &message, true, 0, record->head.ret, BUFFERS_READ);
		if (record->head.ret >= 0)
			walk_control(ctx, record, &message);
	}
	send_wide(record);
}

EXIT(recvmsg)
{
	struct message message = {};

	record->head.msg_flags = record->args[2];
	if (read_message(&message, record->args[1], record->head.flags & FLAG_ABI32)) {
		record->head.flags |= FLAG_UNREADABLE;
	} else {
		fill_message(record, &message, record->head.ret >= 0, 0, record->head.ret,
			     BUFFERS_READ);
		if (record->head.ret >= 0)
			walk_control(ctx, record, &message);
	}
	send_wide(record);
}

static __always_inline void tell_passed(const struct full_record *call, s32 fd, const struct config *cfg)
{
	struct full_record *record = scratch_record(SCRATCH_PASSED);

	if (!record)
		return;
	clear_record(record);
	record->files = call->files;
	if (!view_descriptor(&record->socket, record->files, fd, cfg->socket_fops))
		return;
	record->head.start = call->head.start;
	record->head.duration = call->head.duration;
	record->head.pid = call->head.pid;
	record->head.tid = call->head.tid;
	record->head.kind = KIND_PASSED;
	record->head.call = call->head.call;
	record->head.fd = fd;
	record->head.inode = record->socket.inode;
	if (call->head.call == CALL_RECVMSG)
		record->head.flags |= FLAG_RECEIVED;
	if (call->head.msg_flags & MSG_CMSG_CLOEXEC)
		record->head.flags |= FLAG_CLOEXEC;
	emit_life(record);
}

/* One step: a control message's header, or one descriptor. 0: nothing is left. */
static __always_inline int step_control(struct walk *walk, const struct full_record *call,
					const struct config *cfg)
{
	bool abi32 = call->head.flags & FLAG_ABI32;
	u64 align = abi32 ? 3 : 7;
	u64 header = abi32 ? 12 : 16;
	u64 length = 0;
	u32 kind[2] = {};
	s32 fd = -1;

	if (walk->descriptors_left) {
		READ_USER(fd, walk->at);
		tell_passed(call, fd, cfg);
		walk->at += 4;
		walk->descriptors_left--;
		if (!walk->descriptors_left)
			walk->at = walk->next;
		return 1;
	}
	if (walk->at + header > walk->end)
		return 0;
	if (abi32) {
		u32 narrow = 0;
		READ_USER(narrow, walk->at);
		length = narrow;
	} else {
		READ_USER(length, walk->at);
	}
	READ_USER(kind, walk->at + header - 8);
	if (length < header || walk->at + length > walk->end)
		return 0;
	walk->next = walk->at + ((length + align) & ~align);
	if (kind[0] == SOL_SOCKET && kind[1] == SCM_RIGHTS && length >= header + 4) {
		walk->descriptors_left = (length - header) / 4;
		walk->at += header;
	} else {
		walk->at = walk->next;
	}
	return 1;
}

/* At most 33 tail calls of 16 steps: more than SCM_MAX_FD (253) descriptors need. */
EXIT(passed)
{
	int zero = 0, more = 1;
	struct walk *walk = walks.lookup(&zero);

	if (walk) {
		for (int i = 0; i < 16 && more; i++)
			more = step_control(walk, record, cfg);
		if (more)
			call_exits.call(ctx, PROGRAM_PASSED);
	}
	send_wide(record);
}

static __always_inline void start_messages(struct bpf_raw_tracepoint_args *ctx, struct full_record *record)
{
	int zero = 0;
	struct walk *walk = walks.lookup(&zero);

	record->head.msg_flags = record->args[3];
	if (walk && record->head.ret > 0) {
		walk->at = record->args[1];
		walk->index = 0;
		call_exits.call(ctx, PROGRAM_MESSAGES);
	}
	send_wide(record);
}

EXIT(sendmmsg)
{
	start_messages(ctx, record);
}

EXIT(recvmmsg)
{
	start_messages(ctx, record);
}

EXIT(recvmmsg_time64)
{
	start_messages(ctx, record);
}

#define MESSAGES_A_RUN 4
#define MESSAGES_MOST 1024 /* UIO_MAXIOV: what one call can take */
/* Entries of each message's iovec that are kept of its payload: the verifier does not follow more. */
#define MESSAGE_BUFFERS 2

/* Messages that no tail call is left for are added up, as those are that find no room. */
static __always_inline void add_up_messages(const struct full_record *record, const struct walk *walk)
{
	bool abi32 = record->head.flags & FLAG_ABI32;
	u64 at = walk->at + (abi32 ? 28 : 56), bytes = 0;
	u32 left = record->head.ret - walk->index, moved;
	struct cpu_counters *cpu = books();
	struct config *cfg = configuration();
	struct fold_key key = {};

	if (!cpu || !cfg)
		return;
	for (u32 i = 0; i < MESSAGES_MOST; i++) {
		if (i >= left)
			break;
		moved = 0;
		READ_USER(moved, at);
		bytes += moved;
		at += abi32 ? 32 : 64;
	}
	if (!cfg->folded) {
		__sync_fetch_and_add(&cpu->wide.attempted, left);
		__sync_fetch_and_add(&cpu->wide.lost, left);
	}
	key.inode = record->head.inode;
	key.pid = record->head.pid;
	key.call = record->head.call;
	key.way = cfg->folded ? 0 : WAY_LOST | WAY_WIDE;
	key.cpu = bpf_get_smp_processor_id();
	key.epoch = cfg->epoch;
	add_to_fold(&key, cfg, left, bytes, record->head.start, record->head.start + record->head.duration);
}

/* One record a message, for the first 128: there are at most 32 tail calls after the first, and the more
 * messages in each, the longer the verifier takes at every start. */
EXIT(messages)
{
	int zero = 0;
	struct walk *walk = walks.lookup(&zero);
	bool abi32 = record->head.flags & FLAG_ABI32;
	struct message message = {};
	u32 moved;

	if (!walk)
		return;
	for (int i = 0; i < MESSAGES_A_RUN; i++) {
		if (walk->index >= (u32)record->head.ret)
			return;
		moved = 0;
		if (read_message(&message, walk->at, abi32) ||
		    READ_USER(moved, walk->at + (abi32 ? 28 : 56)))
			record->head.flags |= FLAG_UNREADABLE;
		fill_message(record, &message, true, walk->index, moved, MESSAGE_BUFFERS);
		send_wide(record);
		walk->index++;
		walk->at += abi32 ? 32 : 64;
	}
	if (walk->index >= (u32)record->head.ret)
		return;
	call_exits.call(ctx, PROGRAM_MESSAGES);
	add_up_messages(record, walk);
}
