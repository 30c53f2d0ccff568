"""A robot of all day in minutes: random faults, flat memory, an exact ledger."""
