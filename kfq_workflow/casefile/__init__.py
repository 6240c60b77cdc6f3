"""Cases of the past in a YAML file, read strictly and entered all or nothing as the late entries that they are.

    kfq_cases: 1
    source: the article, yearbook or file that all of it is known from
    facts: FILE                 names, attributes and flags of the instances, beside this file; may be left out
    cases:
    - key: guxian-etdz
      workflow: zone_lifecycle
      name: {zh: …, en: …}      unless the facts have it
      root: KEY                 for a case that belongs to an instance
      acts:
      - {adopt: {main: provincial_approval.decision_pending}, on: '[..2020-02]', basis: implied, note: {zh: …, en: …}}
      - {register: approve_zone, by: provincial_government, on: 2020-02, basis: stated}
      - {start: true, on: '[..2020-05]'}
      ends: {main: staffing.preparing}
    plans:
    - {for: [KEY…], event: [TRIGGER…], zh: …, en: …, kind: deadline, expected: EDTF, latest: EDTF, basis: stated}
    refused:
    - {key: KEY, fire: TRIGGER, by: ROLE, why: {zh: …, en: …}}

`reader` reads it; all problems are reported at once, each with its line.
"""

from __future__ import annotations

from kfq_workflow.casefile.entering import Outcome, enter
from kfq_workflow.casefile.model import Attempt, Case, CaseFile, PastAct, Remark
from kfq_workflow.casefile.reader import CaseFileError, load

__all__ = ["Attempt", "Case", "CaseFile", "CaseFileError", "Outcome", "PastAct", "Remark", "enter", "load"]
