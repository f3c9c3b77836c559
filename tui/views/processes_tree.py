"""The tree of processes as a list: what folds it."""

from __future__ import annotations

from textual import events

from socktrace.tui.widgets.row_list import RowList
from socktrace.view.processes.rows import ProcessRows


class ProcessTree(RowList):
    """The tree: left and right fold it, so does a click on a sign.

    Args:
        rows: its rows.
    """

    def __init__(self, rows: ProcessRows) -> None:
        super().__init__(rows)
        self._processes = rows

    @property
    def pid(self) -> int | None:
        """The process under the cursor."""
        key = self.cursor_key
        return key if isinstance(key, int) else None

    def action_left(self) -> None:
        """Fold the branch; where there is nothing to fold, go to the parent."""
        tree, pid = self._processes.tree, self.pid
        if pid is None:
            return
        if tree.below(pid) and pid not in tree.folded:
            self.toggle(pid)
        elif (parent := tree.parent(pid)) is not None:
            self._go_by_hand(parent)

    def action_right(self) -> None:
        """Unfold the branch; where it is, go to the first child."""
        tree, pid = self._processes.tree, self.pid
        if pid is None:
            return
        if pid in tree.folded:
            self.toggle(pid)
        elif tree.below(pid):
            self.action_cursor_down()

    def on_click(self, event: events.Click) -> None:
        """Fold the branch whose sign is clicked, or unfold it."""
        index = event.y - 1 + self.scroll_offset.y
        if event.y and index < len(self._processes):
            at = self._processes.sign_at(index)
            if at is not None and at <= event.x <= at + 1:
                self.toggle(self._processes.key(index))

    def fold(self) -> None:
        """Fold the branch under the cursor, or the one it is in; or unfold it."""
        tree, pid = self._processes.tree, self.pid
        if pid is not None and not tree.below(pid):
            pid = tree.parent(pid)
        if pid is not None:
            self.toggle(pid)

    def fold_all(self) -> None:
        """Fold every branch below the first processes, or unfold all."""
        tree, pid = self._processes.tree, self.pid
        branches = {p.pid for p in tree.everyone if tree.below(p.pid) and tree.parent(p.pid)}
        folding = not branches <= tree.folded
        tree.folded.clear()
        if folding:
            tree.folded.update(branches)
        tree.fold()
        while pid is not None and tree.place(pid) is None:
            pid = tree.parent(pid)
        self.refold(pid)

    def toggle(self, pid: int) -> None:
        """Fold a branch, or unfold it."""
        self._processes.tree.folded.symmetric_difference_update({pid})
        self.refold(pid)

    def reveal(self, pid: int) -> bool:
        """Go to a process, unfolding what hides it. False: it is not there."""
        self._processes.tree.unfold_to(pid)
        self.refold(pid)
        return self.pid == pid

    def refold(self, pid: int | None) -> None:
        """Make the rows anew, with the cursor on a process."""
        self._processes.tree.fold()
        self.show()
        self._go_by_hand(pid)

    def _go_by_hand(self, pid: int | None) -> None:
        if pid is not None and self.go_to(pid):
            self.post_message(self.Moved(self, pid))
