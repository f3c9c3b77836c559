"""`socktrace doctor`: its checks, its report, and that it has words for everything."""

from __future__ import annotations

import argparse
import io
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from socktrace.commands import doctor
from socktrace.host import (
    bcc_package,
    bpf_call,
    checks_kernel,
    checks_rights,
    checks_software,
    distribution,
    privileges,
    rights,
)
from socktrace.host.checks import Check, CheckResult, Outcome, run_checks

NOBODY = 65534


def result(**changes: Any) -> CheckResult:
    """One result, missing and needed unless said otherwise."""
    fields: dict[str, Any] = {
        "id": "x", "title": "thing", "use": "this and that", "source": "looking",
        "needed": True, "result": "missing", "detail": "not there",
    }  # fmt: skip
    return CheckResult(**fields | changes)


def report(results: list[CheckResult], *, colour: bool = False) -> str:
    """Give the report as text."""
    stream = io.StringIO()
    doctor.write_report(results, stream, colour=colour)
    return stream.getvalue()


def run_as_nobody(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the doctor as a user without any rights, if this process can become one."""
    drop = ["setpriv", "--reuid", str(NOBODY), "--regid", str(NOBODY), "--clear-groups"]
    command = [sys.executable, "-m", "socktrace", "doctor", *arguments]
    if os.geteuid() == 0:
        command = drop + command
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_without_rights_it_says_what_to_do() -> None:
    """Without root: exit status 1, no traceback, the command to type, at most 80 columns."""
    started = time.perf_counter()
    ended = run_as_nobody()
    assert time.perf_counter() - started < 3.0, "under 1 s alone; the machine may be busy"
    assert ended.returncode == 1
    assert ended.stderr == ""
    assert "without CAP_BPF and CAP_PERFMON" in ended.stdout.replace("\n", " ").replace(
        " " * 32, ""
    )
    assert f"$ sudo {sys.executable} -m socktrace live" in ended.stdout
    assert "because of: rights" in ended.stdout
    assert "\x1b" not in ended.stdout
    assert max(map(len, ended.stdout.splitlines())) <= 80


def test_json_is_one_object_with_every_check() -> None:
    """--json has each check once, with result, source and what mends it."""
    ended = run_as_nobody("--json")
    told = json.loads(ended.stdout)
    assert ended.stdout.count("\n") == 1
    assert told["capture"] is False
    assert [check["id"] for check in told["checks"]] == [
        *(check.id for check in privileges.ALL_CHECKS),
        "rings",
    ]
    missing = next(check for check in told["checks"] if check["id"] == "rights")
    assert missing["result"] == "refused"
    assert missing["command"].startswith("sudo ")
    assert "setpriv" in missing["alternative"]


@pytest.mark.skipif(os.geteuid() != 0, reason="gives rights to another user: needs root")
def test_the_alternative_to_root_gives_the_rights() -> None:
    """The setpriv(1) command that the doctor prints, run as root does, mends what it is for."""
    told = json.loads(run_as_nobody("--json").stdout)
    printed = next(check for check in told["checks"] if check["id"] == "rights")["alternative"]
    assert printed.startswith("sudo setpriv --reuid=65534 --regid=65534 ")
    command = printed.removeprefix("sudo ").removesuffix(" live").split()
    ended = subprocess.run(
        [*command, "doctor", "--json"], capture_output=True, text=True, check=False
    )
    after = {check["id"]: check["result"] for check in json.loads(ended.stdout)["checks"]}
    assert after["rights"] == after["cap_sys_ptrace"] == "ok"
    assert after["cap_sys_admin"] == "missing"


def test_exit_status_follows_the_result(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """0 if nothing needed is missing, whatever optional things are; else 1."""
    for needed, status in ((False, 0), (True, 1)):
        check = Check("x", "thing", "use", "looking", lambda: Outcome("missing", "no"), needed)
        monkeypatch.setattr(doctor, "ALL_CHECKS", (check,))
        assert doctor.run(argparse.Namespace(json=False)) == status
        assert ("cannot work" in capsys.readouterr().out) == bool(status)


def test_report_escapes_wraps_and_keeps_commands_copyable() -> None:
    """Control characters are escaped; long commands are broken as a shell allows."""
    command = "sudo do " + " ".join(f"--option-{n}=value" for n in range(12))
    text = report([result(detail="evil \x1b[2J " + "word " * 30, command=command, advice="so")])
    assert "\x1b" not in text
    assert "\\x1b[2J" in text
    assert max(map(len, text.splitlines())) <= 80
    shell = text[text.index("$ ") + 2 : text.index("\n           so")]
    assert " ".join(shell.replace("\\\n", " ").split()) == command


def test_colour_never_stands_alone() -> None:
    """With colour the same words are there; what prevents capture is red, the rest yellow."""
    needed, optional, fine = (
        report([result(**changes)], colour=True)
        for changes in ({}, {"needed": False}, {"result": "ok"})
    )
    assert "\x1b[31mmissing" in needed
    assert "\x1b[33mmissing" in optional
    assert "\x1b[32mok" in fine


def test_a_check_that_fails_is_unknown() -> None:
    """A check that cannot find out says so instead of raising, and prevents nothing."""

    def look() -> Outcome:
        raise PermissionError(13, "Permission denied", "/somewhere")

    (found,) = run_checks([Check("x", "thing", "use", "looking", look, needed=True)])
    assert found.result == "unknown"
    assert "/somewhere" in found.detail
    assert not found.prevents_capture


def test_consequences_of_missing_rights_are_no_reasons() -> None:
    """Where rights are missing, that the kernel refuses BPF is not named as well."""
    no_rights = result(id="rights", result="refused")
    refused = result(id="bpf_ringbuf", result="refused")
    assert privileges.reasons([no_rights, refused]) == [no_rights]
    assert privileges.reasons([refused]) == [refused]


def test_why_no_capture_is_quick_and_agrees_with_the_doctor() -> None:
    """Other commands can refuse with the doctor's words, in no time."""
    privileges.why_no_capture()
    started = time.perf_counter()
    problems = privileges.why_no_capture()
    assert time.perf_counter() - started < 0.1, "20 ms alone; the machine may be busy"
    prevented = privileges.reasons(run_checks(privileges.ALL_CHECKS))
    assert [problem.why for problem in problems] == [
        f"{one.title}: {one.detail}" for one in prevented
    ]


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("none [integrity] confidentiality\n", "ok"),
        ("[none] integrity confidentiality\n", "ok"),
        ("none integrity [confidentiality]\n", "refused"),
        ("what?", "unknown"),
    ],
)
def test_lockdown(text: str, outcome: str) -> None:
    """Only confidentiality keeps BPF from reading kernel memory."""
    assert checks_rights.lockdown_outcome(text).result == outcome


@pytest.mark.parametrize(
    ("release", "version"),
    [("6.1.0-18-amd64", (6, 1)), ("5.8", (5, 8)), ("6.18.44-fc", (6, 18)), ("odd", None)],
)
def test_kernel_version(release: str, version: tuple[int, int] | None) -> None:
    """Distributions' release names are read by their first two numbers."""
    assert checks_software.kernel_version(release) == version


def test_sock_diag_tables_that_matter() -> None:
    """Optional tables may be absent; without the TCP table the module's name is given."""
    fine = checks_kernel.sock_diag_outcome(
        {"AF_INET tcp": True, "AF_INET udp": True, "AF_UNIX": True, "AF_VSOCK": False}
    )
    assert fine.result == "ok"
    assert "not: AF_VSOCK" in fine.detail
    lacking = checks_kernel.sock_diag_outcome({"AF_INET tcp": False, "AF_UNIX": False})
    assert lacking.command == "sudo modprobe -a tcp_diag unix_diag"


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("ID=debian\n", "sudo apt-get install -y python3-bpfcc"),
        ('ID=linuxmint\nID_LIKE="ubuntu debian"\n', "sudo apt-get install -y python3-bpfcc"),
        ("ID=fedora\n", "sudo dnf install -y python3-bcc"),
        ('ID="rocky"\nID_LIKE="rhel centos fedora"\n', "sudo dnf install -y python3-bcc"),
        ("ID=arch\n", "sudo pacman -S --needed python-bcc"),
        ('ID="opensuse-leap"\n', "sudo zypper install python3-bcc"),
        ("ID=alpine\n", "sudo apk add py3-bcc"),
    ],
)
def test_command_that_installs_bcc(text: str, command: str) -> None:
    """Each distribution's own command; those that are like one get its command."""
    assert distribution.install_command("bcc", distribution.parse_os_release(text)) == command


def test_unknown_distribution_gets_words() -> None:
    """No command is made up for a distribution that is not known."""
    fields = distribution.parse_os_release('# note\nID=plan9\nNAME="broken\n')
    assert "python3-bpfcc" in distribution.install_command("bcc", fields)
    assert "sudo" not in distribution.install_command("bcc", fields)


def test_capabilities_and_what_is_missing() -> None:
    """Masks are read by bit; CAP_SYS_ADMIN makes up for CAP_BPF and CAP_PERFMON."""
    bpf = f"Name:\tx\nCapEff:\t{1 << 39 | 1 << 19:016x}\n"
    held = rights.effective_capabilities(bpf)
    assert held == {"CAP_BPF", "CAP_SYS_PTRACE"}
    assert rights.missing_for_capture(held) == ("CAP_PERFMON",)
    assert rights.missing_for_capture(frozenset({"CAP_SYS_ADMIN"})) == ()
    # include/uapi/linux/capability.h
    numbers = {"CAP_NET_ADMIN": 12, "CAP_SYS_PTRACE": 19, "CAP_SYS_ADMIN": 21}
    numbers |= {"CAP_SYS_RESOURCE": 24, "CAP_PERFMON": 38, "CAP_BPF": 39}
    assert numbers == rights.CAPABILITIES
    assert rights.effective_capabilities("") == frozenset()


@pytest.mark.parametrize(
    ("release", "limit", "capabilities", "expected"),
    [
        ("5.10.0-32-amd64", 65536, 1 << 24, ("ok", "lifted when the maps need it")),
        ("5.10.0-32-amd64", 65536, 0, ("missing", "too little")),
        ("5.10.0-32-amd64", resource.RLIM_INFINITY, 0, ("ok", "unlimited")),
        ("6.1.0-50-amd64", 65536, 0, ("ok", "of no account")),
    ],
)
def test_memory_limit(
    monkeypatch: pytest.MonkeyPatch,
    release: str,
    limit: int,
    capabilities: int,
    expected: tuple[str, str],
) -> None:
    """Before 5.11 it matters, unless we may lift it; since then never."""
    system = os.uname_result(("Linux", "host", release, "#1", "x86_64"))
    monkeypatch.setattr(os, "uname", lambda: system)
    monkeypatch.setattr(resource, "getrlimit", lambda _: (limit, limit))
    monkeypatch.setattr(rights, "own_status", lambda: f"CapEff:\t{capabilities:016x}\n")
    (check,) = (check for check in checks_rights.RIGHTS if check.id == "memlock")
    outcome = check.look()
    assert (outcome.result, expected[1] in outcome.detail) == (expected[0], True)


def test_another_project_called_bcc_is_not_taken(tmp_path: Path) -> None:
    """A directory called bcc counts only if it has what the eBPF one has; its version is read."""
    package = tmp_path / "bcc"
    package.mkdir()
    (package / "__init__.py").touch()
    assert bcc_package.find_package((tmp_path,)) in (None, bcc_package.find_package(()))
    (package / "libbcc.py").touch()
    (package / "version.py").write_text("__version__ = '0.31.0'\n")
    found = bcc_package.find_package((tmp_path,))
    assert found is not None
    if not found.on_path:
        assert (found.directory, found.version) == (package, "0.31.0")
    assert bcc_package.find_library((str(tmp_path),)) is None


def test_bpf_attempts_leave_nothing_behind() -> None:
    """Trying has an answer whatever the rights are, and keeps no descriptor."""
    before = os.listdir("/proc/self/fd")  # noqa: PTH208 - as plain as can be
    attempts = [bpf_call.try_program(kind) for kind in bpf_call.PROGRAM_KINDS]
    attempts += [bpf_call.try_ring_buffer(), bpf_call.try_raw_tracepoint("no_such_tracepoint")]
    assert all(attempt.allowed or attempt.errno for attempt in attempts)
    assert not attempts[-1].allowed
    assert ":" in attempts[-1].error
    assert os.listdir("/proc/self/fd") == before  # noqa: PTH208 - as plain as can be
