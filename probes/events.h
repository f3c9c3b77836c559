/* SPDX-License-Identifier: MIT */
/* The wire format: what travels to socktrace/wire.py.
 *
 * Two sizes only, so that a run of records is an array to its reader: `struct data_record` for calls
 * that move bytes, and `struct full_record`, which begins with the same fields, for all the rest.
 * Every field has its natural alignment and there is no padding: wire.py has the same layout as a
 * NumPy type, and a unit test compiles this file and holds the two to each other.
 */
#ifndef SOCKTRACE_EVENTS_H
#define SOCKTRACE_EVENTS_H

#define ADDRESS_SIZE 112 /* sockaddr_un is 110 bytes, the longest we decode */
#define BLOB_SIZE 208    /* see Call.blob in socktrace/events.py */
#define COMM_SIZE 16     /* TASK_COMM_LEN */
#ifndef PAYLOAD_SIZE
#define PAYLOAD_SIZE 0 /* a multiple of 8, at most 4,096 */
#endif

/* data_record.kind */
enum record_kind {
	KIND_CALL = 1,
	KIND_PASSED = 2,
	KIND_FORK = 3,
	KIND_EXEC = 4,
	KIND_EXIT = 5,
	KIND_RENAME = 6,
	KIND_TCP_STATE = 7,
	KIND_TCP_SEGMENT = 8,
};

/* data_record.flags */
#define FLAG_ABI32 0x01        /* a call of a 32-bit program */
#define FLAG_UNREADABLE 0x02   /* user memory was not resident */
#define FLAG_OUTGOING 0x04     /* splice: into the socket */
#define FLAG_IN_CALL 0x08      /* KIND_TCP_STATE: the running thread had a call on this socket */
#define FLAG_EXITING 0x10      /* KIND_TCP_STATE: the running thread was exiting */
#define FLAG_LAST_THREAD 0x20  /* KIND_EXIT: the process ends */
#define FLAG_RECEIVED 0x40     /* KIND_PASSED: taken out of a message, not put in */
#define FLAG_CLOEXEC 0x80      /* KIND_PASSED: MSG_CMSG_CLOEXEC */
#define FLAG_BEGAN_BEFORE 0x100 /* in progress when we attached: start is that moment */

struct data_record {
	__u64 start;    /* CLOCK_MONOTONIC, ns */
	__u64 duration; /* ns */
	__u32 pid;      /* thread group */
	__u32 tid;
	__u32 inode; /* of the socket; 0: none */
	__s32 fd;
	__s32 ret;
	__u8 call; /* number of socktrace/calls.py */
	__u8 kind;
	__u16 flags;
	__u64 length;   /* what was asked for: bytes, or entries of an iovec */
	__u32 msg_flags; /* MSG_*, RWF_*, SPLICE_F_* */
	__u32 sequence; /* counts this CPU's records in this ring: a hole is a loss */
	__u16 cpu;
	__u16 family; /* of the address below; 0: none */
	__u16 port;
	__u16 local_port; /* of the socket, where the call may have bound it (sendto) */
	__u8 ip[16];
};

#define WAIT_BLOB_SIZE 72 /* 6 struct epoll_event, 9 struct pollfd */

/* A call that waits for several descriptors, where few are concerned: servers make one for every few requests. */
struct wait_record {
	struct data_record head;
	__u64 files;
	__u64 timeout; /* as in struct full_record */
	__u64 args[4];
	__u8 comm[COMM_SIZE];
	__u32 blob_length;
	__u32 pad;
	__u8 blob[WAIT_BLOB_SIZE];
};

/* A socket as the kernel's own structures show it. */
struct socket_view {
	__u64 sk;
	__u64 peer_sk; /* AF_UNIX */
	__u32 inode;
	__u32 netns;
	__u32 refs; /* references to the open file; 0: not looked up */
	__u16 family;
	__u16 type;
	__u16 protocol;
	__u8 tcp_state;
	__u8 shutdown;
	__u16 local_port;
	__u16 remote_port;
	__u8 local_ip[16];
	__u8 remote_ip[16];
};

struct full_record {
	struct data_record head;
	__u64 files;
	__u64 args[6];
	__u64 timeout; /* ns; ~0: none */
	struct socket_view socket;
	struct socket_view other;
	__s32 other_fd;
	__u32 uid;
	__u8 comm[COMM_SIZE];
	__u16 address_length;
	__u16 blob_length;
	__u32 payload_length;
	__u8 address[ADDRESS_SIZE];
	__u8 blob[BLOB_SIZE];
#if PAYLOAD_SIZE > 0
	__u8 payload[PAYLOAD_SIZE];
#endif
};

/* Per-CPU books: they only grow. attempted = delivered + lost, for each ring. */
struct ring_counters {
	__u64 attempted;
	__u64 lost;
};

struct cpu_counters {
	struct ring_counters life;
	struct ring_counters wide; /* without those in wait_positions */
	__u64 unreadable; /* user memory not resident */
	__u64 slots_full; /* a call not followed: the map of calls in progress was full */
	__u64 folds_full; /* calls that found no place in `folds` */
	__u64 rescued;       /* told by on_tcp_state_missed */
};

/* A call in progress, one slot a thread: written at entry, read at return, and by whoever asks
 * which calls are blocked now. */
struct slot {
	__u64 owner; /* the thread whose it is; 0: nobody's yet */
	__u64 start;
	__u64 args[6];
	__u64 timeout;
	__u64 sk;
	__u64 socket; /* struct socket */
	__u32 inode;
	__u32 other_inode; /* dup2, dup3: the socket that newfd named */
	__u32 refs;
	__u16 number; /* as the program gave it */
	__u8 active;  /* 0: the call has returned; the rest is left as it was */
	__u8 marks;   /* MARK_* */
	__u16 family;
	__u16 type;
	__u16 protocol;
	__u8 call;
	__u8 abi32;
	__u32 stranger; /* config.targets_version when the thread was found to be none of ours */
	__u32 pad;
};

#define MARK_SECOND 1 /* splice: the socket is fd_out */
#define MARK_BEFORE 2 /* the call was in progress when we attached: start is that moment */

/* Calls that move bytes, added up in the kernel: because only that was asked for, or because their ring is full.
 * The key has the CPU in it, so that no two of them write to the same total. */
struct fold_key {
	__u32 inode;
	__u32 pid;
	__u8 call;
	__u8 way; /* WAY_* */
	__u16 error; /* errno; 0: none */
	__u16 cpu;
	__u16 epoch; /* config.epoch: a total of an epoch gone by is not written to any more */
};

struct fold_total {
	__u64 calls;
	__u64 bytes;
	__u64 time;
	__u64 first; /* start of the first of them */
	__u64 last;  /* return of the last */
	__u32 tid;
	__s32 fd;
	__u16 local_port;
	__u16 pad;
	__u32 pad2;
};

/* A place in the table of totals: the key is looked for in one place only, and if that is another's, the total
 * goes into the map `folds`. */
struct fold_place {
	struct fold_key key;
	struct fold_total total;
};

#define WAY_OUTGOING 0x01 /* splice: into the socket */
#define WAY_PEEK 0x02     /* MSG_PEEK: the bytes stay in the queue */
#define WAY_EMPTY 0x04    /* took in 0 bytes though there was room for some */
#define WAY_LONGER 0x08   /* MSG_TRUNC: longer than there was room for */
#define WAY_LOST 0x10     /* the ring was full */
#define WAY_WIDE 0x20     /* with WAY_LOST: the wide ring, not the data ring */

/* Where the writer and the reader of a CPU's data records, or wait records, are; both only grow. Each has a cache line to itself. */
struct position {
	__u64 written;
	__u64 lost;
	__u64 pad[6];
	__u64 read;
	__u64 pad2[7];
};

/* What the loader tells the programs; one entry. */
struct config {
	__u32 self;      /* our own thread group: never shown */
	__u32 mode;      /* MODE_*, all that are set must agree */
	__u32 uid;
	__u32 cgroup_level;
	__u64 cgroup_id;
	__u64 socket_fops; /* struct file_operations of sockets, learned at start */
	__u32 check_number; /* the call that the self-check makes */
	__u32 data_records; /* room for so many on each CPU, a power of 2 */
	__u32 folded; /* no data records: calls that move bytes are only added up */
	__u32 epoch;
	__u32 slots; /* entries of the map of that name, a power of 2 */
	__u32 fold_places; /* places that each CPU has in `fold_places`, twice; a power of 2 */
	__u32 cpus;
	__u32 wait_records; /* as data_records */
	__u32 strangers; /* tell what TCP does on sockets that are not in `known` too */
	__u32 targets_version; /* counts what the loader adds to `targets`, from 1 */
};

/* Keys of the map `known` that are ports; others are inodes and addresses of socks. */
#define KNOWN_PORT (1ULL << 40)

#define MODE_TARGETS 1
#define MODE_FOLLOW 2
#define MODE_UID 4
#define MODE_CGROUP 8

/* What the self-check found for one descriptor of our own. */
struct check_result {
	__u64 fops;
	__u64 sk;
	__u32 inode;
	__u32 done;
};

/* How a call is looked at when it begins. */
enum entry_class {
	ENTRY_NONE = 0,   /* takes no descriptor of interest: always followed */
	ENTRY_SOCKET = 1, /* args[0], a call of the sockets API: always followed */
	ENTRY_FD = 2,     /* args[0]: followed if it names a socket */
	ENTRY_CLOSE = 3,  /* as ENTRY_FD, and what close() will destroy is noted */
	ENTRY_DUP2 = 4,   /* args[0] or args[1] */
	ENTRY_FD3 = 5,    /* args[0] or args[2]: splice */
	ENTRY_TARGET = 6, /* args[2]: epoll_ctl */
	ENTRY_SELECT = 7, /* the sets asked for are noted */
	ENTRY_SOCKETCALL = 8,
};

/* One system-call number: what it is on each ABI. 0: not ours, or switched off. */
struct number_entry {
	__u8 call64;
	__u8 class64;
	__u8 timeout64; /* index of the timespec argument + 1 */
	__u8 call32;
	__u8 class32;
	__u8 timeout32; /* + 16 where the timespec has 32-bit members; + 32: a timeval; + 64: a socklen_t */
	__u8 arguments; /* how many the call takes, for socketcall */
	__u8 pad;
};

/* Entries of `numbers` from here on are the calls within socketcall(2); no ABI has numbers this high. */
#define SOCKETCALL_NUMBERS 480

#endif
