"""Files: one that appears complete or not at all, small ones at once, and one that is a stretch of another."""

from __future__ import annotations

import io
import os
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kfq_workflow.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO


@contextmanager
def new_file(path: str | Path, *, overwrite: bool) -> Iterator[BinaryIO]:
    """Open a file to write, beside its place; flush it to disk and put it there when the block ends well.

    Only its owner may read it, for what comes from a log may hold texts in clear. Raises InvalidInput when the file
    exists and `overwrite` is not given, or when none can be written there.
    """
    target = Path(path)
    if target.exists() and not overwrite:
        raise InvalidInput("export_exists", path=str(target))
    try:
        handle, name = tempfile.mkstemp(prefix=f".{target.name[:64]}.", dir=target.parent)  # made for its owner alone
    except OSError as error:
        raise InvalidInput("export_failed", path=str(target), reason=error.strerror or str(error)) from error
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        _publish(Path(name), target, overwrite=overwrite)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise


def add_file(path: str | Path, data: bytes) -> None:
    """Write a small file that is not there yet and may be handed on. Raises InvalidInput."""
    try:
        with Path(path).open("xb") as file:
            file.write(data)
    except FileExistsError:
        raise InvalidInput("file_exists", path=str(path)) from None
    except OSError as error:
        raise InvalidInput("export_failed", path=str(path), reason=error.strerror or str(error)) from error


def read_file(path: str | Path) -> bytes:
    """Return what a small file holds. Raises InvalidInput."""
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise InvalidInput("export_unreadable", path=str(path), reason=error.strerror or str(error)) from error


def _publish(made: Path, target: Path, *, overwrite: bool) -> None:
    if overwrite:
        made.replace(target)
    else:
        try:
            os.link(made, target)  # unlike a rename it fails when somebody else was first
        except FileExistsError:
            raise InvalidInput("export_exists", path=str(target)) from None
        except OSError:  # a file system without links
            made.replace(target)
        else:
            made.unlink()
    with suppress(OSError):  # not every system opens folders
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


class Part:
    """A stretch of a file that is read as if it were a file of its own: a whole one, or a member of a bundle."""

    def __init__(self, path: str | Path, start: int = 0, size: int | None = None) -> None:
        self.path = Path(path)
        self.start = start
        self.size = self.path.stat().st_size if size is None else size

    def __str__(self) -> str:
        return str(self.path)

    def open(self) -> BinaryIO:
        """Open it to read bytes."""
        file = self.path.open("rb")
        if self.start == 0 and self.size == os.fstat(file.fileno()).st_size:
            return file
        return io.BufferedReader(_Window(file, self.start, self.size))


class _Window(io.RawIOBase):
    """The bytes of an open file from `start` on, `size` of them."""

    def __init__(self, file: BinaryIO, start: int, size: int) -> None:
        self._file = file
        self._start = start
        self._size = size
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        self._at = max(base + offset, 0)
        return self._at

    def readinto(self, buffer: Any) -> int:
        room = min(len(buffer), max(self._size - self._at, 0))
        self._file.seek(self._start + self._at)
        data = self._file.read(room)
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)

    def close(self) -> None:
        self._file.close()
        super().close()
