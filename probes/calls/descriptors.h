/* SPDX-License-Identifier: MIT */
/* Calls that copy descriptors or change what hangs on them. */

#define F_DUPFD 0
#define F_SETFD 2
#define F_SETFL 4
#define F_DUPFD_CLOEXEC 1030

#define FIONREAD 0x541B
#define FIONBIO 0x5421
#define FIONCLEX 0x5450
#define FIOCLEX 0x5451

EXIT(dup)
{
	send_life(record);
}

/* record->socket.refs, for what newfd named, goes with that socket. */
static __always_inline void duplicated(struct full_record *record)
{
	record->other.refs = record->socket.refs;
	record->socket.refs = 0;
	record->other_fd = record->args[1];
	send_life(record);
}

EXIT(dup2)
{
	duplicated(record);
}

EXIT(dup3)
{
	duplicated(record);
}

static __always_inline void controlled(struct full_record *record)
{
	u32 command = record->args[1];

	if (command == F_DUPFD || command == F_DUPFD_CLOEXEC || command == F_SETFD || command == F_SETFL)
		send_life(record);
	else
		send_wide(record);
}

EXIT(fcntl)
{
	controlled(record);
}

EXIT(fcntl64)
{
	controlled(record);
}

EXIT(ioctl)
{
	u32 request = record->args[1];

	if (request == FIOCLEX || request == FIONCLEX) {
		send_life(record);
		return;
	}
	if (request == FIONBIO || request == FIONREAD)
		copy_blob(record, record->args[2], 4);
	if (request == FIONBIO)
		send_life(record);
	else
		send_wide(record);
}

EXIT(pidfd_getfd)
{
	if (record->head.ret < 0 || !view_made(record, &record->socket, cfg))
		return; /* not a socket: none of our business */
	record->head.inode = record->socket.inode;
	send_life(record);
}
