"""Who may correct and erase: the verb that puts it on record, and the question what is on record; see `policy`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kfq_workflow import inputs, policy
from kfq_workflow.errors import InvalidInput
from kfq_workflow.verbs.act import Act
from kfq_workflow.verbs.approving import Approving

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kfq_workflow.values import Receipt

LOG = "~log"


class Ruling(Approving):
    """Says who may correct and erase, inside an open transaction."""

    def rule(
        self, *, by: str, rectify: tuple[Sequence[str], Sequence[str]] | None = None,
        redact: tuple[Sequence[str], Sequence[str]] | None = None, apart: bool = False, request: str | None = None,
    ) -> Receipt:  # fmt: skip
        """Say who may propose and who may confirm corrections and erasures: (roles, roles), None for nobody.

        It takes the place of what was said before. `apart` asks for persons of two organisations. Only an administrator
        rules. Raises InvalidInput for a role on both sides, NotAuthorised.
        """
        act = Act("ruled", LOG, inputs.identifier(by), request and inputs.request_id(request), "rule")
        for name, sides in (("rectify", rectify), ("redact", redact)):
            if sides is None:
                continue
            propose, confirm = (sorted(set(inputs.identifiers(side, "roles"))) for side in sides)
            said = act.body[name] = {"propose": propose, "confirm": confirm}
            if not policy.well_formed(said):
                raise InvalidInput("policy_roles", propose=propose, confirm=confirm)
        if apart:
            act.body["apart"] = True
        head = self._ledger.lock(LOG)
        if (receipt := self._ledger.replayed(act, head.row)) is not None:
            return receipt
        self._registry.administer(act, head)
        return self._ledger.append(act, head)
