"""Write docs/reference/messages.md from msg/*.msg: python -m tools.messages_page."""

from __future__ import annotations

from tools.reference_page import REFERENCE, ROOT

PAGE = REFERENCE / "messages.md"
# Those that a node publishes; the others are parts of them.
PUBLISHED = {"SemanticLegend": "`~/legend`", "SegmentationStatus": "`~/status`"}
_HEAD = """# Messages

Written by `python -m tools.messages_page` from `msg/`. Images, clouds and all else are ROS's own
types ([topics](topics.md)).

"""


def page() -> str:
    """The whole page as Markdown."""
    names = sorted(file.stem for file in (ROOT / "msg").glob("*.msg"))
    ordered = [*PUBLISHED, *(name for name in names if name not in PUBLISHED)]
    return (_HEAD + "\n".join(map(_section, ordered))).rstrip("\n") + "\n"


def _section(name: str) -> str:
    where = f"Published on {PUBLISHED[name]}.\n\n" if name in PUBLISHED else ""
    text = (ROOT / "msg" / f"{name}.msg").read_text(encoding="utf-8").rstrip("\n")
    return f"## {name}\n\n{where}```\n{text}\n```\n"


if __name__ == "__main__":
    PAGE.write_text(page())
