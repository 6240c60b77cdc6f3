"""The catalogue of attacks: what is done, who can do it, what finds it. Run by tests/contract/test_attacks.py."""

from tests.attacks import acts, entries, files, late, refused, stored, sweeps, tree, whole

REFUSALS = refused.ATTACKS
ATTACKS = (
    *entries.ATTACKS, *acts.ATTACKS, *whole.ATTACKS, *stored.ATTACKS, *tree.ATTACKS, *late.ATTACKS,
)  # fmt: skip
SWEEPS = sweeps.SWEEPS
FILES = files.ATTACKS
CATALOGUE = (*REFUSALS, *ATTACKS, *SWEEPS, *FILES)
