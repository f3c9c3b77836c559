/* SPDX-License-Identifier: MIT */
/* What the programs of the single calls share. Each is reached by a tail call from on_exit, finds the
 * common part of its record in the scratch space, adds its own and sends it off. */
#ifndef SOCKTRACE_CALLS_COMMON_H
#define SOCKTRACE_CALLS_COMMON_H

/* EXIT(connect) { ... } is the program of connect; `record` is its record, `cfg` the configuration. */
#define EXIT(name)                                                                                \
	static __always_inline void exit_##name(struct bpf_raw_tracepoint_args *ctx,             \
						struct full_record *record, struct config *cfg); \
	int on_##name(struct bpf_raw_tracepoint_args *ctx)                                        \
	{                                                                                         \
		struct full_record *record = scratch_record(SCRATCH_CALL);                        \
		struct config *cfg = configuration();                                             \
		if (record && cfg)                                                                \
			exit_##name(ctx, record, cfg);                                            \
		return 0;                                                                         \
	}                                                                                         \
	static __always_inline void exit_##name(struct bpf_raw_tracepoint_args *ctx,             \
						struct full_record *record, struct config *cfg)

static __always_inline void note_unreadable(struct full_record *record)
{
	struct cpu_counters *cpu;

	if (!(record->head.flags & FLAG_UNREADABLE))
		return;
	cpu = books();
	if (cpu)
		cpu->unreadable++;
}

static __always_inline void send_life(struct full_record *record)
{
	note_unreadable(record);
	emit_life(record);
}

static __always_inline void send_wide(struct full_record *record)
{
	note_unreadable(record);
	emit_wide(record);
}

static __always_inline void copy_address(struct full_record *record, u64 address, s32 length)
{
	u64 size = at_most(length, ADDRESS_SIZE);

	if (!address || !size)
		return;
	if (bpf_probe_read_user(record->address, size, (void *)address))
		record->head.flags |= FLAG_UNREADABLE;
	else
		record->address_length = size;
}

/* An address whose length is behind a pointer, as accept and getsockname return it. */
static __always_inline void copy_returned_address(struct full_record *record, u64 address, u64 length_at)
{
	s32 length = 0;

	if (!address || !length_at)
		return;
	if (READ_USER(length, length_at))
		record->head.flags |= FLAG_UNREADABLE;
	else
		copy_address(record, address, length);
}

static __always_inline void copy_blob(struct full_record *record, u64 address, s64 length)
{
	u64 size = at_most(length, BLOB_SIZE);

	if (!address || !size)
		return;
	if (bpf_probe_read_user(record->blob, size, (void *)address))
		record->head.flags |= FLAG_UNREADABLE;
	else
		record->blob_length = size;
}

/* The socket a call made: `ret` is its descriptor, in the table already. */
static __always_inline bool view_made(struct full_record *record, struct socket_view *view,
				      const struct config *cfg)
{
	return view_descriptor(view, record->files, record->head.ret, cfg->socket_fops);
}

#if PAYLOAD_SIZE > 0
/* The verifier bounds the place and the length apart, not their sum: scratch_space has as much room again
 * behind the payload, which is never sent. */
static __always_inline void copy_payload_at(struct full_record *record, u64 buffer, s64 length)
{
	u64 at = at_most(record->payload_length, PAYLOAD_SIZE);
	u64 size = at_most(length, PAYLOAD_SIZE - at);

	size = at_most(size, PAYLOAD_SIZE);
	if (!buffer || !size)
		return;
	if (bpf_probe_read_user(record->payload + at, size, (void *)buffer))
		record->head.flags |= FLAG_UNREADABLE;
	else
		record->payload_length = at + size;
}
#else
#define copy_payload_at(record, buffer, length)
#endif

/* struct iovec of either ABI. */
struct buffer {
	u64 base;
	u64 length;
};

static __always_inline int read_buffer(struct buffer *buffer, u64 iov, u32 index, bool abi32)
{
	u32 narrow[2] = {};

	if (!abi32)
		return READ_USER(*buffer, iov + 16ULL * index);
	if (READ_USER(narrow, iov + 8ULL * index))
		return -1;
	buffer->base = narrow[0];
	buffer->length = narrow[1];
	return 0;
}

#define BUFFERS_READ 8

/* The bytes that an iovec describes (of its first BUFFERS_READ entries); `moved` of them are payload. */
static __always_inline u64 walk_buffers(struct full_record *record, u64 iov, u64 count, s64 moved)
{
	struct buffer buffer = {};
	u64 sum = 0;

	if (count > BUFFERS_READ)
		count = BUFFERS_READ;
	for (u32 i = 0; i < BUFFERS_READ; i++) {
		if (i >= count)
			break;
		if (read_buffer(&buffer, iov, i, record->head.flags & FLAG_ABI32)) {
			record->head.flags |= FLAG_UNREADABLE;
			break;
		}
		sum += buffer.length;
#if PAYLOAD_SIZE > 0
		if (moved > 0) {
			s64 part = buffer.length;
			if (part > moved)
				part = moved;
			copy_payload_at(record, buffer.base, part);
			moved -= part;
		}
#endif
	}
	return sum;
}

#endif
