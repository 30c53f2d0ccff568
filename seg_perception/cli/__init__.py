"""The command `seg-perception`; one file for each sub-command."""
