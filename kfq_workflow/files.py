"""A file that appears complete or not at all."""

from __future__ import annotations

import os
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

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
