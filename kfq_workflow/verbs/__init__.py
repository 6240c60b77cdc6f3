"""What may be done to an instance: each verb one act, each act one entry, in one transaction."""
