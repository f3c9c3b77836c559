/* SPDX-License-Identifier: MIT */
/* Putting records into the rings, and the books of what found no room. */
#ifndef SOCKTRACE_EMIT_H
#define SOCKTRACE_EMIT_H

static __always_inline struct config *configuration(void)
{
	int zero = 0;

	return config.lookup(&zero);
}

static __always_inline struct full_record *scratch_record(int which)
{
	struct scratch_space *space = scratch.lookup(&which);

	return space ? &space->record : NULL;
}

static __always_inline struct cpu_counters *books(void)
{
	int zero = 0;

	return counters.lookup(&zero);
}

#define MESSAGE_MOVED 20 /* offset of struct message_blob's last member */

/* Adds one to a counter; what it was before. */
static __always_inline u32 next_number(u64 *counter)
{
#if HAVE_ATOMIC_FETCH
	return __sync_fetch_and_add(counter, 1);
#else
	/* Two instructions: a softirq between them takes the same number, which then looks like no hole. */
	u32 number = *counter;

	__sync_fetch_and_add(counter, 1);
	return number;
#endif
}

/* The books are atomic, though they are this CPU's own: a softirq can come between. The sequence number is
 * taken before the room is, so that a loss leaves a hole. Readers come on a timer: nobody is woken. (Two
 * functions with the same body: bcc wants a map's name where its method is called.) */
static __always_inline void emit_life(struct full_record *record)
{
	struct cpu_counters *cpu = books();

	if (!cpu)
		return;
	record->head.cpu = bpf_get_smp_processor_id();
	record->head.sequence = next_number(&cpu->life.attempted);
	if (life_ring.ringbuf_output(record, sizeof(*record), BPF_RB_NO_WAKEUP))
		__sync_fetch_and_add(&cpu->life.lost, 1);
}

/* What could not even be put together. */
static __always_inline void count_lost_life(void)
{
	struct cpu_counters *cpu = books();

	if (!cpu)
		return;
	__sync_fetch_and_add(&cpu->life.attempted, 1);
	__sync_fetch_and_add(&cpu->life.lost, 1);
}

/* The total of `key` in the table of this CPU; NULL: its place is another's. */
static __always_inline struct fold_total *fold_place_of(const struct fold_key *key, const struct config *cfg)
{
	u32 mixed = (key->inode ^ key->pid << 16) + key->call * 89 + key->way * 7 + key->error;
	u32 index = (mixed * 2654435769u >> 16) & (cfg->fold_places - 1);
	const u64 *wanted = (const u64 *)key, *found;
	struct fold_place *place;

	index += ((key->epoch & 1) * cfg->cpus + key->cpu) * cfg->fold_places;
	place = fold_places.lookup(&index);
	if (!place)
		return NULL;
	found = (const u64 *)&place->key;
	if (!place->total.calls)
		place->key = *key;
	else if (found[0] != wanted[0] || found[1] != wanted[1])
		return NULL;
	return &place->total;
}

static __always_inline struct fold_total *fold_in_map(const struct fold_key *key)
{
	struct fold_total zero, *total = folds.lookup((struct fold_key *)key);

	if (total)
		return total;
	__builtin_memset(&zero, 0, sizeof(zero));
	folds.update((struct fold_key *)key, &zero);
	return folds.lookup((struct fold_key *)key);
}

/* Adds calls up, under `key`; `bytes` is what they moved. */
static __always_inline struct fold_total *add_to_fold(const struct fold_key *key, const struct config *cfg, u32 calls,
						      u64 bytes, u64 start, u64 now)
{
	struct fold_total *total = fold_place_of(key, cfg);

	if (!total)
		total = fold_in_map(key);
	if (!total) {
		struct cpu_counters *cpu = books();
		if (cpu)
			cpu->folds_full += calls;
		return NULL;
	}
	if (!total->calls)
		total->first = start;
	total->calls += calls;
	total->bytes += bytes;
	total->time += now - start;
	total->last = now;
	return total;
}

/* Adds up a call that would have gone into the wide ring. What sendmmsg and recvmmsg return is a number of messages: their bytes are in the
 * blob (struct message_blob). */
static __always_inline void fold_wide(const struct full_record *record, const struct config *cfg, u8 way)
{
	const struct data_record *head = &record->head;
	struct fold_total *total;
	struct fold_key key = {};
	u64 bytes = head->ret;

	key.call = head->call;
	switch (key.call) {
	case CALL_SENDMMSG:
	case CALL_RECVMMSG:
	case CALL_RECVMMSG_TIME64:
		bytes = *(const u32 *)(record->blob + MESSAGE_MOVED);
		break;
	case CALL_SENDMSG:
	case CALL_RECVMSG:
		break;
	default:
		/* A wait moves no bytes. */
		if (key.call < CALL_FIRST_DATA || key.call > CALL_LAST_DATA)
			bytes = 0;
	}
	key.inode = head->inode;
	key.pid = head->pid;
	key.way = way;
	key.cpu = head->cpu;
	key.epoch = cfg->epoch;
	if (head->ret < 0) {
		key.error = -head->ret;
		bytes = 0;
	}
	total = add_to_fold(&key, cfg, 1, bytes, head->start, head->start + head->duration);
	if (total) {
		total->tid = head->tid;
		total->fd = head->fd;
	}
}

/* Of the calls that go into the wide ring, those that move bytes or wait: they come by the thousand. */
static __always_inline bool comes_often(u32 call)
{
	switch (call) {
	case CALL_SENDMSG:
	case CALL_RECVMSG:
	case CALL_SENDMMSG:
	case CALL_RECVMMSG:
	case CALL_RECVMMSG_TIME64:
	case CALL_SELECT:
	case CALL__NEWSELECT:
	case CALL_PSELECT6:
	case CALL_PSELECT6_TIME64:
		return true;
	}
	return false;
}

static __always_inline void emit_wide(struct full_record *record)
{
	struct cpu_counters *cpu = books();
	struct config *cfg = configuration();

	if (!cpu || !cfg)
		return;
	record->head.cpu = bpf_get_smp_processor_id();
	if (cfg->folded && comes_often(record->head.call)) {
		fold_wide(record, cfg, 0);
		return;
	}
	record->head.sequence = next_number(&cpu->wide.attempted);
	if (wide_ring.ringbuf_output(record, sizeof(*record), BPF_RB_NO_WAKEUP)) {
		__sync_fetch_and_add(&cpu->wide.lost, 1);
		fold_wide(record, cfg, WAY_LOST | WAY_WIDE);
	}
}

/* The control group that the running task is in, or that is above it, at depth `level`; 0: there is none. The
 * helper is for programs like ours since 5.15; up to 6.0 a group has the numbers of those above it. */
static __always_inline u64 cgroup_at(u32 level)
{
#if OFF_CGROUP_ANCESTOR_IDS >= 0
	u64 css_set = 0, group = 0, number = 0;
	u32 depth = 0;

	READ(css_set, current_task() + OFF_TASK_STRUCT_CGROUPS);
	READ(group, css_set + OFF_CSS_SET_DFL_CGRP);
	READ(depth, group + OFF_CGROUP_LEVEL);
	if (level > depth)
		return 0;
	READ(number, group + OFF_CGROUP_ANCESTOR_IDS + 8ULL * level);
	return number;
#else
	return bpf_get_current_ancestor_cgroup_id(level);
#endif
}

/* Who may be shown: never ourselves, and of the rest those that were asked for. */
static __always_inline bool wanted(const struct config *cfg, u32 pid)
{
	if (pid == cfg->self)
		return false;
	if (!cfg->mode)
		return true;
	if (cfg->mode & MODE_TARGETS && !targets.lookup(&pid))
		return false;
	if (cfg->mode & MODE_UID && (u32)bpf_get_current_uid_gid() != cfg->uid)
		return false;
	if (cfg->mode & MODE_CGROUP && cgroup_at(cfg->cgroup_level) != cfg->cgroup_id)
		return false;
	return true;
}

static __always_inline void know(u64 key)
{
	u8 yes = 1;

	if (!known.lookup(&key))
		known.update(&key, &yes);
}

/* A socket of a process that is of interest. */
static __always_inline void know_socket(const struct config *cfg, u32 inode)
{
	if (cfg && cfg->mode && inode)
		know(inode);
}

static __always_inline void clear_view(struct socket_view *view)
{
	__builtin_memset(view, 0, sizeof(*view));
}

/* Everything but the blob, the address and the payload, whose lengths say that they are not there. */
static __always_inline void clear_record(struct full_record *record)
{
	__builtin_memset(&record->head, 0, sizeof(record->head));
	clear_view(&record->socket);
	clear_view(&record->other);
	record->files = 0;
	record->timeout = ~0ULL;
	record->other_fd = -1;
	record->uid = 0;
	record->address_length = 0;
	record->blob_length = 0;
	record->payload_length = 0;
}

/* The socket that descriptor `fd` of the running task names, seen whole. True if it is one. */
static __always_inline bool view_descriptor(struct socket_view *view, u64 files, s32 fd, u64 socket_fops)
{
	struct file_view file;

	view_file(&file, file_of(files, fd), socket_fops);
	if (!file.inode)
		return false;
	know_socket(configuration(), file.inode);
	view_sock(view, sock_of(file.socket));
	view->inode = file.inode;
	return true;
}

#endif
