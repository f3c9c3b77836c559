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

/* A thread that is of no interest is looked up in the map of those that are, which costs more than all else that
 * is done for it: so its slot remembers. Its process can come to be of interest, but by the loader only: what a
 * process of interest forks has new threads. */
static __always_inline bool is_stranger(u32 tid, const struct config *cfg)
{
	u32 index = tid & (cfg->slots - 1);
	struct slot *slot = slots.lookup(&index);

	return slot && slot->owner == tid && slot->stranger == cfg->targets_version;
}

static __always_inline void remember_stranger(u32 tid, u32 pid, const struct config *cfg)
{
	u32 index = tid & (cfg->slots - 1);
	struct slot *slot;

	if (!(cfg->mode & MODE_TARGETS) || targets.lookup(&pid))
		return; /* by user or control group, which it may change */
	slot = slots.lookup(&index);
	if (slot && (slot->owner == tid || (!slot->owner && take(&slot->owner, tid)))) {
		slot->active = 0;
		slot->stranger = cfg->targets_version;
	}
}

/* The thread has ended. */
static __always_inline void leave_slot(u32 tid, const struct config *cfg)
{
	u32 index = tid & (cfg->slots - 1);
	struct slot *slot = slots.lookup(&index);

	if (slot && slot->owner == tid) {
		slot->active = 0;
		slot->stranger = 0;
		slot->owner = 0;
	}
	/* A thread whose call was in progress when we attached has been in both. */
	crowded.delete(&tid);
}

#endif
