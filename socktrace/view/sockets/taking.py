"""Copying numbers of sockets' lives into the columns of a store, while the source is held."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from socktrace.lines import Blocked, Sample, SocketLife
from socktrace.view.sockets.store import UNKNOWN, Flags, Slots, Store


class Waits(NamedTuple):
    """What waits for a socket."""

    call: str
    since: int
    threads: int


def numbers(store: Store, at: Slots, lives: Sequence[SocketLife]) -> None:
    """Copy what is needed of each socket that a call was made on, and no more.

    With 50,000 sockets hardly any of it is in the processor's caches, so each attribute counts.
    """
    size = len(lives)
    store.bytes_in[at] = np.fromiter([life.bytes_in for life in lives], np.int64, size)
    store.bytes_out[at] = np.fromiter([life.bytes_out for life in lives], np.int64, size)
    used = [UNKNOWN if life.last_used is None else life.last_used for life in lives]
    store.used[at] = np.fromiter(used, np.int64, size)


def counts(store: Store, at: Slots, lives: Sequence[SocketLife]) -> Flags:
    """Add up calls and errors of sockets; tell which of them have other kinds or more errors."""
    calls, errors, size = [], [], len(lives)
    for life in lives:
        count = failed = 0
        for total in life.calls.values():
            count += total.count
            if total.errors:
                failed += sum(total.errors.values())
        calls.append(count)
        errors.append(failed)
    store.calls[at] = np.fromiter(calls, np.int64, size)
    failures = np.fromiter(errors, np.int64, size)
    kinds = np.fromiter([len(life.calls) for life in lives], np.int64, size)
    other: Flags = (failures != store.errors[at]) | (kinds != store.kinds[at])
    store.errors[at], store.kinds[at] = failures, kinds
    return other


def totals(store: Store, slot: int, life: SocketLife) -> None:
    """Take every number that calls change, of one socket."""
    store.bytes_in[slot], store.bytes_out[slot] = life.bytes_in, life.bytes_out
    store.used[slot] = UNKNOWN if life.last_used is None else life.last_used
    every = life.calls.values()
    store.calls[slot] = sum([total.count for total in every])
    store.errors[slot] = sum([sum(total.errors.values()) for total in every if total.errors])
    store.kinds[slot] = len(every)


def sample(store: Store, slot: int, told: Sample | None) -> None:
    """Take the lengths of a socket's queues."""
    received = told.receive_queue if told is not None else None
    sent = told.send_queue if told is not None else None
    store.receive_queue[slot] = UNKNOWN if received is None else received
    store.send_queue[slot] = UNKNOWN if sent is None else sent


def waits_of(
    blocked: Mapping[int, Sequence[Blocked]], slots: Mapping[int, int], hidden: frozenset[int]
) -> dict[int, Waits]:
    """By slot: what waits the longest, and in how many threads; without hidden processes."""
    found = {}
    for number, calls in blocked.items():
        slot = slots.get(number)
        ours = [call for call in calls if call.pid not in hidden]
        if slot is not None and ours:
            longest = min(ours, key=_since)
            found[slot] = Waits(longest.call, longest.since, len(ours))
    return found


def _since(call: Blocked) -> int:
    return call.since
