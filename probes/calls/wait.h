/* SPDX-License-Identifier: MIT */
/* Calls that wait for several descriptors at once, where there is more to tell than tell_wait() in exit.h has room for. Which of them are sockets is found out by the reader,
 * who knows the descriptor table. */

static __always_inline void polled(struct full_record *record)
{
	record->head.fd = -1;
	copy_blob(record, record->args[0], 8 * (s64)(u32)record->args[1]);
	send_wide(record);
}

EXIT(poll)
{
	polled(record);
}

EXIT(ppoll)
{
	polled(record);
}

EXIT(ppoll_time64)
{
	polled(record);
}

/* The sets asked for come from the call's beginning, those ready are in the program's memory now. */
static __always_inline void selected(struct full_record *record)
{
	struct select_sets *asked, ready;
	u32 tid = record->head.tid;

	record->head.fd = -1;
	asked = selects.lookup(&tid);
	if (asked) {
		__builtin_memset(&ready, 0, sizeof(ready));
		if (record->head.ret > 0)
			read_sets(&ready, record->args);
		__builtin_memcpy(record->blob, asked, sizeof(*asked));
		__builtin_memcpy(record->blob + sizeof(*asked), &ready, sizeof(ready));
		record->blob_length = 2 * sizeof(ready);
		selects.delete(&tid);
	}
	send_wide(record);
}

EXIT(select)
{
	selected(record);
}

EXIT(_newselect)
{
	selected(record);
}

EXIT(pselect6)
{
	selected(record);
}

EXIT(pselect6_time64)
{
	selected(record);
}

EXIT(epoll_ctl)
{
	record->head.fd = record->args[2];
	copy_blob(record, record->args[3], EPOLL_EVENT_SIZE);
	send_life(record);
}

static __always_inline void epoll_waited(struct full_record *record)
{
	if (record->head.ret > 0)
		copy_blob(record, record->args[1], EPOLL_EVENT_SIZE * (s64)record->head.ret);
	send_wide(record);
}

EXIT(epoll_wait)
{
	epoll_waited(record);
}

EXIT(epoll_pwait)
{
	epoll_waited(record);
}

EXIT(epoll_pwait2)
{
	epoll_waited(record);
}
