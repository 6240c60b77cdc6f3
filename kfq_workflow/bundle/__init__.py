"""Bundles: one file that an auditor can be handed, a log or a part of it with all that proves it.

The format is described in docs/reference/bundle-format.md, completely enough to write another verifier.
"""

from __future__ import annotations

from kfq_workflow.bundle.check import is_bundle, lines_of, verify_bundle
from kfq_workflow.bundle.layout import Scope
from kfq_workflow.bundle.writer import Made, write_bundle

__all__ = ["Made", "Scope", "is_bundle", "lines_of", "verify_bundle", "write_bundle"]
