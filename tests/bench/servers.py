"""Servers that people run, bare or under a tracer, and clients that load them."""

from __future__ import annotations

import csv
import re
import socket
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

import psutil

from tests.bench.measuring import BRIEF, wait_until
from tests.bench.tools import Socktrace, Tool, run_bare

HOST: Final = "127.0.0.1"
CLIENTS: Final = 20
POKES: Final = 50
"""Connections made to see whether a tracer is attached: enough to fill its output's buffer."""
WRK_SECONDS: Final = 1 if BRIEF else 3


class Load(NamedTuple):
    """What a client did."""

    per_second: float
    requests: int


class Server(ABC):
    """A program that answers requests.

    Args:
        directory: for its files.
    """

    name: str
    programs: Sequence[str]
    """What must be on PATH."""
    calls: Sequence[str]
    """What it does with its sockets under load."""
    in_and_out: Sequence[str]
    """The two of them that each request takes once."""
    request: bytes

    def __init__(self, directory: Path) -> None:
        """Take a free port."""
        self.directory = directory
        with socket.socket() as probe:
            probe.bind((HOST, 0))
            self.port = int(probe.getsockname()[1])

    @abstractmethod
    def command(self) -> list[str]:
        """The command that runs it, in the foreground."""

    @abstractmethod
    def load(self, portion: int) -> Load:
        """Load it with some `portion`th part of what is usual, where the client can count."""

    def poke(self) -> None:
        """Make it accept and answer some connections."""
        for _ in range(POKES):
            with socket.create_connection((HOST, self.port), timeout=10) as client:
                client.sendall(self.request)
                client.recv(1000)

    def _answers(self) -> bool:
        try:
            socket.create_connection((HOST, self.port), timeout=1).close()
        except OSError:
            return False
        return True

    @contextmanager
    def running(self, tool: Tool | None = None) -> Iterator[None]:
        """Run it, bare or under a tool that is attached before this gives way.

        Raises:
            Exception: of the tool's type `failure`, it did not work.
        """
        # What cannot be attached to a running server starts it.
        starts = tool is not None and tool.attach_command([0]) is None
        command = tool.command(self.command()) if tool and starts else self.command()
        with subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as process:
            try:
                wait_until(
                    f"{self.name} answered",
                    lambda: process.poll() is not None or self._answers(),
                )
                if process.returncode is not None:
                    message = f"{command[0]} ended with status {process.returncode}"
                    raise tool.failure(message) if tool else AssertionError(message)
                family = [process.pid, *(c.pid for c in _children(process.pid))]
                if tool is None or starts:
                    yield
                else:
                    with tool.attached_to(family, self.poke):
                        yield
            finally:
                server = _children(process.pid)[:1] if starts else []
                (server[0] if server else process).terminate()
                process.wait(30)


def _children(pid: int) -> list[psutil.Process]:
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


class Redis(Server):
    """redis-server answering PING, asked by redis-benchmark."""

    name = "redis"
    programs = ("redis-server", "redis-benchmark")
    calls = ("epoll_wait", "read", "write", "accept4")
    in_and_out = ("read", "write")
    request = b"PING\r\n"
    requests: Final = 2_000 if BRIEF else 100_000

    def command(self) -> list[str]:
        """Nothing on disk, no other socket."""
        return [
            *("redis-server", "--port", str(self.port), "--bind", HOST, "--save", ""),
            *("--appendonly", "no", "--dir", str(self.directory)),
        ]

    def load(self, portion: int) -> Load:
        """PING as clients send it (PING_MBULK), not pipelined."""
        requests = self.requests // portion
        output = run_bare([
            *("redis-benchmark", "-h", HOST, "-p", str(self.port), "-t", "ping_mbulk"),
            *("-c", str(CLIENTS), "-n", str(requests), "--csv"),
        ])  # fmt: skip
        row = next(csv.DictReader(output.splitlines()))
        return Load(float(row["rps"]), requests)


_NGINX_CONF: Final = """
daemon off;
user root;
worker_processes 1;
error_log {dir}/error.log;
pid {dir}/nginx.pid;
events {{ worker_connections 128; }}
http {{
    access_log off;
    sendfile on;
    client_body_temp_path {dir}/body;
    proxy_temp_path {dir}/proxy;
    fastcgi_temp_path {dir}/fastcgi;
    uwsgi_temp_path {dir}/uwsgi;
    scgi_temp_path {dir}/scgi;
    server {{
        listen {host}:{port};
        location / {{ root {dir}; }}
    }}
}}
"""


class Nginx(Server):
    """nginx with one worker giving out a small file, asked by wrk."""

    name = "nginx"
    programs = ("nginx", "wrk")
    calls = ("epoll_wait", "accept4", "recvfrom", "writev", "sendfile", "setsockopt", "close")
    in_and_out = ("recvfrom", "writev")
    request = b"GET /page HTTP/1.0\r\n\r\n"

    def command(self) -> list[str]:
        """All its files in its own directory."""
        (self.directory / "page").write_bytes(b"x" * 1000)
        conf = self.directory / "nginx.conf"
        conf.write_text(_NGINX_CONF.format(dir=self.directory, host=HOST, port=self.port))
        log = str(self.directory / "error.log")
        return ["nginx", "-p", str(self.directory), "-c", str(conf), "-e", log]

    def load(self, portion: int) -> Load:
        """For some seconds whatever the `portion`; one thread, connections kept alive."""
        del portion
        output = run_bare([
            *("wrk", "-t1", f"-c{CLIENTS}", f"-d{WRK_SECONDS}s"),
            f"http://{HOST}:{self.port}/page",
        ])  # fmt: skip
        per_second = re.search(r"Requests/sec: *([\d.]+)", output)
        requests = re.search(r"(\d+) requests in", output)
        if per_second is None or requests is None or "errors" in output:
            message = f"wrk failed: {output}"
            raise RuntimeError(message)
        return Load(float(per_second[1]), int(requests[1]))


def rate_under(server: Server, tool: Tool) -> float:
    """Requests per second under a tool, and whether it told of every request's calls."""
    with server.running(tool):
        load = server.load(min(tool.pace, 5))
    if isinstance(tool, Socktrace):
        tool.check(dict.fromkeys(server.in_and_out, load.requests), exactly=False)
    elif (count := tool.count(server.in_and_out)) is not None:
        tool.delivered.append(min(1.0, count / (2 * load.requests)))
    return load.per_second
