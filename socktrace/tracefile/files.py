"""Creating the files that recordings live in, so that no link and no half-written file surprises.

socktrace runs as root: a recording must never be written through a symbolic link that somebody
else left in /tmp, nor over a file that was not meant, nor be readable by others (open(2)).
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

from socktrace.tracefile.errors import RecordingError

if TYPE_CHECKING:
    from collections.abc import Iterator

MODE: Final = 0o600
STDOUT: Final = "-"

_CREATE: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_KINDS: Final = (
    (stat.S_ISDIR, "a directory"),
    (stat.S_ISFIFO, "a FIFO"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a character device"),
    (stat.S_ISBLK, "a block device"),
    (stat.S_ISLNK, "a symbolic link"),
)


def describe(mode: int) -> str:
    """Say in words what kind of file has this st_mode (inode(7))."""
    return next((words for is_kind, words in _KINDS if is_kind(mode)), "not a regular file")


def create(path: str) -> int:
    """Create a file that did not exist, mode 0600, never through a link; its descriptor.

    Under sudo(8) it belongs to whoever called that, who could not read it otherwise.
    """
    try:
        descriptor = os.open(path, _CREATE, MODE)
    except FileExistsError:
        raise _exists(path) from None
    except (OSError, ValueError) as error:
        raise RecordingError(
            f"cannot create {path!r}", reason(error), _NEXT_STEPS.get(_errno(error), CHECK_NAME)
        ) from error
    _give_to_caller(descriptor)
    return descriptor


def _give_to_caller(descriptor: int) -> None:
    """Give a new file to the user who called sudo(8): SUDO_UID and SUDO_GID."""
    uid, gid = (os.environ.get(name, "") for name in ("SUDO_UID", "SUDO_GID"))
    if os.geteuid() == 0 and uid.isdecimal() and gid.isdecimal():
        with contextlib.suppress(OSError, OverflowError):  # it stays root's: a file all the same
            os.fchown(descriptor, int(uid), int(gid))


def refuse_existing(path: str) -> None:
    """Complain when there is something of this name, be it a dangling link."""
    if os.path.lexists(path):
        raise _exists(path)


def _exists(path: str) -> RecordingError:
    return RecordingError(
        f"cannot create {path!r}",
        "it exists already",
        "choose another name or allow replacing it with --force",
    )


def create_beside(path: str) -> tuple[int, str]:
    """Create a temporary file next to ``path``, to be renamed over it; descriptor and name.

    What is there already must be a regular file or nothing: a rename would silently replace a
    link or a device node otherwise.
    """
    what = f"cannot replace {path!r}"
    try:
        mode = os.lstat(path).st_mode
    except FileNotFoundError:
        mode = stat.S_IFREG
    except (OSError, ValueError) as error:
        raise RecordingError(what, reason(error), CHECK_NAME) from error
    if not stat.S_ISREG(mode):
        raise RecordingError(what, f"it is {describe(mode)}", "choose another name")
    place = Path(path)
    if not place.name:
        raise RecordingError(what, "it names no file", CHECK_NAME)
    # Some hundred bytes are left of NAME_MAX (255, limits.h) for a name in any script.
    temporary = str(place.with_name(f".{place.name[:50]}.{secrets.token_hex(4)}"))
    return create(temporary), temporary


@contextlib.contextmanager
def whole_file(path: str, *, force: bool = False) -> Iterator[IO[bytes]]:
    """Give a file to write that gets its name when it is complete, or never; "-" is stdout.

    Raises:
        RecordingError: It exists and ``force`` is not set, or it cannot be written.
    """
    if path == STDOUT:
        with _writing(path), os.fdopen(os.dup(1), "wb") as out:
            yield out
        return
    if not force:
        refuse_existing(path)
    fd, temporary = create_beside(path)
    try:
        with _writing(path), os.fdopen(fd, "wb") as out:
            yield out
        put_in_place(temporary, path, force=force)
    except BaseException:
        Path(temporary).unlink()
        raise


@contextlib.contextmanager
def _writing(path: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise RecordingError(
            f"cannot write {path!r}", reason(error), "free some space or choose another disk"
        ) from error


def put_in_place(temporary: str, path: str, *, force: bool) -> None:
    """Give a finished temporary file its name; without ``force`` only if nobody has it.

    link(2) refuses an existing name, which rename(2) would replace.
    """
    try:
        if force:
            Path(temporary).rename(path)
            return
        try:
            os.link(temporary, path)
        except FileExistsError:
            raise _exists(path) from None
        except OSError:  # a file system without hard links
            refuse_existing(path)
            Path(temporary).rename(path)
        else:
            Path(temporary).unlink()
    except OSError as error:
        raise RecordingError(
            f"cannot create {path!r}", reason(error), "choose another name"
        ) from error


def reason(error: BaseException) -> str:
    """The reason an operating system error gives, without its number."""
    return getattr(error, "strerror", None) or str(error)


def _errno(error: BaseException) -> int:
    return getattr(error, "errno", None) or 0


CHECK_NAME: Final = "check the name"
_NEXT_STEPS: Final = {
    errno.ENOENT: "create the directory first",
    errno.EACCES: "choose a directory you may write to",
    errno.EROFS: "choose a directory you may write to",
    errno.ENOSPC: "free some space or choose another disk",
    errno.ELOOP: "name the file itself, not a link to it",
}
