/* SPDX-License-Identifier: MIT */
/* Socket options: getsockopt(2), setsockopt(2). */

EXIT(setsockopt)
{
	copy_blob(record, record->args[3], (s32)record->args[4]);
	send_life(record);
}

EXIT(getsockopt)
{
	s32 length = 0;

	if (record->head.ret == 0) {
		READ_USER(length, record->args[4]);
		copy_blob(record, record->args[3], length);
	}
	send_wide(record);
}
