"""The live view as text, line by line: for pipes, files and dumb terminals."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from socktrace.commands import limiting, watching
from socktrace.commands.looping import Loop
from socktrace.commands.output import Output
from socktrace.engine.garbage import relax_collector
from socktrace.engine.hiding import Hiding
from socktrace.engine.selecting import Selecting
from socktrace.engine.session import Session
from socktrace.host.launch import Child
from socktrace.model.limits import counted
from socktrace.text.losses import lost_sentences
from socktrace.text.telling import Teller

if TYPE_CHECKING:
    import argparse

    from socktrace.lines import Line


def stream(args: argparse.Namespace) -> int:
    """Watch until the end; the exit status is the command's, or 0."""
    selected = watching.selection(args)
    limits = limiting.limits(args)
    watching.refuse_without_rights()
    child = Child(args.traced) if args.traced else None
    try:
        options = watching.capture_options(args, child)
        lines = Selecting(selected, limits)
        with Session(options, lines.take, say=watching.say, limits=limits) as session:
            lines.world = session.world
            screen = _Screen(session)
            lines.sink = screen.take
            shown_by = watching.terminal_side(args)
            if shown_by:
                hiding = Hiding(frozenset(shown_by), screen.take, session.world)
                lines.sink = hiding.take
            session.start(None if child is None else child.pid)
            relax_collector()
            loop = Loop(session, child, args.duration)
            watching.say("watching; Ctrl-C ends")
            if shown_by:
                names = ", ".join(f"{name}({pid})" for pid, name in shown_by.items())
                watching.say(f"not shown, since it shows this: {names} (--show-terminal)")
            if child is not None:
                child.release()
            loop.run(screen.tick)
            counters = session.finish()
            lines.finish()
            screen.finish()
            evicted = counted(session.evictions, lines.evictions)
            for sentence in limiting.sentences(evicted, limits):
                watching.say(sentence)
            if counters.lost:
                watching.say(f"{counters.lost} events were lost")
                for sentence in lost_sentences(session.lost, options.rings):
                    watching.say(sentence)
        return child.exit_status if child is not None else 0
    finally:
        if child is not None:
            child.abandon()


class _Screen:
    """Prints lines as they come, each below the call that caused it."""

    def __init__(self, session: Session) -> None:
        self._now = session.capture.now
        self._out = Output(sys.stdout)
        self._teller = Teller(session.world, self._out.style)
        self._teller.width = self._out.wrap_width

    def take(self, line: Line) -> None:
        self._out.write_lines(self._teller.take(line))

    def tick(self) -> None:
        """Print what has waited long enough, and let it all be seen."""
        self._teller.width = self._out.wrap_width
        self._out.write_lines(self._teller.late(self._now()))
        sys.stdout.flush()

    def finish(self) -> None:
        self._out.write_lines(self._teller.rest())
        sys.stdout.flush()
