/* SPDX-License-Identifier: MIT */
/* Reading the kernel's structures: from a descriptor to its socket, from a sock to its addresses.
 *
 * No kernel header is included: every offset comes from the running kernel's BTF as -DOFF_<STRUCT>_<MEMBER>
 * (socktrace/capture/offsets.py has the list), so it is right for this kernel whatever its version.
 */
#ifndef SOCKTRACE_KERNEL_H
#define SOCKTRACE_KERNEL_H

#define AF_UNIX 1
#define AF_INET 2
#define AF_INET6 10
#define PF_EXITING 0x4 /* include/linux/sched.h */
#define TS_COMPAT 0x2  /* arch/x86/include/asm/thread_info.h */

#define READ(to, address) bpf_probe_read_kernel(&(to), sizeof(to), (void *)(address))
#define READ_USER(to, address) bpf_probe_read_user(&(to), sizeof(to), (void *)(address))

/* Where the kernel lets a program follow its structures by plain loads (bpf_rdonly_cast, since 6.2), that costs a
 * nanosecond where a helper costs ten and more: AS() says what is at an address, after which the verifier knows
 * the types of the pointers found there. A load from an address that is none gives 0, as the helper does. */
#if HAVE_DIRECT
static u64 (*rdonly_cast)(u64 address, u32 type) = (void *)KFUNC_RDONLY_CAST;
#define AS(type, address) rdonly_cast(address, TYPE_ID_##type)
#define LOAD(to, address) ((to) = *(volatile typeof(to) *)(address))
#else
#define AS(type, address) (address)
#define LOAD(to, address) READ(to, address)
#endif

/* `length`, at most `most`, in a form that the verifier can follow: a comparison of the very 64-bit register
 * that goes to the helper, which the compiler may not take apart. */
static __always_inline u64 at_most(s64 length, u64 most)
{
	u64 bounded = length > 0 ? length : 0;

	asm volatile("" : "+r"(bounded));
	if (bounded > most)
		bounded = most;
	return bounded;
}

/* The argument registers: [bp .. di] of struct pt_regs. */
#if HAVE_DIRECT
struct registers {
	u64 at;
};
#define REG(regs, name) (*(volatile u64 *)((regs)->at + OFF_PT_REGS_##name))

static __always_inline void read_registers(struct registers *regs, u64 pt_regs)
{
	regs->at = AS(PT_REGS, pt_regs);
}
#else
struct registers {
	u64 word[(OFF_PT_REGS_DI + 8 - OFF_PT_REGS_BP) / 8];
};
#define REG(regs, name) ((regs)->word[(OFF_PT_REGS_##name - OFF_PT_REGS_BP) / 8])

static __always_inline void read_registers(struct registers *regs, u64 pt_regs)
{
	READ(*regs, pt_regs + OFF_PT_REGS_BP);
}
#endif

/* The argument order of the two ABIs: syscall(2). */
static __always_inline void arguments(u64 *args, const struct registers *regs, bool abi32)
{
	if (abi32) {
		args[0] = (u32)REG(regs, BX);
		args[1] = (u32)REG(regs, CX);
		args[2] = (u32)REG(regs, DX);
		args[3] = (u32)REG(regs, SI);
		args[4] = (u32)REG(regs, DI);
		args[5] = (u32)REG(regs, BP);
	} else {
		args[0] = REG(regs, DI);
		args[1] = REG(regs, SI);
		args[2] = REG(regs, DX);
		args[3] = REG(regs, R10);
		args[4] = REG(regs, R8);
		args[5] = REG(regs, R9);
	}
}

/* The number that a system call came with means nothing before the ABI is known: 3 is read there and
 * close here. */
static __always_inline bool is_abi32(u64 task)
{
	u32 status = 0;

	LOAD(status, AS(TASK_STRUCT, task) + OFF_TASK_STRUCT_THREAD_INFO + OFF_THREAD_INFO_STATUS);
	return status & TS_COMPAT;
}

static __always_inline u64 files_of(u64 task)
{
	u64 files = 0;

	LOAD(files, AS(TASK_STRUCT, task) + OFF_TASK_STRUCT_FILES);
	return files;
}

/* struct file of descriptor `fd` in the table `files`, or 0 if it is not open. */
static __always_inline u64 file_of(u64 files, u32 fd)
{
	u64 fdt = 0, array = 0, file = 0;
	u32 max = 0;

	LOAD(fdt, AS(FILES_STRUCT, files) + OFF_FILES_STRUCT_FDT);
	LOAD(max, fdt + OFF_FDTABLE_MAX_FDS);
	if (fd >= max)
		return 0;
	LOAD(array, fdt + OFF_FDTABLE_FD);
	/* Of a pointer to a pointer the verifier knows nothing: any structure that begins with one will do. */
	LOAD(file, AS(LIST_HEAD, array + 8ULL * fd));
	return file;
}

struct file_view {
	u64 socket; /* struct socket; 0: not a socket */
	u32 inode;
	u32 refs;
};

/* A file is a socket when its operations are those of sockets; S_ISSOCK alone is fooled by a
 * descriptor opened with O_PATH (open(2)). */
static __always_inline void view_file(struct file_view *view, u64 file, u64 socket_fops)
{
	u64 fops = 0, inode = 0, number = 0;

	view->socket = 0;
	view->inode = 0;
	if (!file)
		return;
	file = AS(FILE, file);
	LOAD(fops, file + OFF_FILE_F_OP);
	if (fops != socket_fops)
		return;
	LOAD(view->socket, file + OFF_FILE_PRIVATE_DATA);
	LOAD(inode, file + OFF_FILE_F_INODE);
	LOAD(number, inode + OFF_INODE_I_INO);
	view->inode = number;
}

/* References to an open file. Before 6.13 f_count counts them; since then f_ref counts one less. */
static __always_inline u32 file_refs(u64 file)
{
	u64 count = 0;

	LOAD(count, AS(FILE, file) + OFF_FILE_REFS);
	return (u32)count + FILE_REFS_BIAS;
}

static __always_inline u64 sock_of(u64 socket)
{
	u64 sk = 0;

	LOAD(sk, AS(SOCKET, socket) + OFF_SOCKET_SK);
	return sk;
}

/* The inode of a sock's socket: struct socket lies within struct socket_alloc, beside its inode. 0 for
 * a sock that has none (not accepted yet, or orphaned). */
static __always_inline u32 inode_of_sock(u64 sk)
{
	u64 socket = 0, inode = 0;

	LOAD(socket, AS(SOCK, sk) + OFF_SOCK_SK_SOCKET);
	if (!socket)
		return 0;
	LOAD(inode, AS(SOCKET_ALLOC, socket - OFF_SOCKET_ALLOC_SOCKET) + OFF_SOCKET_ALLOC_VFS_INODE + OFF_INODE_I_INO);
	return inode;
}

static __always_inline void read_kind(u64 sk, u16 *family, u16 *type, u16 *protocol)
{
	sk = AS(SOCK, sk);
	LOAD(*family, sk + OFF_SOCK_FAMILY);
	LOAD(*type, sk + OFF_SOCK_SK_TYPE);
	LOAD(*protocol, sk + OFF_SOCK_SK_PROTOCOL);
}

static __always_inline void load_address(u8 *to, u64 from)
{
	u32 *words = (u32 *)to;

#pragma unroll
	for (int i = 0; i < 4; i++)
		LOAD(words[i], from + 4 * i);
}

/* All of a sock that we show. The caller has cleared `view`. */
static __always_inline void view_sock(struct socket_view *view, u64 sk)
{
	u64 net = 0;
	u16 port = 0;

	if (!sk)
		return;
	view->sk = sk;
	read_kind(sk, &view->family, &view->type, &view->protocol);
	sk = AS(SOCK, sk);
	LOAD(view->tcp_state, sk + OFF_SOCK_STATE);
	LOAD(view->shutdown, sk + OFF_SOCK_SK_SHUTDOWN);
	LOAD(net, sk + OFF_SOCK_NET);
	LOAD(view->netns, net + OFF_NET_NS + OFF_NS_COMMON_INUM);
	if (view->family == AF_UNIX) {
		READ(view->peer_sk, sk + OFF_UNIX_SOCK_PEER);
		return;
	}
	if (view->family != AF_INET && view->family != AF_INET6)
		return;
	LOAD(view->local_port, sk + OFF_SOCK_NUM);
	LOAD(port, sk + OFF_SOCK_DPORT);
	view->remote_port = __builtin_bswap16(port);
	if (view->family == AF_INET) {
		LOAD(*(u32 *)view->local_ip, sk + OFF_SOCK_RCV_SADDR);
		LOAD(*(u32 *)view->remote_ip, sk + OFF_SOCK_DADDR);
	} else {
		load_address(view->local_ip, sk + OFF_SOCK_V6_RCV_SADDR);
		load_address(view->remote_ip, sk + OFF_SOCK_V6_DADDR);
	}
}

static __always_inline u64 current_task(void)
{
	return bpf_get_current_task();
}

/* Thread group and thread of a task, as bpf_get_current_pid_tgid() gives them. */
static __always_inline u64 thread_id(u64 task)
{
#if HAVE_DIRECT
	u32 pid = 0, tgid = 0;

	task = AS(TASK_STRUCT, task);
	LOAD(pid, task + OFF_TASK_STRUCT_PID);
	LOAD(tgid, task + OFF_TASK_STRUCT_TGID);
	return (u64)tgid << 32 | pid;
#else
	return bpf_get_current_pid_tgid();
#endif
}

#endif
