"""Control groups and containers: from names to what the kernel compares."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from socktrace.host import cgroups, containers
from socktrace.host.cgroups import CgroupError, Hierarchy

ID = "3f1a9c" + "0" * 58
OTHER = "3f1a9d" + "1" * 58


@pytest.mark.parametrize(
    ("path", "name"),
    [
        (f"/docker/{ID}", ID),
        (f"/system.slice/docker-{ID}.scope", ID),
        (f"/system.slice/docker-{ID}.scope/init.scope", ID),
        (f"/kubepods.slice/kubepods-pod1.slice/cri-containerd-{ID}.scope", ID),
        (f"/kubepods-besteffort-pod1.slice:cri-containerd:{ID}", ID),
        (f"/kubepods/burstable/pod12-34/{ID}", ID),
        (f"/kubepods.slice/kubepods-pod1.slice/crio-{ID}.scope", ID),
        (f"/machine.slice/libpod-{ID}.scope/container", ID),
        (f"/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-{ID}.scope", ID),
        (f"/docker/{ID}/docker/{OTHER}", OTHER),
        ("/lxc/web/system.slice", "web"),
        ("/lxc.payload.db/system.slice/ssh.service", "db"),
        ("/lxc.payload/db", "db"),
        ("/machine.slice/systemd-nspawn@build.service/payload", "build"),
        (r"/machine.slice/machine-my\x2dbox.scope", "my-box"),
        (f"/machine.slice/libpod-conmon-{ID}.scope", None),
        ("/system.slice/ssh.service", None),
        ("/kubepods/burstable/pod12-34", None),
        ("/docker", None),
        ("/lxc", None),
        ("/", None),
        ("", None),
    ],
)
def test_container_of(path: str, name: str | None) -> None:
    """Each runtime's way of naming a container's group is known; other groups are none."""
    assert containers.container_of(path) == name


def test_container_part_ends_at_the_container() -> None:
    """The group to filter by is the container's own, not one further down in it."""
    path = f"/system.slice/docker-{ID}.scope"
    assert containers.container_part(f"{path}/init.scope") == (path, ID)


def test_names_from_docker_and_podman(tmp_path: Path) -> None:
    """Names come from the runtimes' files; damaged and missing files are passed over."""
    docker = tmp_path / "docker"
    for ident, content in ((ID, json.dumps({"Name": "/web"})), (OTHER, "{damaged")):
        (docker / ident).mkdir(parents=True)
        (docker / ident / "config.v2.json").write_text(content)
    podman = tmp_path / "containers.json"
    podman.write_text(json.dumps([{"id": OTHER, "names": ["db", "db2"]}, "odd", {"id": 5}]))
    assert containers.container_names(docker, podman) == {"web": ID, "db": OTHER, "db2": OTHER}
    nowhere = tmp_path / "nowhere"
    assert containers.container_names(nowhere, nowhere) == {}


def test_match_container_by_name_id_and_beginning() -> None:
    """A whole name or id is taken; so is a beginning that fits one container only."""
    names = {"web": ID, "webserver": OTHER}
    for wanted in ("web", ID, "3f1a9c"):
        assert cgroups.match_container(wanted, [ID, OTHER], names) == ID
    assert cgroups.match_container("webs", [ID, OTHER], names) == OTHER


@pytest.mark.parametrize(
    ("wanted", "running", "why", "next_step"),
    [
        ("3f1a", [ID, OTHER], ID, "more"),
        ("wob", [ID, OTHER], "no running container", "web"),
        ("", [], "no running container", "none"),
    ],
)
def test_container_that_cannot_be_told(
    wanted: str, running: list[str], why: str, next_step: str
) -> None:
    """What fits several or none is refused, with what there is."""
    with pytest.raises(CgroupError) as caught:
        cgroups.match_container(wanted, running, {"web": ID} if running else {})
    assert why in caught.value.why
    assert next_step in caught.value.next_step


def test_mounted_hierarchies(tmp_path: Path) -> None:
    """Hierarchies are read from mountinfo, version 2 first."""
    mountinfo = tmp_path / "mountinfo"
    mountinfo.write_text(
        "28 25 0:24 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n"
        "27 25 0:23 / /sys/fs/cgroup/unified rw shared:8 - cgroup2 cgroup2 rw\n"
        "26 20 0:22 / /proc rw - proc proc rw\n"
        "odd\n"
    )
    assert cgroups.hierarchies(mountinfo) == [
        Hierarchy(Path("/sys/fs/cgroup/unified"), unified=True),
        Hierarchy(Path("/sys/fs/cgroup/memory"), unified=False),
    ]
    assert cgroups.hierarchies(tmp_path / "nothing") == []


def test_version_1_group_is_its_processes(tmp_path: Path) -> None:
    """A version 1 group stands for the processes in it and below; all spellings of it are one."""
    group = tmp_path / "docker" / ID
    (group / "below").mkdir(parents=True)
    (group / "cgroup.procs").write_text("10\n11\n")
    (group / "below" / "cgroup.procs").write_text("12\n")
    mounted = [Hierarchy(tmp_path, unified=False)]
    for spelling in (f"/docker/{ID}", f"docker/{ID}/", str(group)):
        target = cgroups.resolve_cgroup(spelling, mounted)
        assert target.path == f"/docker/{ID}"
        assert target.pids == {10, 11, 12}
        assert target.kernel_id is None


@pytest.mark.parametrize("path", ["/no/such/group", "../../etc", "/../etc"])
def test_group_that_is_not_there(tmp_path: Path, path: str) -> None:
    """A path that is not there, or leads out of the hierarchy, is refused with an offer."""
    with pytest.raises(CgroupError) as caught:
        cgroups.resolve_cgroup(path, [Hierarchy(tmp_path, unified=False)])
    assert path in caught.value.what
    assert caught.value.next_step


def test_version_2_group_by_number_and_depth() -> None:
    """A real version 2 group has its directory's inode and its depth; the root is level 0."""
    unified = [one for one in cgroups.hierarchies() if one.unified]
    if not unified or os.geteuid() != 0:
        pytest.skip("needs a version 2 hierarchy and root")
    directory = unified[0].mount / f"socktrace-test-{os.getpid()}" / "inner"
    try:
        directory.mkdir(parents=True)
    except OSError as error:
        pytest.skip(f"no control group can be made here: {error}")
    try:
        path = f"/{directory.relative_to(unified[0].mount)}"
        target = cgroups.resolve_cgroup(path)
        assert (target.path, target.level) == (path, 2)
        assert target.kernel_id == directory.stat().st_ino
        root = cgroups.resolve_cgroup("/")
        assert (root.path, root.level) == ("/", 0)
    finally:
        directory.rmdir()
        directory.parent.rmdir()
