"""Approvals: what a gate is made of, who must act on it, and what of it is told to whom."""
