r"""A private key in a file of its own account, and what it has signed last, beside it.

    office.key        PRIVATE+KEY+NAME+ID+base64(kind ‖ 32 bytes)\n         as golang.org/x/mod/sumdb/note writes it
    office.key.seen   the newest checkpoint that was signed of each log, its three lines, and an empty line

Both belong to whoever signs and to nobody else; the application's account must not be able to read them. What was
signed last is written before a signature leaves, under a lock on the key: two signers at once cannot sign a fork.
"""

from __future__ import annotations

import os
import stat
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kfq_workflow.audit import signers
from kfq_workflow.audit.checkpoint import Checkpoint
from kfq_workflow.audit.note import NoteError, check_name, decode, encode, kind_in
from kfq_workflow.errors import InvalidInput
from kfq_workflow.hashing import SUITE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kfq_workflow.audit.note import Signer, VerifierKey

_BEGINS, _PARTS = "PRIVATE+KEY+", 3
_MOST = 4096


@dataclass(frozen=True, slots=True)
class Held:
    """A signer, and the file beside which lies what it signed last: the key's own, or any where the key is elsewhere.

    So a signing server or a certified module signs; the file, which is made where there is none, then holds no key.
    """

    signer: Signer
    path: str | Path


def held(key: str | Path | Held) -> Held:
    """Return the key in a file, or one that is elsewhere as it is. Raises InvalidInput, as `load`."""
    return key if isinstance(key, Held) else Held(load(key), key)


def create(path: str | Path, name: str, *, cosigner: bool = False, suite: str = SUITE) -> VerifierKey:
    """Make a key for logs of a suite and write it to a new file that only its owner may read; return its public half.

    Raises InvalidInput when the name is none or the file exists.
    """
    try:
        check_name(name)
    except NoteError as error:
        raise InvalidInput("key_name", name=name[:80]) from error
    kind = signers.kind_of(suite, cosigner=cosigner)
    secret = signers.new_secret(kind)
    key = signers.signer(name, kind, secret).key
    text = f"{_BEGINS}{name}+{key.id.hex()}+{encode(kind.code + secret)}\n"
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            os.fchmod(handle, 0o600)
            file.write(text)
            file.flush()
            os.fsync(handle)
    except OSError as error:
        raise InvalidInput("key_file", path=str(path), reason=error.strerror or str(error)) from error
    return key


def load(path: str | Path) -> Signer:
    """Read a key. Raises InvalidInput when it is none, or when anybody but its owner may read or change the file."""
    try:
        with Path(path).open("rb") as file:
            _check_owner(file.fileno(), str(path))
            text = file.read(_MOST).decode()
        name, id_, data = text.removeprefix(_BEGINS).removesuffix("\n").split("+", _PARTS - 1)
        material = decode(data)
        kind = kind_in(material)
        found = signers.signer(check_name(name), kind, material[len(kind.code) :])
        if not text.startswith(_BEGINS) or found.key.id.hex() != id_:
            raise InvalidInput("key_bad", path=str(path))
    except OSError as error:
        raise InvalidInput("key_file", path=str(path), reason=error.strerror or str(error)) from error
    except (ValueError, IndexError) as error:
        raise InvalidInput("key_bad", path=str(path)) from error
    return found


def _check_owner(handle: int, path: str) -> None:
    about = os.fstat(handle)
    if not stat.S_ISREG(about.st_mode) or about.st_uid != os.geteuid() or about.st_mode & 0o077:
        raise InvalidInput("key_open", path=path)


class Seen:
    """What a key has signed last of each log; see `hold`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._last: dict[str, Checkpoint] = {}
        with suppress(FileNotFoundError):
            try:
                for text in filter(None, path.read_text("utf-8").split("\n\n")):
                    found = Checkpoint.parse(text.removesuffix("\n") + "\n")
                    self._last[found.origin] = found
            except (NoteError, UnicodeDecodeError) as error:
                raise InvalidInput("key_seen_bad", path=str(path)) from error

    def last(self, origin: str) -> Checkpoint | None:
        """Return the newest checkpoint that was signed of a log."""
        return self._last.get(origin)

    def all(self) -> list[Checkpoint]:
        """Return the newest checkpoint that was signed of each log, and of each of its incarnations."""
        return [self._last[origin] for origin in sorted(self._last)]

    def put(self, checkpoint: Checkpoint) -> None:
        """Note, safely on the disk, what is about to be signed."""
        self._last[checkpoint.origin] = checkpoint
        beside = self._path.with_name(self._path.name + ".new")
        handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write("\n".join(str(self._last[origin]) for origin in sorted(self._last)))
            file.flush()
            os.fsync(handle)
        beside.replace(self._path)


def remembered(path: str | Path) -> list[Checkpoint]:
    """Return what a key has signed last of each log, waiting for nobody; nothing where that cannot be opened.

    Raises InvalidInput when it is not of its form.
    """
    try:
        return Seen(_beside(path)).all()
    except OSError:  # whoever signs is told of it then
        return []


def _beside(path: str | Path) -> Path:
    return Path(f"{path}.seen")


@contextmanager
def hold(path: str | Path) -> Iterator[Seen]:
    """Yield what a key has signed last; nobody else signs with the key meanwhile."""
    import fcntl

    with os.fdopen(os.open(path, os.O_RDONLY | os.O_CREAT, 0o600), "rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield Seen(_beside(path))
