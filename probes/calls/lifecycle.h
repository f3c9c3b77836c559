/* SPDX-License-Identifier: MIT */
/* Calls that make a socket, name it, connect it and end it. */

EXIT(socket)
{
	if (record->head.ret >= 0 && !view_made(record, &record->socket, cfg))
		return; /* closed by another thread before we looked */
	record->head.fd = -1;
	record->head.inode = record->socket.inode;
	send_life(record);
}

EXIT(socketpair)
{
	s32 sv[2] = { -1, -1 };

	record->head.fd = -1;
	if (record->head.ret == 0) {
		if (READ_USER(sv, record->args[3]))
			record->head.flags |= FLAG_UNREADABLE;
		view_descriptor(&record->socket, record->files, sv[0], cfg->socket_fops);
		view_descriptor(&record->other, record->files, sv[1], cfg->socket_fops);
		__builtin_memcpy(record->blob, sv, sizeof(sv));
		record->blob_length = sizeof(sv);
		record->other_fd = sv[1];
		record->head.inode = record->socket.inode;
	}
	send_life(record);
}

EXIT(bind)
{
	copy_address(record, record->args[1], record->args[2]);
	send_life(record);
}

EXIT(connect)
{
	copy_address(record, record->args[1], record->args[2]);
	send_life(record);
}

EXIT(listen)
{
	if (cfg->mode && !record->head.ret)
		know(KNOWN_PORT | record->socket.local_port);
	send_life(record);
}

EXIT(shutdown)
{
	send_life(record);
}

/* The listener is what the call was made on; what it made becomes the record's socket. */
static __always_inline void accepted(struct full_record *record, struct config *cfg)
{
	record->other = record->socket;
	record->other_fd = record->head.fd;
	clear_view(&record->socket);
	copy_returned_address(record, record->args[1], record->args[2]);
	if (record->head.ret >= 0) {
		view_made(record, &record->socket, cfg);
		send_life(record);
	} else {
		send_wide(record);
	}
}

EXIT(accept)
{
	accepted(record, cfg);
}

EXIT(accept4)
{
	accepted(record, cfg);
}

EXIT(close)
{
	if (record->head.inode)
		send_life(record);
	else if (record->head.ret == -EBADF)
		send_wide(record);
}

EXIT(close_range)
{
	record->head.fd = -1;
	send_life(record);
}

EXIT(getsockname)
{
	copy_returned_address(record, record->args[1], record->args[2]);
	send_wide(record);
}

EXIT(getpeername)
{
	copy_returned_address(record, record->args[1], record->args[2]);
	send_wide(record);
}
