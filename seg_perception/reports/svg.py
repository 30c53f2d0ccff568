"""Drawings as text that stands in a page."""

from __future__ import annotations

from collections.abc import Iterable

from markupsafe import Markup, escape

from seg_perception.reports.formatting import css


def tag(name: str, *content: str, **attributes: str | float) -> Markup:
    """One element; its text and attributes are escaped unless they are `Markup`.

    `class_` stands for `class`, and `_` in a name for `-`.
    """
    inside = Markup("").join(content)
    written = Markup("").join(
        Markup(' {}="{}"').format(key.rstrip("_").replace("_", "-"), _value(value))
        for key, value in attributes.items()
    )
    return Markup("<{0}{1}>{2}</{0}>").format(Markup(name), written, inside)  # noqa: S704 (constant)


def drawing(
    width: float, height: float, label: str, parts: Iterable[Markup], *, scales: bool = True
) -> Markup:
    """A picture with a text for those who can't see it; `scales`: it shrinks with its place."""
    most = "max-width" if scales else "width"
    return tag(
        "svg",
        *parts,
        viewBox=f"0 0 {css(width)} {css(height)}",
        style=f"{most}:{css(width)}px",
        role="img",
        aria_label=label,
    )


def line(x1: float, y1: float, x2: float, y2: float, kind: str) -> Markup:
    """A line whose look is the style's class `kind`."""
    return tag("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=kind)


def box(x: float, y: float, width: float, height: float, kind: str, **more: str | float) -> Markup:
    """A rectangle; one without area is left out."""
    if width <= 0 or height <= 0:
        return Markup("")
    title = more.pop("title", "")
    inside = [tag("title", str(title))] if title else []
    return tag("rect", *inside, x=x, y=y, width=width, height=height, class_=kind, **more)


def words(x: float, y: float, text: str, kind: str = "", **more: str | float) -> Markup:
    """A text that starts at its base line's left end."""
    return tag("text", text, x=x, y=y, class_=kind or "tick", **more)


def _value(value: str | float) -> str:
    return escape(value) if isinstance(value, str) else css(value)
