"""Approval gates: transitions that more than one person signs. Pure: no database, no clock."""
