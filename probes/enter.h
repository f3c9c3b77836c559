/* SPDX-License-Identifier: MIT */
/* The beginning of a call: note when, with which arguments and on which socket. Everything else waits
 * for the return, since the same registers are there again. */
#ifndef SOCKTRACE_ENTER_H
#define SOCKTRACE_ENTER_H

struct timespec64 {
	s64 sec;
	s64 nsec;
};
struct timespec32 {
	s32 sec;
	s32 nsec;
};

#define TIMEOUT_INDEX 0x0f
#define TIMEOUT_32 0x10
#define TIMEOUT_TIMEVAL 0x20
#define TIMEOUT_LENGTH 0x40 /* no timeout but a socklen_t: the room for an address that is returned */

/* Timeouts given by pointer are read when the call begins: select and ppoll overwrite theirs with
 * what is left (select(2), section "The timeout"). */
static __always_inline u64 read_timeout(u64 address, u8 how)
{
	struct timespec64 wide = {};
	struct timespec32 narrow = {};
	s32 room = 0;

	if (!address)
		return ~0ULL;
	if (how & TIMEOUT_LENGTH) {
		if (READ_USER(room, address) || room < 0)
			return ~0ULL;
		return room;
	}
	if (how & TIMEOUT_32) {
		if (READ_USER(narrow, address))
			return ~0ULL;
		wide.sec = narrow.sec;
		wide.nsec = narrow.nsec;
	} else if (READ_USER(wide, address)) {
		return ~0ULL;
	}
	if (how & TIMEOUT_TIMEVAL)
		wide.nsec *= 1000;
	return wide.sec * 1000000000ULL + wide.nsec;
}

/* Numbers within socketcall(2) -> calls, as `numbers` has them for direct calls. */
static __always_inline bool unpack_socketcall(struct slot *slot, struct number_entry *entry)
{
	u32 packed[6] = {};
	u32 index = SOCKETCALL_NUMBERS + (u32)slot->args[0];
	struct number_entry *call = numbers.lookup(&index);
	u32 count = 3;

	if (index < SOCKETCALL_NUMBERS || !call || !call->call32)
		return false;
	*entry = *call;
	if (call->arguments)
		count = call->arguments;
	/* Only as many as the call takes: the array may end at a page's end. */
	if (bpf_probe_read_user(packed, at_most(count * 4, sizeof(packed)), (void *)slot->args[1]))
		return false;
#pragma unroll
	for (int i = 0; i < 6; i++)
		slot->args[i] = packed[i];
	return true;
}

/* Set words 0..3, 4..7 and 8..11 from the three sets of select, 256 descriptors of each. */
static __always_inline void read_sets(struct select_sets *sets, const u64 *args)
{
	u64 bytes = at_most(((u32)args[0] + 7) / 8, 32);

	if (!bytes)
		return;
	if (args[1])
		bpf_probe_read_user(&sets->word[0], bytes, (void *)args[1]);
	if (args[2])
		bpf_probe_read_user(&sets->word[4], bytes, (void *)args[2]);
	if (args[3])
		bpf_probe_read_user(&sets->word[8], bytes, (void *)args[3]);
}

static __always_inline void note_file(struct slot *slot, u64 file, const struct config *cfg, bool whole)
{
	struct file_view view;

	view_file(&view, file, cfg->socket_fops);
	slot->inode = view.inode;
	slot->socket = view.socket;
	slot->sk = 0;
	if (!view.inode)
		return;
	slot->sk = sock_of(view.socket);
	if (whole) {
		slot->refs = file_refs(file);
		read_kind(slot->sk, &slot->family, &slot->type, &slot->protocol);
	}
}

/* Fills `slot` for a call that begins. False: it has nothing to do with a socket. */
static __always_inline bool begin(struct slot *slot, u8 class, u64 task, u32 tid, const struct config *cfg)
{
	struct file_view other;
	struct select_sets sets;
	u64 files, file;

	slot->inode = 0;
	slot->other_inode = 0;
	slot->sk = 0;
	slot->socket = 0;
	slot->refs = 0;
	slot->marks = 0;
	slot->family = 0;
	slot->type = 0;
	slot->protocol = 0;
	switch (class) {
	case ENTRY_NONE:
		return true;
	case ENTRY_SELECT:
		__builtin_memset(&sets, 0, sizeof(sets));
		read_sets(&sets, slot->args);
		selects.update(&tid, &sets);
		return true;
	}
	files = files_of(task);
	switch (class) {
	case ENTRY_SOCKET:
		note_file(slot, file_of(files, slot->args[0]), cfg, false);
		return true;
	case ENTRY_FD:
		note_file(slot, file_of(files, slot->args[0]), cfg, false);
		return slot->inode;
	case ENTRY_CLOSE:
		file = file_of(files, slot->args[0]);
		note_file(slot, file, cfg, true);
		/* A number that is not open: the error is worth telling (a double close). */
		return slot->inode || !file;
	case ENTRY_DUP2:
		file = file_of(files, slot->args[1]);
		view_file(&other, file, cfg->socket_fops);
		note_file(slot, file_of(files, slot->args[0]), cfg, false);
		slot->other_inode = other.inode;
		if (other.inode)
			slot->refs = file_refs(file);
		return slot->inode || other.inode;
	case ENTRY_FD3:
		note_file(slot, file_of(files, slot->args[0]), cfg, false);
		if (slot->inode)
			return true;
		note_file(slot, file_of(files, slot->args[2]), cfg, false);
		slot->marks = MARK_SECOND;
		return slot->inode;
	case ENTRY_TARGET:
		note_file(slot, file_of(files, slot->args[2]), cfg, false);
		return slot->inode;
	}
	return false;
}

int on_enter(struct bpf_raw_tracepoint_args *ctx)
{
	u64 pt_regs = ctx->args[0];
	u32 number = ctx->args[1];
	struct number_entry *found, entry;
	struct registers regs;
	struct config *cfg;
	struct slot *slot;
	u64 task, id;
	u32 tid, index = number;
	bool abi32;

	if (index >= SOCKETCALL_NUMBERS)
		return 0;
	found = numbers.lookup(&index);
	if (!found || !(found->call64 | found->call32))
		return 0;
	cfg = configuration();
	if (!cfg)
		return 0;
	task = current_task();
	id = thread_id(task);
	tid = id;
	if (is_stranger(tid, cfg))
		return 0;
	if (!wanted(cfg, id >> 32)) {
		remember_stranger(tid, id >> 32, cfg);
		return 0;
	}
	abi32 = is_abi32(task);
	entry = *found;
	if (!(abi32 ? entry.call32 : entry.call64))
		return 0;
	slot = take_slot(tid, cfg);
	if (!slot) {
		struct cpu_counters *cpu = books();
		if (cpu)
			cpu->slots_full++;
		return 0;
	}
	slot->active = 0;
	read_registers(&regs, pt_regs);
	arguments(slot->args, &regs, abi32);
	slot->number = number;
	slot->abi32 = abi32;
	if (abi32 && entry.class32 == ENTRY_SOCKETCALL && !unpack_socketcall(slot, &entry))
		return 0;
	slot->call = abi32 ? entry.call32 : entry.call64;
	if (!begin(slot, abi32 ? entry.class32 : entry.class64, task, tid, cfg))
		return 0;
	u8 how = abi32 ? entry.timeout32 : entry.timeout64;
	slot->timeout = ~0ULL;
	if (how) {
		u32 which = (how & TIMEOUT_INDEX) - 1;
		if (which < 6)
			slot->timeout = read_timeout(slot->args[which & 7], how);
	}
	slot->start = bpf_ktime_get_ns();
	slot->active = 1;
	return 0;
}

/* Only while socktrace starts: resolves descriptors of our own, so that the offsets can be checked
 * against what fstat(2) says, and learns the operations of sockets. */
int on_enter_check(struct bpf_raw_tracepoint_args *ctx)
{
	struct config *cfg = configuration();
	struct check_result result = {};
	struct registers regs;
	u64 file, inode = 0, socket = 0;
	u64 args[6];
	u32 fd;

	if (!cfg || ctx->args[1] != cfg->check_number || bpf_get_current_pid_tgid() >> 32 != cfg->self)
		return 0;
	read_registers(&regs, ctx->args[0]);
	arguments(args, &regs, false);
	fd = args[0];
	file = file_of(files_of(current_task()), fd);
	READ(result.fops, file + OFF_FILE_F_OP);
	READ(inode, file + OFF_FILE_F_INODE);
	READ(result.inode, inode + OFF_INODE_I_INO);
	READ(socket, file + OFF_FILE_PRIVATE_DATA);
	result.sk = sock_of(socket);
	result.done = inode_of_sock(result.sk) == result.inode && !is_abi32(current_task());
	result.done |= file_refs(file) << 8;
	checks.update(&fd, &result);
	return 0;
}

#endif
