"""Random programs for the simulated kernel: a list of numbers decides what is called next."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tests.scenarios.simkernel import Kernel
from tests.scenarios.simobjects import AF_INET, AF_UNIX, DGRAM, LISTEN, STREAM, File, Proc

_MOST_PROCESSES = 6


class _Chooser:
    """Hands out numbers of a list, over and over."""

    def __init__(self, numbers: Sequence[int], *, sharing: bool = True) -> None:
        self.sharing = sharing
        self._numbers = numbers or [0]
        self._next = 0

    def below(self, limit: int) -> int:
        number = self._numbers[self._next % len(self._numbers)] + self._next // len(self._numbers)
        self._next += 1
        return number % limit


def _socket(k: Kernel, p: Proc, c: _Chooser) -> None:
    kinds = ((AF_INET, STREAM), (AF_INET, STREAM), (AF_INET, DGRAM), (AF_UNIX, STREAM))
    family, type_ = kinds[c.below(len(kinds))]
    k.socket(p, family, type_, cloexec=bool(c.below(2)))


def _server(k: Kernel, p: Proc, _: _Chooser) -> None:
    k.listen(p, k.socket(p, AF_INET, STREAM))


def _connect(k: Kernel, p: Proc, c: _Chooser) -> None:
    listeners: list[File | None] = [f for f in k.files if f.tcp_state == LISTEN and f.refs]
    listeners.append(None)
    fd = k.socket(p, AF_INET, STREAM)
    k.connect(p, fd, listeners[c.below(len(listeners))], nonblocking=bool(c.below(2)))


def _on_fd(act: Callable[[Kernel, Proc, int, _Chooser], object]) -> Callable[..., None]:
    def run(k: Kernel, p: Proc, c: _Chooser) -> None:
        fds = sorted(p.table.fds)
        if fds:
            act(k, p, fds[c.below(len(fds))], c)

    return run


def _fork(k: Kernel, p: Proc, c: _Chooser) -> None:
    if len(k.procs) < _MOST_PROCESSES:
        k.fork(p, share=c.below(3) == 0 and c.sharing)


def _exit(k: Kernel, p: Proc, _: _Chooser) -> None:
    if len(k.procs) > 1:
        k.exit(p)


def _receive(k: Kernel, p: Proc, _: _Chooser) -> None:
    if k.flight:
        k.recv_fd(p)


_ACTS: tuple[Callable[[Kernel, Proc, _Chooser], object], ...] = (
    _socket,
    _server,
    _connect,
    _connect,
    lambda k, p, _: k.socketpair(p),
    _on_fd(lambda k, p, fd, _: k.bind(p, fd)),
    _on_fd(lambda k, p, fd, _: k.listen(p, fd)),
    _on_fd(lambda k, p, fd, _: k.accept(p, fd)),
    _on_fd(lambda k, p, fd, _: k.accept(p, fd)),
    _on_fd(lambda k, p, fd, _: k.shutdown(p, fd)),
    _on_fd(lambda k, p, fd, _: k.send(p, fd)),
    _on_fd(lambda k, p, fd, _: k.dup(p, fd)),
    _on_fd(lambda k, p, fd, c: k.dup2(p, fd, 3 + c.below(8), cloexec=bool(c.below(2)))),
    _on_fd(lambda k, p, fd, c: k.dupfd(p, fd, c.below(20), cloexec=bool(c.below(2)))),
    _on_fd(lambda k, p, fd, c: k.set_cloexec(p, fd, on=bool(c.below(2)))),
    _on_fd(lambda k, p, fd, _: k.close(p, fd)),
    _on_fd(lambda k, p, fd, _: k.close(p, fd)),
    _on_fd(lambda k, p, fd, _: k.close(p, fd)),
    lambda k, p, c: k.close_range(
        p, 3 + c.below(4), 5 + c.below(9), flags=(0, 2, 4, 6)[c.below(4)]
    ),
    _fork,
    _fork,
    lambda k, p, _: k.execute(p),
    _exit,
    _on_fd(lambda k, p, fd, _: k.send_fd(p, fd)),
    _receive,
)


class Run:
    """Random processes that make random calls, a while at a time."""

    def __init__(self, numbers: Sequence[int], *, sharing: bool = True) -> None:
        """Start with one process; `sharing`: processes may have one descriptor table together."""
        self.kernel = Kernel()
        self.kernel.spawn()
        self._chooser = _Chooser(numbers, sharing=sharing)

    def go(self, steps: int) -> Kernel:
        """Let so many calls be made."""
        kernel, chooser = self.kernel, self._chooser
        for _ in range(steps):
            procs = sorted(kernel.procs.values(), key=lambda proc: proc.pid)
            proc = procs[chooser.below(len(procs))]
            _ACTS[chooser.below(len(_ACTS))](kernel, proc, chooser)
        return kernel


def run(numbers: Sequence[int], steps: int) -> Kernel:
    """Let random processes make random calls."""
    return Run(numbers).go(steps)
