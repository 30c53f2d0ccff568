"""A browser clicks through a whole teaching."""

from __future__ import annotations

import json
import signal
from http.client import HTTPConnection
from pathlib import Path

import pytest

pytest.importorskip("starlette", reason="the page's server is not installed: extra [teach]")
pytest.importorskip("uvicorn", reason="the page's server is not installed: extra [teach]")
pytest.importorskip("torch")
# A server and a browser on a busy machine.
pytestmark = pytest.mark.timeout(900)


@pytest.fixture
def server(repo, begun, pages):
    running = pages.Server(repo, "--resume", begun)
    yield running
    running.stop(signal.SIGKILL)


@pytest.fixture
def person(browser, helpers, pages):
    def truth(_frame, _x, y):
        return helpers.band_of(y, 96)

    return pages.Person(browser, truth, helpers.names)


def test_a_browser_teaches_proves_and_gets_a_bundle(
    server, browser, person, begun, tmp_path, pages
):
    person.open(server.address)
    person.answer(pages.CLICKS, 14)
    # Free clicks on errors, by mouse.
    person.click("mode-free")
    browser.evaluate("document.querySelector('.class[data-name=sky]').click()")
    box = browser.evaluate(
        "(b => [b.left + b.width / 2, b.top + b.height * .12])"
        "(document.getElementById('view').getBoundingClientRect())"
    )
    browser.mouse("Pressed", *box)
    browser.mouse("Released", *box)
    browser.wait_for(f"{pages.CLICKS} === 15")
    browser.press("Backspace")
    browser.wait_for(f"{pages.CLICKS} === 14")
    person.click("mode-asked")
    person.answer(pages.CLICKS, 4)
    person.train()
    assert "Better" in person.prove()
    person.click("release")
    browser.wait_for(f"{pages.TEXT.format('released')}.startsWith('Bundle')", 120)
    manifest = json.loads((begun / "out/001/bundle/manifest.json").read_text())
    assert manifest["training"]["details"]["clicks"] == 18
    assert browser.complained == []
    assert all(url.startswith((server.address, "blob:")) for url in browser.requested)
    browser.picture(tmp_path / "proven.png")


@pytest.mark.parametrize(
    ("width", "height", "scheme"), [(1280, 900, "light"), (820, 1180, "light"), (1280, 900, "dark")]
)
def test_the_page_fits_desktop_tablet_and_the_dark(
    server, browser, person, tmp_path, width, height, scheme
):
    person.open(server.address, width, height, scheme)
    layout = json.loads(browser.evaluate(_layout()))
    browser.picture(tmp_path / "page.png")
    assert layout["scroll"] <= layout["width"], "the page scrolls sideways"
    for fault in ("pale", "spilled"):
        assert layout[fault] == [], fault


def test_a_server_that_dies_costs_no_click(repo, server, browser, person, begun, pages):
    person.open(server.address)
    person.answer(pages.CLICKS, 2)
    browser.wait_for(pages.POINT)
    server.stop(signal.SIGKILL)
    browser.press("1")
    browser.wait_for(f"{pages.TEXT.format('banner')}.includes('wait to be stored')")
    assert len((begun / "clicks.jsonl").read_text().splitlines()) == 2
    waiting = browser.evaluate("localStorage.getItem('teach-waiting')")
    again = pages.Server(repo, "--resume", begun)
    try:
        # A free port is another origin; with --port a reload finds what waits by itself.
        browser.visit(again.address, 1280, 900)
        browser.evaluate(f"localStorage.setItem('teach-waiting', {json.dumps(waiting)})")
        person.open(again.address)
        browser.wait_for(f"{pages.CLICKS} === 3")
    finally:
        again.stop(signal.SIGKILL)
    assert len((begun / "clicks.jsonl").read_text().splitlines()) == 3


def test_without_its_token_the_server_says_nothing(server):
    place = server.address.split("/")[2]
    for path in ("/", "/state", "/guess/state"):
        connection = HTTPConnection(place)
        connection.request("GET", path)
        answer = connection.getresponse()
        assert answer.status == 404
        assert b"teach" not in answer.read()
        connection.close()


def test_two_servers_on_one_folder_are_refused(repo, server, begun, pages):
    with pytest.raises(AssertionError, match="another process works in it"):
        pages.Server(repo, "--resume", begun)


def _layout() -> str:
    return (Path(__file__).parents[1] / "fixtures" / "layout.js").read_text(encoding="utf-8")
