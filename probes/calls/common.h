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

/* An address whose length is behind a pointer, as accept and getsockname return it: the whole length, though
 * no more was written than there was room for when the call began. That was read like a timeout. */
static __always_inline void copy_returned_address(struct full_record *record, u64 address, u64 length_at)
{
	u64 room = record->timeout;
	s32 length = 0;

	record->timeout = ~0ULL;
	if (record->head.ret < 0 || !address || !length_at)
		return;
	if (READ_USER(length, length_at))
		record->head.flags |= FLAG_UNREADABLE;
	else
		copy_address(record, address, at_most(length, room));
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

#define BUFFERS_READ 8

/* The first entries of an array of struct iovec, of either ABI: base, length, base, length ... */
union buffers {
	u64 word[2 * BUFFERS_READ];
	u32 narrow[2 * BUFFERS_READ];
};

/* The bytes that an iovec describes (of its first BUFFERS_READ entries); `moved` of them are payload, of which
 * those in the first `kept` entries are kept. All entries are read at once: a loop of reads would be slower
 * here, and much slower for the verifier. */
static __always_inline u64 walk_buffers(struct full_record *record, u64 iov, u64 count, s64 moved, int kept)
{
	bool abi32 = record->head.flags & FLAG_ABI32;
	union buffers buffers = {};
	u64 sum = 0, bytes = at_most(count, BUFFERS_READ) * (abi32 ? 8 : 16);

	bytes = at_most(bytes, sizeof(buffers));
	if (!bytes)
		return 0;
	if (bpf_probe_read_user(&buffers, bytes, (void *)iov)) {
		record->head.flags |= FLAG_UNREADABLE;
		return 0;
	}
	if (abi32) {
#pragma unroll
		for (int i = 0; i < BUFFERS_READ; i++)
			sum += buffers.narrow[2 * i + 1];
	} else {
#pragma unroll
		for (int i = 0; i < BUFFERS_READ; i++)
			sum += buffers.word[2 * i + 1];
	}
#if PAYLOAD_SIZE > 0
#pragma unroll
	for (int i = 0; i < 2 * kept; i += 2) {
		s64 part = abi32 ? buffers.narrow[i + 1] : buffers.word[i + 1];

		if (moved <= 0)
			break;
		if (part > moved)
			part = moved;
		copy_payload_at(record, abi32 ? buffers.narrow[i] : buffers.word[i], part);
		moved -= part;
	}
#endif
	return sum;
}

#endif
