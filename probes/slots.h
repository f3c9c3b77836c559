/* SPDX-License-Identifier: MIT */
/* Where a thread's call in progress is noted: maps.h, `slots` and `crowded`. */
#ifndef SOCKTRACE_SLOTS_H
#define SOCKTRACE_SLOTS_H

/* The slot of a thread that has one. */
static __always_inline struct slot *slot_of(u32 tid, const struct config *cfg)
{
	u32 index = tid & (cfg->slots - 1);
	struct slot *slot = slots.lookup(&index);

	if (slot && slot->owner == tid)
		return slot;
	return crowded.lookup(&tid);
}

static __always_inline bool take(u64 *owner, u64 tid)
{
#if HAVE_ATOMIC_FETCH
	return __sync_val_compare_and_swap(owner, 0, tid) == 0;
#else
	/* Two threads with the same lowest bits that make their first calls at the same instant: the first
	 * one's call is taken for the second's. */
	*owner = tid;
	return true;
#endif
}

/* The slot of a thread, which gets one if it has none. NULL: there is no room. */
static __always_inline struct slot *take_slot(u32 tid, const struct config *cfg)
{
	u32 index = tid & (cfg->slots - 1);
	struct slot *slot = slots.lookup(&index), fresh;

	if (slot && (slot->owner == tid || (!slot->owner && take(&slot->owner, tid))))
		return slot;
	slot = crowded.lookup(&tid);
	if (slot)
		return slot;
	__builtin_memset(&fresh, 0, sizeof(fresh));
	fresh.owner = tid;
	crowded.update(&tid, &fresh);
	return crowded.lookup(&tid);
}

/* The thread has ended. */
static __always_inline void leave_slot(u32 tid, const struct config *cfg)
{
	u32 index = tid & (cfg->slots - 1);
	struct slot *slot = slots.lookup(&index);

	if (slot && slot->owner == tid) {
		slot->active = 0;
		slot->owner = 0;
	} else {
		crowded.delete(&tid);
	}
}

#endif
