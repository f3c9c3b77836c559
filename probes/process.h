/* SPDX-License-Identifier: MIT */
/* Processes: tracepoints sched_process_fork, _exec, _exit and task_rename. They run in the context of
 * the process they tell of (the parent, for a fork). */
#ifndef SOCKTRACE_PROCESS_H
#define SOCKTRACE_PROCESS_H

static __always_inline struct full_record *process_record(u8 kind, u64 id, u64 task)
{
	struct full_record *record = scratch_record(SCRATCH_PROCESS);

	if (!record)
		return NULL;
	clear_record(record);
	record->head.start = bpf_ktime_get_ns();
	record->head.pid = id >> 32;
	record->head.tid = id;
	record->head.kind = kind;
	record->head.fd = -1;
	record->files = files_of(task);
	record->uid = bpf_get_current_uid_gid();
	bpf_get_current_comm(record->comm, COMM_SIZE);
	return record;
}

/* Runs before the child does: what it inherits is known before its first call, and a process that is to
 * be followed is so from its first instruction. args: parent, child. */
int on_fork(struct bpf_raw_tracepoint_args *ctx)
{
	u64 task = ctx->args[0], child = ctx->args[1];
	u64 id = bpf_get_current_pid_tgid();
	struct config *cfg = configuration();
	struct full_record *record;
	u32 parent_pid = id >> 32, child_pid = 0;
	u8 yes = 1;

	READ(child_pid, child + OFF_TASK_STRUCT_TGID);
	if (child_pid != parent_pid)
		ended.delete(&child_pid);
	if (!cfg || child_pid == parent_pid || !wanted(cfg, parent_pid))
		return 0;
	if (cfg->mode & MODE_FOLLOW)
		targets.update(&child_pid, &yes);
	record = process_record(KIND_FORK, id, task);
	if (!record)
		return 0;
	record->head.ret = child_pid;
	record->args[0] = files_of(child);
	emit_life(record);
	return 0;
}

/* Descriptors marked close-on-exec are closed by now, and the new program's arguments are in place.
 * args: task, old pid, bprm. */
int on_exec(struct bpf_raw_tracepoint_args *ctx)
{
	u64 task = ctx->args[0], mm = 0, begin = 0, end = 0;
	u64 id = bpf_get_current_pid_tgid();
	struct config *cfg = configuration();
	struct full_record *record;
	u32 old_tid = ctx->args[1];
	u64 length;

	/* A thread that was not the leader is from now on, and has its number: execve(2). */
	if (cfg && old_tid != (u32)id)
		leave_slot(old_tid, cfg);
	if (!cfg || !wanted(cfg, id >> 32))
		return 0;
	record = process_record(KIND_EXEC, id, task);
	if (!record)
		return 0;
	READ(mm, task + OFF_TASK_STRUCT_MM);
	READ(begin, mm + OFF_MM_STRUCT_ARG_START);
	READ(end, mm + OFF_MM_STRUCT_ARG_END);
	length = at_most(end - begin, BLOB_SIZE);
	if (length && !bpf_probe_read_user(record->blob, length, (void *)begin))
		record->blob_length = length;
	emit_life(record);
	return 0;
}

/* Fires for every thread, before its descriptor table is let go. args: task. */
int on_exit_thread(struct bpf_raw_tracepoint_args *ctx)
{
	u64 task = ctx->args[0], files, signal = 0;
	u64 id = bpf_get_current_pid_tgid();
	struct config *cfg = configuration();
	struct full_record *record;
	u32 pid = id >> 32, tid = id, users = 0;
	s32 live = 0, code = 0;
	u8 yes = 1;

	if (!cfg)
		return 0;
	leave_slot(tid, cfg);
	if (!wanted(cfg, pid))
		return 0;
	record = process_record(KIND_EXIT, id, task);
	if (!record)
		return 0;
	READ(signal, task + OFF_TASK_STRUCT_SIGNAL);
	READ(live, signal + OFF_SIGNAL_STRUCT_LIVE);
	READ(code, task + OFF_TASK_STRUCT_EXIT_CODE);
	READ(users, record->files + OFF_FILES_STRUCT_COUNT);
	record->head.ret = code;
	record->head.length = users;
	/* The count goes down before this tracepoint: threads that end at once can all find it at 0, and the
	 * first of them is as good as the last, since none will make a call again. */
	if (live <= 0 && !ended.insert(&pid, &yes)) {
		record->head.flags |= FLAG_LAST_THREAD;
		targets.delete(&pid);
	}
	emit_life(record);
	return 0;
}

/* prctl(PR_SET_NAME) and writes to /proc/PID/comm. args: task, new name. */
int on_rename(struct bpf_raw_tracepoint_args *ctx)
{
	u64 task = ctx->args[0];
	u64 id = bpf_get_current_pid_tgid();
	struct config *cfg = configuration();
	struct full_record *record;
	u32 pid = 0, tid = 0;

	READ(pid, task + OFF_TASK_STRUCT_TGID);
	READ(tid, task + OFF_TASK_STRUCT_PID);
	if (!cfg || !wanted(cfg, pid))
		return 0;
	record = process_record(KIND_RENAME, id, task);
	if (!record)
		return 0;
	record->head.pid = pid;
	record->head.tid = tid;
	bpf_probe_read_kernel(record->comm, COMM_SIZE, (void *)ctx->args[1]);
	emit_life(record);
	return 0;
}

#endif
