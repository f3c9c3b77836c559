"""The sources of the screen, with the real kernel: what they show is what ss(8) and /proc show."""

from __future__ import annotations

import contextlib
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from socktrace.capture.options import CaptureOptions
from socktrace.capture.source import Capture
from socktrace.engine.feeds import live
from socktrace.engine.feeds.base import MachineFeed
from socktrace.engine.feeds.listing import ListingFeed
from socktrace.engine.feeds.live import LiveFeed
from socktrace.errors import SocktraceError
from socktrace.host.launch import Child
from socktrace.host.machine import describe_host
from socktrace.lines import FORMAT, VERSION, Header, SocketLife, Syscall
from socktrace.tracefile import open_recording
from socktrace.tracefile.replay import replay, whole_world
from socktrace.view.look import Look, lines_of

SERVER = """
import socket, sys
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
while True:
    connection, _ = listener.accept()
    while connection.recv(100):
        pass
    connection.close()
"""


def header_of(capture: Capture) -> Header:
    """The first line of a recording."""
    return Header(FORMAT, VERSION, capture.started_at.isoformat(), describe_host(), "ebpf", {})


@contextlib.contextmanager
def running(feed: MachineFeed) -> Iterator[MachineFeed]:
    """Run it until it has listed what exists, and to the end of the test."""
    feed.start()
    try:
        until(lambda: feed.status().phase not in {"starting", "listing"})
        assert feed.failure() is None
        yield feed
    finally:
        feed.close()
        assert feed.wait(5)


@contextlib.contextmanager
def watching(**options: Any) -> Iterator[LiveFeed]:
    """A live source over the whole machine, or what is asked for."""
    feed = LiveFeed(CaptureOptions(**options), header_of)
    with running(feed):
        yield feed


@contextlib.contextmanager
def server() -> Iterator[tuple[int, int]]:
    """A process that accepts and reads until end of file; its pid and port."""
    with subprocess.Popen(
        [sys.executable, "-c", SERVER], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            yield process.pid, int(process.stdout.readline())
        finally:
            process.kill()


def until(holds: Callable[[], object], seconds: float = 10.0) -> None:
    """Wait for it."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


def ask(feed: MachineFeed, question: Callable[[Look], Any]) -> Any:
    """Hold the source for a question."""
    with feed.look() as look:
        return question(look)


def at_port(look: Look, port: int, state: str) -> list[SocketLife]:
    """The open sockets of this local port and API state."""
    return [
        life
        for life in look.world.open_sockets()
        if life.local is not None and life.local.port == port and life.api_state == state
    ]


def tcp_of_ss() -> dict[int, tuple[str, int]]:
    """What ss(8) says of TCP sockets: inode -> state, local port."""
    text = subprocess.run(["ss", "-Htane"], check=True, capture_output=True, text=True).stdout
    found = {}
    for row in text.splitlines():
        words = row.split()
        if inode := re.search(r"\bino:(\d+)", row):
            found[int(inode[1])] = (words[0], int(words[3].rpartition(":")[2]))
    return found


SS_STATES = {"ESTAB": "ESTABLISHED", "LISTEN": "LISTEN", "CLOSE-WAIT": "CLOSE-WAIT"}


def differences(look: Look, port: int) -> list[str]:
    """Where the model and ss(8) do not agree, of sockets with this local port."""
    ours = {
        life.inode: (life.tcp_state, life.local.port)
        for life in look.world.open_sockets()
        if life.protocol == "IPPROTO_TCP" and life.local is not None and life.local.port == port
    }
    theirs = {
        inode: (SS_STATES[state], at)
        for inode, (state, at) in tcp_of_ss().items()
        if inode and at == port and state in SS_STATES
    }
    return [
        f"{inode}: {ours.get(inode)} here, {theirs.get(inode)} by ss"
        for inode in ours.keys() | theirs.keys()
        if ours.get(inode) != theirs.get(inode)
    ]


@pytest.mark.parametrize("make", [lambda: LiveFeed(CaptureOptions(), header_of), ListingFeed])
def test_sockets_are_those_of_ss(make: Callable[[], MachineFeed]) -> None:
    """Before and after connections come: the same sockets, ports and states."""
    with server() as (_, port), running(make()) as feed, contextlib.ExitStack() as stack:
        until(lambda: ask(feed, lambda look: at_port(look, port, "listening")))
        ends = [
            stack.enter_context(socket.create_connection(("127.0.0.1", port))) for _ in range(3)
        ]
        # One after the other is served: two wait in the backlog, and have no inode yet. Our own
        # ends are not shown to ourselves.
        until(lambda: ask(feed, lambda look: at_port(look, port, "connected")))
        until(lambda: not ask(feed, lambda look: differences(look, port)))
        (first,) = ask(feed, lambda look: [x.socket for x in at_port(look, port, "connected")])
        ends[0].close()
        until(lambda: ask(feed, lambda look: look.world.life(first).closed is not None))
        until(lambda: not ask(feed, lambda look: differences(look, port)))


def test_a_blocked_call_shows_while_it_is_blocked() -> None:
    """The server waits in accept(2), then in recv(2), as /proc has it too."""
    with server() as (pid, port), watching() as feed:

        def calls(look: Look, state: str) -> list[tuple[str, int]]:
            return [
                (call.call, call.tid)
                for life in at_port(look, port, state)
                for call in look.blocked.get(life.socket, ())
            ]

        until(lambda: ask(feed, lambda look: calls(look, "listening")) == [("accept4", pid)])
        with socket.create_connection(("127.0.0.1", port)):
            until(lambda: ask(feed, lambda look: calls(look, "connected")) == [("recvfrom", pid)])
            assert ask(feed, lambda look: calls(look, "listening")) == []
            number = int(Path(f"/proc/{pid}/syscall").read_text(encoding="ascii").split()[0])
            assert number == 45  # recvfrom on x86-64: arch/x86/entry/syscalls/syscall_64.tbl


def test_queues_are_sampled() -> None:
    """Bytes that nobody reads show, as many as were sent; and tcp_info of the socket in focus."""

    def receiving(look: Look) -> list[int | None]:
        lives = at_port(look, port, "connected")
        return [life.sample.receive_queue for life in lives if life.sample is not None]

    with (
        server() as (pid, port),
        watching() as feed,
        socket.create_connection(("127.0.0.1", port)) as end,
    ):
        until(lambda: ask(feed, lambda look: at_port(look, port, "connected")))
        subprocess.run(["kill", "-STOP", str(pid)], check=True)
        end.sendall(b"x" * 777)
        end.sendall(b"y" * 223)
        # The call that was blocked may have taken 100 of them before the signal came.
        until(lambda: set(ask(feed, receiving)) & {900, 1000})
        number = ask(feed, lambda look: at_port(look, port, "connected"))[0].socket
        feed.focus(number)

        def has_info(look: Look) -> bool:
            lines = lines_of(look.fresh)
            found = [getattr(line, "tcp_info", None) for line in lines]
            return any(info and info["tcpi_rtt"] > 0 for info in found)

        until(lambda: ask(feed, has_info))


def test_a_command_is_seen_from_its_first_call() -> None:
    """And nothing else is."""
    script = "import socket; a, b = socket.socketpair(); a.send(b'hello'); print(b.recv(9))"
    child = Child([sys.executable, "-c", script])
    feed = LiveFeed(
        CaptureOptions(pids=frozenset({child.pid}), follow=True), header_of, child=child
    )
    seen: list[Syscall] = []
    try:
        with running(feed):

            def gather(look: Look) -> bool:
                calls = [line for line in lines_of(look.fresh) if isinstance(line, Syscall)]
                seen.extend(calls)
                return any(call.call == "recvfrom" for call in seen)

            until(lambda: ask(feed, gather))
    finally:
        child.abandon()
    assert seen[0].call == "socketpair"
    assert [call.ret for call in seen if call.call in {"sendto", "recvfrom"}] == [5, 5]
    assert {call.pid for call in seen} == {child.pid}


def test_recording_while_watching(tmp_path: Path) -> None:
    """It begins with what is known, has what happens till its end, and reads without complaint."""
    file = tmp_path / "watched.jsonl"
    with server() as (pid, port), watching() as feed:
        until(lambda: ask(feed, lambda look: at_port(look, port, "listening")))
        assert feed.recordings is not None
        feed.recordings.begin(str(file))
        assert feed.status().recording == str(file)
        with socket.create_connection(("127.0.0.1", port)) as end:
            for _ in range(100):
                end.sendall(b"z" * 1000)

        def received(look: Look) -> int:
            return sum(
                life.bytes_in
                for life in look.world.closed_sockets()
                if life.local and life.local.port == port
            )

        until(lambda: ask(feed, received) == 100_000)
        assert feed.recordings.end() == str(file)
        assert feed.status().recording is None
    world = whole_world()
    with open_recording(str(file)) as recording:
        for _ in replay(recording, world):
            pass
        assert recording.truncated is None
        assert recording.notes == []
    listener, *_ = [life for life in world.open_sockets() if life.local and life.local.port == port]
    assert (listener.api_state, listener.origin) == ("listening", "existing")
    assert world.processes[pid].comm is not None
    accepted = [life for life in world.closed_sockets() if life.listener == listener.socket]
    assert [life.bytes_in for life in accepted] == [100_000]


def test_who_shows_us_is_left_out() -> None:
    """Lines and blocked calls of hidden processes do not come."""
    with server() as (pid, port):
        feed = LiveFeed(CaptureOptions(), header_of, hidden=frozenset({pid}))
        with running(feed):
            for _ in range(3):
                socket.create_connection(("127.0.0.1", port)).close()
            until(lambda: ask(feed, lambda look: len(look.world.closed_sockets())) >= 3)
            time.sleep(0.6)
            with feed.look() as look:
                assert look.hidden == {pid}
                calls = [line for line in lines_of(look.fresh) if isinstance(line, Syscall)]
                assert pid not in {call.pid for call in calls}
                blocked = {call.pid for calls in look.blocked.values() for call in calls}
                assert pid not in blocked


def test_it_ends_at_once() -> None:
    """Also while it is busy."""
    with watching() as feed:
        began = time.monotonic()
        feed.close()
        assert feed.wait(1)
        assert time.monotonic() - began < 1
        assert feed.status().phase == "ended"


def test_a_failure_is_kept_to_be_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever it is, and nothing is raised in anybody's face."""

    def refuse(*_: object, **__: object) -> None:
        raise SocktraceError("cannot load the probes", "the kernel refuses", "ask it kindly")

    monkeypatch.setattr(live, "Gatherer", refuse)
    feed = LiveFeed(CaptureOptions(), header_of)
    feed.start()
    assert feed.wait(5)
    assert feed.status().phase == "failed"
    assert isinstance(feed.failure(), SocktraceError)
    with feed.look() as look:
        assert look.world.open_sockets() == []
    feed.close()


def test_looks_do_not_wait_for_the_work() -> None:
    """A storm of short connections: nobody who looks waits long."""
    stop = threading.Event()
    with server() as (_, port), watching() as feed:

        def connect() -> None:
            while not stop.is_set():
                socket.create_connection(("127.0.0.1", port)).close()

        thread = threading.Thread(target=connect)
        thread.start()
        try:
            waits = []
            for _ in range(30):
                time.sleep(0.05)
                began = time.monotonic()
                with feed.look():
                    waits.append(time.monotonic() - began)
        finally:
            stop.set()
            thread.join()
        assert sorted(waits)[len(waits) // 2] < 0.1
