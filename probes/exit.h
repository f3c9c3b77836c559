/* SPDX-License-Identifier: MIT */
/* The return of a call. Calls that move bytes are told right here in a fixed record; for any other the
 * common part of a full record is filled in and the call's own program (calls/) adds what is its own. */
#ifndef SOCKTRACE_EXIT_H
#define SOCKTRACE_EXIT_H

#define EBADF 9

static __always_inline void fill_head(struct data_record *head, const struct slot *slot, u64 id, s64 ret,
				      u64 now)
{
	head->start = slot->start;
	head->duration = now - slot->start;
	head->pid = id >> 32;
	head->tid = id;
	head->inode = slot->inode;
	head->fd = slot->args[0];
	head->ret = ret;
	head->call = slot->call;
	head->kind = KIND_CALL;
	head->flags = slot->abi32 ? FLAG_ABI32 : 0;
	if (slot->marks & MARK_BEFORE)
		head->flags |= FLAG_BEGAN_BEFORE;
	if (slot->marks & MARK_SECOND) {
		head->flags |= FLAG_OUTGOING;
		head->fd = slot->args[2];
	}
	head->length = 0;
	head->msg_flags = 0;
	head->family = 0;
	head->port = 0;
	head->local_port = 0;
	/* A ring's room still has what was there before. */
	__builtin_memset(head->ip, 0, sizeof(head->ip));
}

/* struct sockaddr_in and sockaddr_in6 as far as both are alike, and the IPv6 address. */
struct inet_address {
	u16 family;
	u16 port;
	u8 ip4[4];
	u8 ip6[16];
};

/* sendto, recvfrom: the address into the fixed fields. 0: done; 1: it does not fit (AF_UNIX ...). */
static __always_inline int short_address(struct data_record *head, u64 address, s32 length)
{
	struct inet_address seen = {};

	if (!address || length < 8)
		return length > 0 && address;
	if (bpf_probe_read_user(&seen, 8, (void *)address)) {
		head->flags |= FLAG_UNREADABLE;
		return 0;
	}
	if (seen.family == AF_INET) {
		__builtin_memcpy(head->ip, seen.ip4, 4);
	} else if (seen.family == AF_INET6 && length >= 28) {
		u32 scope = 0;
		READ_USER(head->ip, address + 8);
		READ_USER(scope, address + 24);
		if (scope)
			return 1;
	} else {
		return 1;
	}
	head->family = seen.family;
	head->port = __builtin_bswap16(seen.port);
	return 0;
}

/* Which argument has what, for the calls that move bytes. 1: more to tell than a fixed record holds. */
static __always_inline int fill_data(struct data_record *head, u32 call, const u64 *args, u64 sk, s64 ret,
				     u64 room)
{
	s32 length = 0;

	switch (call) {
	case CALL_READ:
	case CALL_WRITE:
	case CALL_READV:
	case CALL_WRITEV:
		head->length = args[2];
		return 0;
	case CALL_PREADV2:
	case CALL_PWRITEV2:
		head->length = args[2];
		head->msg_flags = args[5];
		return 0;
	case CALL_SEND:
	case CALL_RECV:
		head->length = args[2];
		head->msg_flags = args[3];
		return 0;
	case CALL_SENDTO:
		head->length = args[2];
		head->msg_flags = args[3];
		if (!args[4])
			return 0;
		if (sk)
			READ(head->local_port, sk + OFF_SOCK_NUM);
		return short_address(head, args[4], args[5]);
	case CALL_RECVFROM:
		head->length = args[2];
		head->msg_flags = args[3];
		if (!args[4] || !args[5] || ret < 0)
			return 0;
		READ_USER(length, args[5]);
		return short_address(head, args[4], at_most(length, room));
	/* No address: its place has the descriptor at the other end. */
	case CALL_SENDFILE:
	case CALL_SENDFILE64:
		head->length = args[3];
		*(s32 *)head->ip = args[1];
		return 0;
	case CALL_SPLICE:
		head->length = args[4];
		head->msg_flags = args[5];
		*(s32 *)head->ip = head->flags & FLAG_OUTGOING ? args[0] : args[2];
		return 0;
	}
	return 0;
}

/* True: told. False: a full record is needed. */
static __always_inline bool tell_data(const struct slot *slot, u64 id, s64 ret, u64 now)
{
	struct data_record *record;
	struct cpu_counters *cpu = books();
	u32 sequence;

	if (!cpu)
		return true;
	if (PAYLOAD_SIZE)
		return false;
	sequence = cpu->data.attempted;
	record = data_ring.ringbuf_reserve(sizeof(*record));
	if (!record) {
		cpu->data.attempted = sequence + 1;
		cpu->data.lost++;
		add_to_overflow(slot->inode, slot->call, 1, ret, ret, now - slot->start, cpu);
		return true;
	}
	fill_head(record, slot, id, ret, now);
	if (fill_data(record, slot->call, slot->args, slot->sk, ret, slot->timeout)) {
		data_ring.ringbuf_discard(record, BPF_RB_NO_WAKEUP);
		return false;
	}
	cpu->data.attempted = sequence + 1;
	record->sequence = sequence;
	record->cpu = bpf_get_smp_processor_id();
	if (record->flags & FLAG_UNREADABLE)
		cpu->unreadable++;
	data_ring.ringbuf_submit(record, BPF_RB_NO_WAKEUP);
	return true;
}

/* The part of a full record that all calls have. */
static __always_inline void fill_common(struct full_record *record, const struct slot *slot, u64 id, s64 ret,
					u64 now, u64 task)
{
	clear_record(record);
	fill_head(&record->head, slot, id, ret, now);
	record->files = files_of(task);
	record->timeout = slot->timeout;
	record->uid = bpf_get_current_uid_gid();
#pragma unroll
	for (int i = 0; i < 6; i++)
		record->args[i] = slot->args[i];
	bpf_get_current_comm(record->comm, COMM_SIZE);
	if (slot->inode) {
		u64 socket = 0;

		/* Still the sock of that socket? Another thread may have closed it meanwhile. */
		if (slot->sk)
			READ(socket, slot->sk + OFF_SOCK_SK_SOCKET);
		if (socket && socket == slot->socket)
			view_sock(&record->socket, slot->sk);
		record->socket.inode = slot->inode;
		record->socket.refs = slot->refs;
		if (!record->socket.family) {
			record->socket.sk = slot->sk;
			record->socket.family = slot->family;
			record->socket.type = slot->type;
			record->socket.protocol = slot->protocol;
		}
	}
}

int on_exit(struct bpf_raw_tracepoint_args *ctx)
{
	u64 pt_regs = ctx->args[0];
	s64 ret = ctx->args[1];
	u64 number = 0, id, now;
	struct number_entry *entry;
	struct full_record *record;
	struct slot *slot;
	u32 tid, index, call;
	bool data;

	READ(number, pt_regs + OFF_PT_REGS_ORIG_AX);
	index = number;
	if (index >= SOCKETCALL_NUMBERS)
		return 0;
	entry = numbers.lookup(&index);
	if (!entry || !(entry->call64 | entry->call32))
		return 0;
	id = bpf_get_current_pid_tgid();
	tid = id;
	slot = slots.lookup(&tid);
	if (!slot || !slot->active || slot->number != index)
		return 0;
	now = bpf_ktime_get_ns();
	if (slot->abi32)
		ret = (s32)ret;
	call = slot->call;
	data = call >= CALL_FIRST_DATA && call <= CALL_LAST_DATA;
	if (data && tell_data(slot, id, ret, now)) {
		slot->active = 0;
		return 0;
	}
	record = scratch_record(SCRATCH_CALL);
	if (!record) {
		slot->active = 0;
		return 0;
	}
	fill_common(record, slot, id, ret, now, current_task());
	if (slot->other_inode)
		record->other.inode = slot->other_inode;
	slot->active = 0;
	call_exits.call(ctx, call);
	return 0;
}

#endif
