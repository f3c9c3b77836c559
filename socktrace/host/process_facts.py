"""What filters ask of processes, from what is known of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from socktrace.host.containers import container_of
from socktrace.model.filters import ProcessFacts

if TYPE_CHECKING:
    from collections.abc import Callable

    from socktrace.model.world import World


class KnownProcesses:
    """Facts of processes by pid, looked up when they are asked for.

    Args:
        world: gives what is known now; None while nothing is.
    """

    def __init__(self, world: Callable[[], World | None]) -> None:
        self._world = world

    def get(self, pid: int, default: ProcessFacts) -> ProcessFacts:
        """Give the facts of a process, or ``default`` of one that is not known."""
        world = self._world()
        life = world.processes.get(pid) if world is not None else None
        if life is None:
            return default
        return ProcessFacts(
            comm=life.comm,
            uid=life.uid,
            cgroup=life.cgroup,
            container=container_of(life.cgroup) if life.cgroup else None,
        )
