/* SPDX-License-Identifier: MIT */
/* Calls that move bytes, where a fixed record did not hold all there is to tell: an AF_UNIX address, a
 * payload that was asked for. All others were told by tell_data() in exit.h. */

static __always_inline void tell_whole(struct full_record *record)
{
	fill_data(&record->head, record->head.call, record->args, record->socket.sk, record->head.ret,
		  record->timeout);
	send_wide(record);
}

static __always_inline void tell_buffer(struct full_record *record)
{
	copy_payload_at(record, record->args[1], record->head.ret);
	tell_whole(record);
}

static __always_inline void tell_vector(struct full_record *record)
{
#if PAYLOAD_SIZE > 0
	walk_buffers(record, record->args[1], record->args[2], record->head.ret, BUFFERS_READ);
#endif
	tell_whole(record);
}

EXIT(read)
{
	tell_buffer(record);
}

EXIT(write)
{
	tell_buffer(record);
}

EXIT(send)
{
	tell_buffer(record);
}

EXIT(recv)
{
	tell_buffer(record);
}

EXIT(sendto)
{
	copy_address(record, record->args[4], record->args[5]);
	tell_buffer(record);
}

EXIT(recvfrom)
{
	copy_returned_address(record, record->args[4], record->args[5]);
	tell_buffer(record);
}

EXIT(readv)
{
	tell_vector(record);
}

EXIT(writev)
{
	tell_vector(record);
}

EXIT(preadv2)
{
	tell_vector(record);
}

EXIT(pwritev2)
{
	tell_vector(record);
}

/* No buffer of the program's: the bytes go from file to socket within the kernel. */
EXIT(sendfile)
{
	tell_whole(record);
}

EXIT(sendfile64)
{
	tell_whole(record);
}

EXIT(splice)
{
	tell_whole(record);
}
