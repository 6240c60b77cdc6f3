"""The same act on many instances: each decided by itself, each in a transaction of its own, each reported.

A batch has a name, and every act in it a request id made of that name and the instance's key. Run again after a crash,
what was done is found by its id and left as it is; what was refused or conflicted is tried again. Bulk approval of an
inbox is the same thing: the act is a vote.

    for outcome in advance_many(engine, keys, "approve", by="director", batch="2026-11-24-morning"):
        print(outcome.key, outcome.what, outcome.text("zh"))
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Literal

from kfq_workflow import inputs
from kfq_workflow.errors import (
    AlreadyStarted,
    Conflict,
    IdempotencyMismatch,
    InvalidInput,
    KfqError,
    NotFound,
    Refused,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from kfq_workflow.engine import WorkflowEngine
    from kfq_workflow.values import Receipt
    from kfq_workflow.verbs.transaction import Transaction

ACTS = ("fire", "submit", "approve", "reject", "abstain")
#: A batch's name leaves room for 24 letters of the key's digest in a request id of 64.
MAX_BATCH = 39
#: What stops one instance; anything else (the database is gone, its outcome unknown) stops the batch.
_ITS_OWN = (AlreadyStarted, IdempotencyMismatch, InvalidInput, NotFound)

What = Literal["moved", "recorded", "done", "refused", "conflict", "failed"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one instance.

    `what` is moved (its state changed), recorded (a vote that did not decide, a submission), done (the batch had done
    it before), refused, conflict, or failed (there is no such instance, the input does not fit it). `receipt` is there
    for the first three, `error` for the others.
    """

    key: str
    what: What
    receipt: Receipt | None = None
    error: KfqError | None = None

    @property
    def ok(self) -> bool:
        """Whether it is as the batch wanted it."""
        return self.error is None

    def text(self, lang: str = "en") -> str:
        """Return why it was not done, nothing where it was."""
        return self.error.text(lang) if self.error else ""


def advance_many(
    engine: WorkflowEngine,
    keys: Iterable[str],
    act: str,
    trigger: str | None = None,
    *,
    by: str,
    batch: str,
    dry_run: bool = False,
    **how: Any,
) -> Iterator[Outcome]:
    """Do one act on each of the instances, in the order given, a key that comes twice once.

    `act` is fire, submit, approve, reject or abstain; `trigger` may be left out for votes. `batch` names the batch, 1
    to 39 letters, digits or `. _ : -`: the same name again continues it. `how` is handed to the act. With `dry_run`
    nothing is written, and the outcomes are what would be. Raises InvalidInput before the first act, and whatever
    stops the database; run it again then.
    """
    inputs.choice(act, "act", ACTS)
    if len(inputs.request_id(batch)) > MAX_BATCH:
        raise InvalidInput("batch_too_long", batch=batch, limit=MAX_BATCH)
    if trigger is None and act in ("fire", "submit"):
        raise InvalidInput("required_text", what="trigger")
    run: Callable[[Callable[[Transaction], Receipt]], Receipt] = engine.dry_run if dry_run else engine.run

    def work(key: str) -> Callable[[Transaction], Receipt]:
        asked = {"by": by, "request": request_of(batch, key), **how}
        return lambda transaction: getattr(transaction, act)(key, trigger, **asked)

    return (_one(key, run, work(key)) for key in dict.fromkeys(keys))


def request_of(batch: str, key: str) -> str:
    """Return the request id of an instance's act in a batch."""
    return f"{batch}.{sha256(key.encode('utf-8', 'surrogatepass')).hexdigest()[:24]}"


def _one(
    key: str,
    run: Callable[[Callable[[Transaction], Receipt]], Receipt],
    work: Callable[[Transaction], Receipt],
) -> Outcome:
    try:
        receipt = run(work)
    except Refused as error:
        return Outcome(key, "refused", error=error)
    except Conflict as error:
        return Outcome(key, "conflict", error=error)
    except KfqError as error:
        if isinstance(error, _ITS_OWN) or type(error) is KfqError:
            return Outcome(key, "failed", error=error)
        raise
    if receipt.replayed:
        return Outcome(key, "done", receipt)
    return Outcome(key, "moved" if receipt.set else "recorded", receipt)
