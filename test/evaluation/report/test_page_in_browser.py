"""The report as a browser shows it."""

import pytest

from seg_perception.evaluation.report import write_report

WIDTHS = (1280, 390)


def brightness(color):
    return sum(int(part) for part in color[color.index("(") + 1 : -1].split(",")[:3]) / 765


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_the_report_is_sound_at_every_width_and_in_both_schemes(
    browser, expect_sound, make_run, tmp_path, width, scheme
):
    page = write_report(make_run().write())
    look = browser.look(page, width, scheme, tmp_path / "shot.png")
    expect_sound(look, page)
    assert look.layout["width"] == width
    assert look.layout["images"] == 3 * 4 + 3
    assert look.layout["sections"] == ["summary", "stream-0", "stream-1", "timing", "origin"]
    paper, ink = brightness(look.layout["paper"]), brightness(look.layout["ink"])
    assert (paper < 0.15 and ink > 0.8) if scheme == "dark" else (paper > 0.9 and ink < 0.2)


def test_hostile_names_stay_names(browser, expect_sound, make_run):
    page = write_report(make_run(hostile=True).write())
    look = browser.look(page, 390)
    expect_sound(look, page)
    assert look.layout["images"] == 3 * 4 + 3


def test_the_browser_notices_what_is_wrong_with_a_page(browser, tmp_path):
    """Else the tests above would prove nothing."""
    page = tmp_path / "bad.html"
    page.write_text(
        "<body style='background:#fff'><section id=a><p style='color:#ccc'>pale</p></section>"
        "<img src='missing.png'><svg width=2000 height=5></svg><table><tr><td>1</td></tr></table>"
        "<section id=b></section><script>console.error('said'); gone()</script>"
    )
    look = browser.look(page, 390)
    assert look.layout["scroll"] > 390
    assert {name for name in look.layout if look.layout[name] and name[0] in "bwep"} >= {
        *("broken", "withoutText", "withoutHeaders", "empty", "pale"),
    }
    assert any("said" in text for text in look.complaints)
    assert any("gone is not defined" in text for text in look.complaints)
    assert any(url.endswith("missing.png") for url in look.requests)


def test_the_report_can_be_printed(browser, make_run):
    browser.look(write_report(make_run().write()), 1280)
    assert browser.pdf().startswith(b"%PDF")
