"""The catalogue of attacks: what is done, who can do it, what finds it. Run by tests/contract/test_attacks.py."""

from tests.attacks import entries, files, late, refused, stored, sweeps, whole

REFUSALS = refused.ATTACKS
ATTACKS = (*entries.ATTACKS, *whole.ATTACKS, *stored.ATTACKS, *late.ATTACKS)
SWEEPS = sweeps.SWEEPS
FILES = files.ATTACKS
CATALOGUE = (*REFUSALS, *ATTACKS, *SWEEPS, *FILES)
