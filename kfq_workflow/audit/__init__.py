"""The Merkle tree over all entries, and signed statements about it that leave the database."""
