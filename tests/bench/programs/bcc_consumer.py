"""Reads records from a ring buffer as bcc's users do: by a callback for each.

usage: bcc_consumer.py adding|nothing SIZE EVENTS BATCHES

A program in the kernel writes EVENTS records of SIZE bytes, then they are consumed, BATCHES times
over; only consuming is timed. "adding" looks at each record and adds up one field by another, as
little as a tool can do; "nothing" does not even look. Prints JSON: events, and seconds of CPU time.

For the interpreter that has bcc.
"""

import json
import os
import sys
import time
from collections import defaultdict

from bcc import BPF

AT_ONCE = 50
"""Records that one system call makes the program write."""
HEAD = 32
SOURCE = """
struct record {
    u64 start, duration;
    u32 pid, inode, ret, cpu;
    u8 rest[REST];
};
BPF_RINGBUF_OUTPUT(ring, 2048);
BPF_ARRAY(lost, u64, 1);

RAW_TRACEPOINT_PROBE(sys_enter)
{
    struct record record = {};

    // The tracepoint's arguments: registers, number of the call.
    if (ctx->args[1] != CALL || bpf_get_current_pid_tgid() >> 32 != PROCESS)
        return 0;
    record.start = bpf_ktime_get_ns();
    record.inode = 1;
    record.ret = RET;
#pragma unroll
    for (int i = 0; i < AT_ONCE; i++)
        if (ring.ringbuf_output(&record, sizeof(record), BPF_RB_NO_WAKEUP))
            lost.increment(0);
    return 0;
}
"""
RET = 16
GETPGID = 121
"""Its number on x86-64: a system call that nothing else here makes."""

adding = sys.argv[1] == "adding"
size, events, batches = map(int, sys.argv[2:])
macros = {
    "REST": size - HEAD,
    "RET": RET,
    "AT_ONCE": AT_ONCE,
    "CALL": GETPGID,
    "PROCESS": os.getpid(),
}
bpf = BPF(text=SOURCE, cflags=["-w", *(f"-D{name}={value}" for name, value in macros.items())])
ring = bpf["ring"]
totals: defaultdict[int, int] = defaultdict(int)


def add(_context: object, data: object, _size: int) -> None:
    """Look at a record."""
    event = ring.event(data)
    totals[event.inode] += event.ret


def ignore(_context: object, _data: object, _size: int) -> None:
    """Let it go."""


ring.open_ring_buffer(add if adding else ignore)
seconds = 0.0
for _ in range(batches):
    for _ in range(events // AT_ONCE):
        os.getpgid(0)
    begin = time.thread_time()
    bpf.ring_buffer_consume()
    seconds += time.thread_time() - begin
done = events * batches - bpf["lost"][0].value
if adding and totals != {1: RET * done}:
    sys.exit(f"{done} records were written, and {dict(totals)} added up")
print(json.dumps({"events": done, "seconds": seconds}))
