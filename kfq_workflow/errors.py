"""Everything that can go wrong, as a caller meets it.

    KfqError
    ├── InvalidInput           malformed: a key, an id, a date, a text; nothing was tried
    ├── DefinitionError        .problems: all of them at once, each with its place
    ├── Refused                a rule said no; .refusals .missing .decision
    │   ├── NotAllowed · NotAuthorised · EvidenceMissing · GuardFailed
    ├── NotFound               .kind .key
    ├── AlreadyStarted         the key is taken
    ├── Conflict               somebody else moved it first; nothing was written
    ├── IdempotencyMismatch    the request id was used for something else
    ├── TransactionLost        the database gave it up: run the whole unit of work again
    ├── OutcomeUnknown         the connection broke at commit and the outcome cannot be looked up
    ├── SignerRefused          the log is not what this key has signed before
    ├── NotInitialised · SchemaOutOfDate · DatabaseUnavailable
    ├── VerificationFailed     .findings
    └── VerificationInterrupted    a process that took part in it ended before its time

An error is a code and values; its sentence comes from `messages`, in Chinese or English, and is safe to show.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from kfq_workflow.messages import render
from kfq_workflow.messages.verbs import verb

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kfq_workflow.definition.model import Definition
    from kfq_workflow.values import Decision, Problem, Refusal


class KfqError(Exception):
    """Base of every error that this library raises on purpose.

    `code` names the sentence in `messages`; `values` fill it. `str(error)` is the English sentence.
    """

    default_code: ClassVar[str] = "error"

    def __init__(self, code: str | None = None, **values: Any) -> None:
        self.code = code or self.default_code
        self.values: Mapping[str, Any] = values
        super().__init__(self.code)

    def text(self, lang: str = "en") -> str:
        """Return the sentence for a person, `lang` being `zh` or `en`."""
        return render(self.code, self.values, lang)

    def __str__(self) -> str:
        return self.text("en")


class InvalidInput(KfqError):
    """The caller's input is malformed; nothing was tried and nothing is on record."""

    default_code = "invalid_input"


class DefinitionError(KfqError):
    """A workflow definition cannot be used. `problems` has all of them, each with its place in the document."""

    default_code = "definition_error"

    def __init__(self, problems: Sequence[Problem], *, source: str = "") -> None:
        super().__init__("definition_error", source=source or "-", count=len(problems))
        self.problems = tuple(problems)

    def text(self, lang: str = "en") -> str:
        """Return the heading and one line per problem."""
        return "\n".join([super().text(lang), *(f"  {problem.text(lang)}" for problem in self.problems)])


class Refused(KfqError):
    """A rule said no. `decision` holds every refusal and the papers still missing."""

    default_code = "refused"

    def __init__(self, decision: Decision, *, key: str, act: Any = None, definition: Definition | None = None) -> None:
        super().__init__("refused", key=key, trigger=decision.trigger)
        self.decision = decision
        self.key = key
        #: Its labels name the trigger in `text`.
        self.definition = definition
        #: The attempt (a `verbs.act.Act`), which `WorkflowEngine.record` can put on record once a joined transaction
        #: has ended.
        self.act = act

    @property
    def refusals(self) -> tuple[Refusal, ...]:
        """Every reason, in the order in which the rules are checked."""
        return self.decision.refusals

    @property
    def missing(self) -> tuple[str, ...]:
        """The paper types that are still missing."""
        return self.decision.missing

    def text(self, lang: str = "en") -> str:
        """Return what was refused and every reason, a line each."""
        heading = render(self.code, {**self.values, "trigger": self._what(lang)}, lang)
        return "\n".join([heading, *(f"  {refusal.text(lang)}" for refusal in self.refusals)])

    def _what(self, lang: str) -> str:
        trigger = self.decision.trigger
        if said := verb(self.act.kind if self.act else "fired", trigger, lang):
            return said
        return self.definition.named("trigger", trigger, lang) if self.definition else trigger


class NotAllowed(Refused):
    """The move does not leave the state that the instance is in."""


class NotAuthorised(Refused):
    """The actor has none of the roles that the move asks for."""


class EvidenceMissing(Refused):
    """Papers or parameters that the move requires are missing."""


class GuardFailed(Refused):
    """A condition of the move does not hold, or cannot be decided yet."""


class NotFound(KfqError):
    """Nothing has this name: `kind` is instance, actor, workflow, trigger, role, paper, …."""

    default_code = "not_found"

    def __init__(self, kind: str, key: str, *, known: Sequence[str] = ()) -> None:
        super().__init__(f"not_found.{kind}", key=key, known=list(known))
        self.kind = kind
        self.key = key


class AlreadyStarted(KfqError):
    """An instance with this key exists."""

    default_code = "already_started"


class Conflict(KfqError):
    """Somebody else moved it first: `expected` and `found` are revisions. Nothing was written."""

    default_code = "conflict"

    def __init__(self, key: str, *, expected: int, found: int) -> None:
        super().__init__(key=key, expected=expected, found=found)
        self.expected = expected
        self.found = found


class IdempotencyMismatch(KfqError):
    """The request id was used before, for a different act."""

    default_code = "idempotency_mismatch"


class TransactionLost(KfqError):
    """The database gave the transaction up; run the whole unit of work again."""

    default_code = "transaction_lost"


class OutcomeUnknown(KfqError):
    """The connection broke at commit; look the request id up before trying again."""

    default_code = "outcome_unknown"


class NotInitialised(KfqError):
    """The database holds no log."""

    default_code = "not_initialised"


class SchemaOutOfDate(KfqError):
    """The tables are of another revision than this library; the message names the command to type."""

    default_code = "schema_out_of_date"


class DatabaseUnavailable(KfqError):
    """The database cannot be used: gone, locked, read-only or not ours."""

    default_code = "database_unavailable"


class SignerRefused(KfqError):
    """The log is not the continuation of what this key has signed before: it shrank, or forked, or is not trusted."""

    default_code = "signer_refused"


class VerificationFailed(KfqError):
    """Verification found something. `findings` has all of it."""

    default_code = "verification_failed"

    def __init__(self, findings: Sequence[Any]) -> None:
        super().__init__(count=len(findings))
        self.findings = tuple(findings)


class VerificationInterrupted(KfqError):
    """A process that took part in a verification ended before its time, or could not go on: there is no verdict."""

    default_code = "verification_interrupted"


#: The class raised when several refusals hold is the first of these that any of them names.
REFUSED_CLASSES: tuple[type[Refused], ...] = (NotAllowed, NotAuthorised, EvidenceMissing, GuardFailed)


def refused(decision: Decision, *, key: str, act: Any = None, definition: Definition | None = None) -> Refused:
    """Build the exception for a decision that refuses.

    The class is the first of NotAllowed, NotAuthorised, EvidenceMissing, GuardFailed that a refusal names. The labels
    of `definition` name what was refused.
    """
    named = {refusal.category for refusal in decision.refusals}
    for cls in REFUSED_CLASSES:
        if cls.__name__ in named:
            return cls(decision, key=key, act=act, definition=definition)
    return Refused(decision, key=key, act=act, definition=definition)
