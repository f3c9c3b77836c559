// SPDX-License-Identifier: MIT
/* The programs that socktrace attaches. Raw tracepoints only: they are the one kind that every kernel we
 * know of allows, they attach and detach in no time, and two of them see every system call.
 *
 *   on_enter, on_exit            sys_enter, sys_exit                    enter.h, exit.h
 *   on_<call>                    reached from on_exit by a tail call    calls/
 *   on_fork, on_exec, ...        sched_process_*, task_rename           process.h
 *   on_tcp_*                     inet_sock_set_state, tcp_*             tcp.h
 *
 * The loader (socktrace/capture) passes offsets (-DOFF_*), the numbers of the calls (-DCALL_*) and sizes.
 */
#include "events.h"
#include "maps.h"
#include "kernel.h"
#include "emit.h"
#include "slots.h"
#include "enter.h"
#include "exit.h"
#include "process.h"
#include "tcp.h"
#include "calls/common.h"
#include "calls/lifecycle.h"
#include "calls/descriptors.h"
#include "calls/options.h"
#include "calls/wait.h"
#include "calls/data.h"
#include "calls/message.h"
