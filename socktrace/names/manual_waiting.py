"""Texts of `manual`: calls that wait for several descriptors."""

from __future__ import annotations

from typing import Final

from socktrace.names.manual_texts import Text

_READY: Final = "descriptors that are ready; 0: the time ran out before any was"
_INTERRUPTED: Final = {"EINTR": "a signal came before any descriptor was ready"}
_SETS: Final = {
    **_INTERRUPTED,
    "EBADF": "one of the sets names a descriptor that is not open",
    "EINVAL": "nfds or the timeout cannot be",
    "ENOMEM": "there is no memory for the sets",
}
_POLL: Final = {
    **_INTERRUPTED,
    "EINVAL": "there are more descriptors than the process may have, or the timeout cannot be",
    "EFAULT": "fds is not memory of the process",
    "ENOMEM": "there is no memory for the list",
}
_EPOLL: Final = {
    **_INTERRUPTED,
    "EBADF": "epfd is no open descriptor",
    "EINVAL": "epfd is no epoll instance, or maxevents is not above 0",
    "EFAULT": "events is not memory of the process",
}

WAITING: Final = (
    Text(
        "poll",
        "Wait until one of some descriptors is ready, at most timeout milliseconds "
        "(-1: for ever; 0: only ask).",
        "int poll(struct pollfd *fds, nfds_t nfds, int timeout);",
        _READY + "; revents of each says for what",
        _POLL,
    ),
    Text(
        "ppoll",
        "As poll(), with a timespec (NULL: for ever) and with signals masked meanwhile.",
        "int ppoll(struct pollfd *fds, nfds_t nfds,\n"
        "          const struct timespec *tmo_p, const sigset_t *sigmask);",
        _READY + "; revents of each says for what",
        _POLL,
        manual="poll",
    ),
    Text(
        "select",
        "Wait until a descriptor of one of three sets is ready. "
        "Only descriptors below 1024 can be in a set.",
        "int select(int nfds, fd_set *readfds, fd_set *writefds,\n"
        "           fd_set *exceptfds, struct timeval *timeout);",
        _READY + "; the sets keep those that are",
        _SETS,
    ),
    Text(
        "pselect6",
        "As select(), with a timespec and with signals masked meanwhile: what pselect() calls.",
        "int pselect6(int nfds, fd_set *readfds, fd_set *writefds,\n"
        "             fd_set *exceptfds, struct timespec *timeout,\n"
        "             const struct { const sigset_t *ss; size_t ss_len; }\n"
        "                 *sigmask);",
        _READY + "; the sets keep those that are",
        _SETS,
        manual="select",
    ),
    Text(
        "epoll_ctl",
        "Add a descriptor to the interest list of an epoll instance, change what is waited for, "
        "or take it off.",
        "int epoll_ctl(int epfd, int op, int fd, struct epoll_event *event);",
        "0",
        {
            "EEXIST": "the descriptor is in the list already",
            "ENOENT": "the descriptor is not in the list",
            "EPERM": "what the descriptor refers to cannot be waited for",
            "EBADF": "epfd or fd is no open descriptor",
            "EINVAL": "epfd is no epoll instance, or the operation cannot be",
            "ELOOP": "epoll instances would wait for each other in a circle",
            "ENOSPC": "the user has as many entries as fs.epoll.max_user_watches allows",
        },
    ),
    Text(
        "epoll_wait",
        "Wait until a descriptor in the interest list is ready, at most timeout milliseconds "
        "(-1: for ever; 0: only ask).",
        "int epoll_wait(int epfd, struct epoll_event *events, int maxevents,\n"
        "               int timeout);",
        _READY,
        _EPOLL,
    ),
    Text(
        "epoll_pwait",
        "As epoll_wait(), with signals masked meanwhile.",
        "int epoll_pwait(int epfd, struct epoll_event *events, int maxevents,\n"
        "                int timeout, const sigset_t *sigmask);",
        _READY,
        _EPOLL,
        manual="epoll_wait",
    ),
    Text(
        "epoll_pwait2",
        "As epoll_pwait(), with a timespec (NULL: for ever).",
        "int epoll_pwait2(int epfd, struct epoll_event *events, int maxevents,\n"
        "                 const struct timespec *timeout,\n"
        "                 const sigset_t *sigmask);",
        _READY,
        _EPOLL,
        manual="epoll_wait",
    ),
)
