"""Exit codes of every command (the command-line contract)."""

GOOD = 0
FAILED = 1
"""Content or a check failed."""
USAGE = 2
"""Wrong usage or configuration."""
UNREACHABLE = 3
"""A needed service cannot be reached."""
SIGNED_OUT = 4
"""The homeserver signed us out."""
