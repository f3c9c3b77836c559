/* SPDX-License-Identifier: MIT */
/* The return of a call. Calls that move bytes are told right here in a fixed record; for any other the
 * common part of a full record is filled in and the call's own program (calls/) adds what is its own. */
#ifndef SOCKTRACE_EXIT_H
#define SOCKTRACE_EXIT_H

#define EBADF 9
#define MSG_PEEK 0x2
#define MSG_TRUNC 0x20
#define barrier() asm volatile("" ::: "memory")

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

/* The port that a call on an unbound socket may just have given it. 0: none, or the socket is gone. */
static __always_inline u16 local_port_of(u64 sk)
{
	u16 port = 0;

	if (sk)
		LOAD(port, AS(SOCK, sk) + OFF_SOCK_NUM);
	return port;
}

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
		head->local_port = local_port_of(sk);
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

/* Adds a call up with others like it, instead of telling it. */
static __always_inline void fold_data(const struct slot *slot, const struct config *cfg, u64 id, s64 ret, u64 now,
				      u32 cpu, u8 way)
{
	bool incoming = false;
	u64 length = slot->args[2];
	u32 msg_flags = 0;
	struct fold_total *total;
	struct fold_key key = {
		.inode = slot->inode,
		.pid = id >> 32,
		.call = slot->call,
		.cpu = cpu,
		.epoch = cfg->epoch,
	};

	switch (slot->call) {
	case CALL_READ:
	case CALL_READV:
		incoming = true;
		break;
	case CALL_PREADV2:
		incoming = true;
		msg_flags = 0;
		break;
	case CALL_RECV:
	case CALL_RECVFROM:
		incoming = true;
		msg_flags = slot->args[3];
		break;
	case CALL_SPLICE:
		if (slot->marks & MARK_SECOND)
			way |= WAY_OUTGOING;
		else
			incoming = true;
		length = slot->args[4];
		break;
	}
	if (ret < 0) {
		key.error = -ret;
		ret = 0;
	} else if (incoming) {
		if (msg_flags & MSG_PEEK)
			way |= WAY_PEEK;
		else if (!ret && length)
			way |= WAY_EMPTY;
		if (msg_flags & MSG_TRUNC && ret > length)
			way |= WAY_LONGER;
	}
	key.way = way;
	total = add_to_fold(&key, cfg, 1, ret, slot->start, now);
	if (!total)
		return;
	total->tid = id;
	total->fd = slot->marks & MARK_SECOND ? slot->args[2] : slot->args[0];
	/* The first send of a datagram socket binds it. */
	if (slot->call == CALL_SENDTO && slot->args[4] && !total->local_port)
		total->local_port = local_port_of(slot->sk);
}

/* A wait moves no bytes, and is of no one socket. */
static __always_inline void fold_wait(const struct slot *slot, const struct config *cfg, u64 id, s64 ret, u64 now,
				      u32 cpu, u8 way)
{
	struct fold_key key = {
		.pid = id >> 32,
		.call = slot->call,
		.way = way,
		.error = ret < 0 ? -ret : 0,
		.cpu = cpu,
		.epoch = cfg->epoch,
	};
	struct fold_total *total = add_to_fold(&key, cfg, 1, 0, slot->start, now);

	if (total) {
		total->tid = id;
		total->fd = -1;
	}
}

/* True: told. False: a full record is needed. */
static __always_inline bool tell_data(const struct slot *slot, const struct config *cfg, u64 id, s64 ret, u64 now)
{
	u32 cpu = bpf_get_smp_processor_id(), index;
	struct position *position;
	struct data_record *record;
	struct cpu_counters *counts;
	u64 written;

	if (cfg->folded) {
		fold_data(slot, cfg, id, ret, now, cpu, 0);
		return true;
	}
	if (PAYLOAD_SIZE)
		return false;
	position = data_positions.lookup(&cpu);
	if (!position)
		return true;
	written = position->written;
	index = cpu * cfg->data_records + (written & (cfg->data_records - 1));
	record = written - position->read < cfg->data_records ? data_records.lookup(&index) : NULL;
	if (!record) {
		position->lost++;
		fold_data(slot, cfg, id, ret, now, cpu, WAY_LOST);
		return true;
	}
	fill_head(record, slot, id, ret, now);
	if (fill_data(record, slot->call, slot->args, slot->sk, ret, slot->timeout))
		return false;
	record->sequence = written + position->lost;
	record->cpu = cpu;
	if (record->flags & FLAG_UNREADABLE) {
		counts = books();
		if (counts)
			counts->unreadable++;
	}
	/* x86 keeps stores in their order, and the compiler must: who sees the count sees the record. */
	barrier();
	position->written = written + 1;
	return true;
}

#define EPOLL_EVENT_SIZE 12 /* packed on x86: include/uapi/linux/eventpoll.h */
#define POLLFD_SIZE 8

/* What a wait has to show: user memory of that many bytes. */
struct shown {
	u64 at;
	s64 length;
};

/* False: no wait that a wait record can tell. */
static __always_inline bool is_wait(const struct slot *slot, s64 ret, struct shown *shown)
{
	switch (slot->call) {
	case CALL_EPOLL_WAIT:
	case CALL_EPOLL_PWAIT:
	case CALL_EPOLL_PWAIT2:
		shown->at = slot->args[1];
		shown->length = ret > 0 ? EPOLL_EVENT_SIZE * ret : 0;
		return true;
	case CALL_POLL:
	case CALL_PPOLL:
	case CALL_PPOLL_TIME64:
		shown->at = slot->args[0];
		shown->length = POLLFD_SIZE * (s64)(u32)slot->args[1];
		return true;
	}
	return false;
}

/* True: told. False: it has more to show than fits. */
static __always_inline bool tell_wait(const struct slot *slot, const struct config *cfg, const struct shown *shown,
				      u64 id, s64 ret, u64 now, u64 task)
{
	u32 cpu = bpf_get_smp_processor_id(), index;
	struct cpu_counters *counts;
	struct wait_record *record;
	struct position *position;
	u64 written, length;

	if (cfg->folded) {
		fold_wait(slot, cfg, id, ret, now, cpu, 0);
		return true;
	}
	if (shown->length > WAIT_BLOB_SIZE)
		return false;
	position = wait_positions.lookup(&cpu);
	if (!position)
		return true;
	written = position->written;
	index = cpu * cfg->wait_records + (written & (cfg->wait_records - 1));
	record = written - position->read < cfg->wait_records ? wait_records.lookup(&index) : NULL;
	if (!record) {
		position->lost++;
		fold_wait(slot, cfg, id, ret, now, cpu, WAY_LOST | WAY_WIDE);
		return true;
	}
	fill_head(&record->head, slot, id, ret, now);
	if (slot->call == CALL_POLL || slot->call == CALL_PPOLL || slot->call == CALL_PPOLL_TIME64)
		record->head.fd = -1;
	record->files = files_of(task);
	record->timeout = slot->timeout;
#pragma unroll
	for (int i = 0; i < 4; i++)
		record->args[i] = slot->args[i];
	bpf_get_current_comm(record->comm, COMM_SIZE);
	length = at_most(shown->length, WAIT_BLOB_SIZE);
	record->blob_length = length;
	if (length && bpf_probe_read_user(record->blob, length, (void *)shown->at)) {
		record->blob_length = 0;
		record->head.flags |= FLAG_UNREADABLE;
		counts = books();
		if (counts)
			counts->unreadable++;
	}
	record->head.sequence = written + position->lost;
	record->head.cpu = cpu;
	barrier();
	position->written = written + 1;
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

		know_socket(configuration(), slot->inode);
		/* Still the sock of that socket? Another thread may have closed it meanwhile. */
		if (slot->sk)
			LOAD(socket, AS(SOCK, slot->sk) + OFF_SOCK_SK_SOCKET);
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
	u64 number = 0, id, now, task;
	struct number_entry *entry;
	struct full_record *record;
	struct shown shown;
	struct config *cfg;
	struct slot *slot;
	u32 index, call;
	bool data;

	LOAD(number, AS(PT_REGS, pt_regs) + OFF_PT_REGS_ORIG_AX);
	index = number;
	if (index >= SOCKETCALL_NUMBERS)
		return 0;
	entry = numbers.lookup(&index);
	if (!entry || !(entry->call64 | entry->call32))
		return 0;
	cfg = configuration();
	if (!cfg)
		return 0;
	task = current_task();
	id = thread_id(task);
	slot = slot_of(id, cfg);
	if (!slot || !slot->active || slot->number != index)
		return 0;
	now = bpf_ktime_get_ns();
	if (slot->abi32)
		ret = (s32)ret;
	call = slot->call;
	data = call >= CALL_FIRST_DATA && call <= CALL_LAST_DATA;
	if (data && tell_data(slot, cfg, id, ret, now)) {
		slot->active = 0;
		return 0;
	}
	if (!data && is_wait(slot, ret, &shown) && tell_wait(slot, cfg, &shown, id, ret, now, task)) {
		slot->active = 0;
		return 0;
	}
	record = scratch_record(SCRATCH_CALL);
	if (!record) {
		slot->active = 0;
		return 0;
	}
	fill_common(record, slot, id, ret, now, task);
	if (slot->other_inode)
		record->other.inode = slot->other_inode;
	slot->active = 0;
	call_exits.call(ctx, call);
	return 0;
}

#endif
