"""What can be amiss with single messages."""

from __future__ import annotations

from seg_perception.core.issue_kinds.kind import IssueKind

BAD_MESSAGE = IssueKind(
    "bad_message",
    "{error}",
    "",
    "a single message can't be used; the ledger counts it under its reason",
    "the sentence says what was expected and got",
    "note",
)
INTERNAL_ERROR = IssueKind(
    "internal_error",
    "a fault of this program: {error}",
    "report it with the traceback in the log",
    "something that nobody foresaw; the message is dropped and the work goes on",
    "report it with the traceback in the log",
)
