"""Names of addresses and ports."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from socktrace.host.address_names import AddressNames
from socktrace.lines import Address

HOSTS = """\
# what this machine knows by itself
127.0.0.1\tlocalhost other
127.0.0.1\tsecond
::1 localhost6  # six
0:0:0:0:0:0:0:2 two
not-an-address name
10.0.0.1
"""
SERVICES = """\
http 80/tcp www
https 443/tcp
domain 53/udp
broken
odd x/tcp
"""


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """Make a hosts and a services file."""
    hosts, services = tmp_path / "hosts", tmp_path / "services"
    hosts.write_text(HOSTS)
    services.write_text(SERVICES)
    return hosts, services


def _inet(ip: str, port: int) -> Address:
    return Address("AF_INET6" if ":" in ip else "AF_INET", ip=ip, port=port)


def test_files_answer_at_once(files: tuple[Path, Path]) -> None:
    """What is in the files needs no question; the first name of an address counts."""
    names = AddressNames(lambda _: pytest.fail("asked"), *files)
    assert names.text(_inet("127.0.0.1", 80)) == "localhost:http"
    assert names.text(_inet("::1", 443)) == "localhost6:https"
    assert names.text(_inet("::2", 53)) == "two:53"
    assert names.text(_inet("127.0.0.1", 53), "IPPROTO_UDP") == "localhost:domain"
    assert names.text(_inet("0.0.0.0", 80)) == "*:http"
    assert names.text(Address("AF_UNIX", path="/run/x")) == "/run/x"


def test_numbers_till_there_is_an_answer(files: tuple[Path, Path]) -> None:
    """Nobody waits for a name; each address is asked about once."""
    go, done, asked = threading.Event(), threading.Semaphore(0), []

    def lookup(ip: str) -> str | None:
        go.wait(10)
        asked.append(ip)
        done.release()
        return None if ip.endswith("9") else f"host-{ip[-1]}"

    names = AddressNames(lookup, *files)
    assert names.text(_inet("10.0.0.1", 80)) == "10.0.0.1:http"
    assert names.text(_inet("10.0.0.1", 81)) == "10.0.0.1:81"
    assert names.text(_inet("fe80::9", 81)) == "[fe80::9]:81"
    assert names.version == 0
    go.set()
    for _ in range(2):
        assert done.acquire(timeout=10)
    names.close()
    names._questions.put(None)
    for thread in threading.enumerate():
        if thread.name == "names":
            thread.join(10)
    assert names.text(_inet("10.0.0.1", 80)) == "host-1:http"
    assert names.text(_inet("fe80::9", 81)) == "[fe80::9]:81"
    assert (asked, names.version) == (["10.0.0.1", "fe80::9"], 1)


def test_questions_are_bounded(files: tuple[Path, Path]) -> None:
    """A table of many strangers does not become a queue of a million questions."""
    go = threading.Event()

    def lookup(_: str) -> str | None:
        go.wait(10)
        return None

    names = AddressNames(lookup, *files)
    for number in range(1_000):
        names.host(f"10.1.{number // 256}.{number % 256}")
    assert names._questions.qsize() <= 200
    names.close()
    go.set()


def test_without_files(tmp_path: Path) -> None:
    """A machine may have neither file."""
    names = AddressNames(lambda _: None, tmp_path / "no", tmp_path / "none")
    assert names.service(80) is None
    assert names.host("127.0.0.1") is None
    names.close()
