"""The app: takes looks at the source, gives them to the views, and leads from view to view."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import ContentSwitcher

from socktrace.tui.actions import EVERYWHERE, VIEWS, bindings
from socktrace.tui.available import works
from socktrace.tui.copying import Copying
from socktrace.tui.endings import Endings
from socktrace.tui.files import Files
from socktrace.tui.filtering import Filtering
from socktrace.tui.nothing import NoFeed
from socktrace.tui.replaying import Replaying
from socktrace.tui.theme import DARK, LIGHT
from socktrace.tui.views.events import EventsView
from socktrace.tui.views.findings import FindingsView
from socktrace.tui.views.processes import ProcessesView
from socktrace.tui.views.socket import SocketView
from socktrace.tui.views.sockets import SocketsView
from socktrace.tui.watching import Watching
from socktrace.tui.widgets.footer import Footer
from socktrace.tui.widgets.header import Header
from socktrace.tui.widgets.status import StatusLine

if TYPE_CHECKING:
    from socktrace.host.privileges import Problem
    from socktrace.tui.dialogs.palette import Command
    from socktrace.tui.views.base import View
    from socktrace.view.look import Feed

PANE_ID: Final = "command"
"""What the pane of a traced program is called on the screen."""
_CLASSES: Final[tuple[type[View], ...]] = (
    SocketsView,
    SocketView,
    ProcessesView,
    EventsView,
    FindingsView,
)


class SocktraceApp(Watching, Filtering, Copying, Files, Replaying, Endings, inherit_bindings=False):
    """The terminal UI over a source.

    Args:
        feed: The source; it is started and closed here. None: the user chooses one.
        settings: What users have chosen in their configuration.
        command: The program that is traced, and the terminal it runs in.
        problems: Why there is no live source: what, why, the next step of each.
        choices: What there is to look at instead: a title -> what makes the source.
        filter_text: The filter that is in force at first.
        duration: Seconds after which it ends by itself.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings(EVERYWHERE, "replay"),
        # Where letters are typed, and in dialogs, this one still ends the program.
        Binding("ctrl+q", "quit_always", "quit", show=False, priority=True, system=True),
    ]
    CSS = """
    Screen { overflow: hidden; }
    ContentSwitcher { height: 1fr; }
    ToastRack { margin: 0 0 2 0; }
    Toast { background: $panel; padding: 0 1; }
    """

    def __init__(  # noqa: PLR0913 - all but the first by their names
        self,
        feed: Feed | None = None,
        *,
        command: tuple[Any, Any] | None = None,
        problems: Sequence[Problem] = (),
        choices: Mapping[str, Callable[[], Feed]] | None = None,
        filter_text: str = "",
        duration: float | None = None,
        **rest: Any,
    ) -> None:
        super().__init__(feed, **rest)
        self.command: Final[tuple[Any, Any] | None] = command
        self._problems: Final = tuple(problems)
        self._choices: Final = dict(choices or {})
        self._first_filter: Final = filter_text
        self._duration: Final = duration

    def compose(self) -> ComposeResult:
        """Make the screen."""
        yield Header(id="header")
        with ContentSwitcher(initial=VIEWS[0]):
            for view in _CLASSES:
                made = self.views[view.label] = view(id=view.label)
                made.configure(self.settings)
                yield made
        if self.command is not None:
            from socktrace.tui.widgets.command_pane import CommandPane  # noqa: PLC0415 - if asked

            yield CommandPane(*self.command)
        yield StatusLine(id="status")
        yield Footer(id="footer")

    async def on_mount(self) -> None:
        """Begin to look."""
        self.end_by_signals()
        await self.use(self.feed)
        self.set_filter(self._first_filter)
        self.begin()
        if self._duration is not None:
            self.set_timer(self._duration, partial(self.exit, 0))
        if isinstance(self.feed, NoFeed):
            from socktrace.tui.pages.doctor import DoctorPage  # noqa: PLC0415 - when needed

            self.push_screen(DoctorPage(self._problems, self._choices))

    @property
    def has_source(self) -> bool:
        """Whether a source has been chosen."""
        return not isinstance(self.feed, NoFeed)

    @property
    def has_way(self) -> bool:
        """Whether there is somewhere to go back to."""
        return bool(self._way)

    @property
    def program_has_keyboard(self) -> bool:
        """Whether keys go to the program that is traced."""
        focused = self.focused
        return focused is not None and any(
            node.id == PANE_ID for node in focused.ancestors_with_self
        )

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Whether an action works now: others are not offered."""
        name = f"{action}('{parameters[0]}')" if parameters else action
        return works(self, name) and super().check_action(action, parameters)

    # --- small actions ---

    async def action_quit_always(self) -> None:
        """End, wherever the focus is."""
        await self.action_quit()

    def action_pause(self) -> None:
        """Let the screen stand still, or the recording; go on."""
        player = self.feed.player
        if player is not None:
            if player.playing:
                player.pause()
            else:
                player.play()
        else:
            self.paused = not self.paused
        self.tell()
        self.refresh_bindings()

    def action_theme(self) -> None:
        """Change between dark and light."""
        self.theme = LIGHT.name if self.current_theme.dark else DARK.name

    def action_names(self) -> None:
        """Show names, or numbers."""
        self.names = not self.names
        self.view.draw()
        self.notify("names are shown" if self.names else "numbers are shown", markup=False)

    def action_command_pane(self) -> None:
        """Give the keyboard to the program that is traced."""
        from socktrace.tui.widgets.command_pane import CommandPane  # noqa: PLC0415 - if there

        self.query_one(CommandPane).take_keyboard()

    # --- dialogs ---

    async def action_help(self) -> None:
        """Show every key."""
        from socktrace.tui.dialogs.help import Help  # noqa: PLC0415 - on demand

        await self.push_screen(Help(self.view.label, self.settings.keys))

    async def action_palette(self) -> None:
        """Find a command by its name."""
        from socktrace.tui.dialogs.palette import Palette, commands_here  # noqa: PLC0415

        await self.push_screen(Palette(commands_here(self.screen)), self._do)

    async def _do(self, command: Command | None) -> None:
        if command is not None:
            await self.run_action(command.action, command.node)

    def action_sources(self) -> None:
        """Tell what feeds this screen, and what is missing."""
        from socktrace.tui.dialogs.sources import Sources  # noqa: PLC0415 - on demand

        self.push_screen(Sources(self.feed.source, self.feed.status()))
