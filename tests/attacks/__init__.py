"""The catalogue of attacks: what is done, who can do it, what finds it. Run by tests/contract/test_attacks.py."""

from tests.attacks import entries, late, stored, whole

CATALOGUE = (*entries.ATTACKS, *whole.ATTACKS, *stored.ATTACKS, *late.ATTACKS)
