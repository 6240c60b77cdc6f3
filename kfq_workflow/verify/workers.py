"""Several processes share the instances of a log. All see one state of it, and their findings make up one report.

    this process                             the others, one for each further job (`worker`)
    divide the instances; in a thread        start, open the source
    look whether it is sound
    settle on a state of the source    ──▶   look for the same state
                                       ◀──   it is there, or not: try again, at last read alone
    read the first part                ──▶   read a part each, tell how far
    put the outcomes together          ◀──   outcome

The others are programs of their own, which inherit no connection, no lock and no thread, and do not run the
application's main module again as `multiprocessing` would have them do. They are in a process group of their own, so
that Ctrl-C reaches this process alone, which ends them; and where this process ends, so do they when they next tell how
far they are.
"""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import ExitStack, suppress
from multiprocessing.connection import Pipe
from threading import Thread
from typing import TYPE_CHECKING, Any, NoReturn, Self

from kfq_workflow.errors import VerificationInterrupted
from kfq_workflow.stored.source import Indexed, Shared
from kfq_workflow.verify.reader import Outcome
from kfq_workflow.verify.reader import read as read_part
from kfq_workflow.verify.report import Book
from kfq_workflow.verify.worker import READY

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType

    from kfq_workflow.stored.source import Opening, Source

#: Entries that are worth a process of its own, which takes as long to start as so many to verify.
LEAST = 50_000
#: Processes that are started unasked, and how often they are asked to find a state of the source that all can see.
_MOST, _TRIES = 8, 5
#: Seconds that a process has to end when it was told to, and after which a thread is told again.
_PATIENCE, _WAIT = 5, 0.1


def available() -> int:
    """Return the number of cores that this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return min(len(affinity(0)) if affinity is not None else os.cpu_count() or 1, _MOST)


def read(source: Source, jobs: int | None, progress: Callable[[int], object] | None) -> list[Outcome] | None:
    """Read a log in so many processes, None: as many as are worth it; return None where one process must do it.

    Raises VerificationInterrupted when one of them ends before its time.
    """
    opening = source.opening() if isinstance(source, Shared) else None
    if opening is None or not isinstance(source, Shared) or not sys.executable:
        return None
    spans = source.spans(available(), LEAST) if jobs is None else source.spans(jobs, 1)
    if len(spans) < 2:  # noqa: PLR2004 - one is no division
        return None
    with ExitStack() as stack:
        workers = [stack.enter_context(Worker(opening)) for _ in spans[1:]]
        sound = None
        if isinstance(source, Indexed) and source.indexed:
            sound = stack.enter_context(_Soundness(source, opening))
        if not _agree(source, workers):
            return None
        for worker, span in zip(workers, spans[1:], strict=True):
            worker.send(span)
        outcomes = [read_part(source, spans[0], progress=_Together(workers, progress))]
        outcomes += [worker.outcome() for worker in workers]
        if sound is not None:
            sound.tell(outcomes[0].book)
    return outcomes if source.gather([outcome.told for outcome in outcomes]) else None


def _agree(source: Shared, workers: Sequence[Worker]) -> bool:
    """Settle on a state of the source that all see; False where none could be found."""
    if not all(worker.ready() for worker in workers):
        return False
    for _ in range(_TRIES):
        state = source.settle()
        for worker in workers:
            worker.send(state)
        answers = [worker.ready() for worker in workers]  # each must be heard before the next is asked
        if all(answers):
            return True
    return False


class Worker:
    """Another process, which reads a part."""

    def __init__(self, opening: Opening) -> None:
        self._opening = opening
        self.entries = 0
        self._found: Outcome | None = None

    def __enter__(self) -> Self:
        self._line, theirs = Pipe()
        number = theirs.fileno()
        # The same modules as here, wherever they were found.
        start = f"import sys; sys.path[:] = {sys.path!r}; from kfq_workflow.verify.worker import main; main({number})"
        with theirs:
            self.process = subprocess.Popen(  # noqa: S603 - this interpreter, and nothing from outside
                [sys.executable, "-c", start], pass_fds=[number], stdin=subprocess.DEVNULL, process_group=0
            )
        self.send(self._opening)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._line.close()
        self.process.terminate()
        try:
            self.process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def send(self, what: Any) -> None:
        """Tell it something."""
        with suppress(BrokenPipeError):  # it has ended, which is seen when it is asked
            self._line.send(what)

    def ready(self) -> bool:
        """Wait until it says whether it can do what it was told."""
        try:
            return bool(self._line.recv() == READY)
        except (EOFError, OSError):
            return False

    def listen(self, *, wait: bool = False) -> None:
        """Take what it says of how far it is, up to what it has found; with `wait` until it has found it."""
        while self._found is None and (wait or self._line.poll()):
            try:
                said = self._line.recv()
            except (EOFError, OSError):
                self._ended()
            if isinstance(said, int):
                self.entries = said
            elif isinstance(said, Outcome):
                self._found = said
            else:
                raise VerificationInterrupted(reason=str(said))

    def outcome(self) -> Outcome:
        """Wait for the end of its part, and return what it found."""
        self.listen(wait=True)
        if self._found is None:
            self._ended()
        try:
            while data := self._line.recv_bytes():
                self._found.heads.write(data)
        except (EOFError, OSError):
            self._ended()
        return self._found

    def _ended(self) -> NoReturn:
        code = self.process.wait()
        raise VerificationInterrupted(reason=f"signal {-code}" if code < 0 else f"exit code {code}")


class _Together:
    """Tells how far all are, whenever this process tells how far it is."""

    def __init__(self, workers: Sequence[Worker], progress: Callable[[int], object] | None) -> None:
        self._workers = workers
        self._progress = progress

    def __call__(self, entries: int) -> None:
        for worker in self._workers:
            worker.listen()
        if self._progress is not None:
            self._progress(entries + sum(worker.entries for worker in self._workers))


class _Soundness:
    """A thread that looks whether a source is sound, over a connection of its own, while the others start and read."""

    def __init__(self, source: Indexed, opening: Opening) -> None:
        self._source = source
        self._opening = opening
        #: The source as the thread sees it, and what it found when it is done.
        self._theirs: list[Indexed] = []
        self._found: list[Book] = []
        self._thread = Thread(target=self._look)

    def _look(self) -> None:
        with suppress(Exception), self._opening.open() as opened:  # `tell` looks again where this one could not
            source: object = opened.see(None)
            book = Book()
            if isinstance(source, Indexed):
                self._theirs.append(source)
                source.sound(book)
                self._found.append(book)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        while self._thread.is_alive():
            for source in self._theirs:
                with suppress(Exception):  # it may just have closed its connection
                    source.interrupt()
            self._thread.join(_WAIT)

    def tell(self, book: Book) -> None:
        """Wait for what it found, and note it."""
        self._thread.join()
        for found in self._found:
            book.merge(found)
        if not self._found:
            self._source.sound(book)
