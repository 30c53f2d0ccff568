"""A browser clicks through a whole teaching."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from http.client import HTTPConnection
from pathlib import Path

import pytest

pytest.importorskip("starlette", reason="the page's server is not installed: extra [teach]")
pytest.importorskip("uvicorn", reason="the page's server is not installed: extra [teach]")
pytest.importorskip("torch")

# The colour of the middle of the loupe tells which band the asked point lies in.
ASKED = """(() => {
  const canvas = document.getElementById('loupe');
  if (!document.getElementById('task').textContent.includes('What is here') &&
      !document.getElementById('task').textContent.includes('what is here')) return '';
  const [r, g, b] = canvas.getContext('2d').getImageData(120, 75, 1, 1).data;
  return r > g && r > b ? 'earth' : g > b ? 'grass' : 'sky';
})()"""
KEYS = {"earth": "1", "grass": "2", "sky": "3"}
TEXT = "document.getElementById('{}').textContent"
CLICKS = "Number.parseInt(document.getElementById('progress').textContent)"
PROOFS = "Number(/(\\d+) proofs/.exec(document.getElementById('progress').textContent)?.[1] ?? -1)"


class Server:
    """`seg-perception teach` in a process of its own."""

    def __init__(self, repo: Path, *arguments: object) -> None:
        command = [sys.executable, "-m", "seg_perception.cli", "teach", *map(str, arguments)]
        self.process = subprocess.Popen(
            [*command, "--port", "0"],
            cwd=repo,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        said = []
        for line in self.process.stdout:
            said.append(line)
            if found := re.search(r"http://127\.0\.0\.1:\d+/\S+/", line):
                self.address = found[0]
                return
        raise AssertionError("".join(said))

    def stop(self, number: int = signal.SIGTERM) -> None:
        self.process.send_signal(number)
        self.process.wait(30)


@pytest.fixture
def server(repo, begun):
    running = Server(repo, "--resume", begun)
    yield running
    running.stop(signal.SIGKILL)


def open_page(browser, address, width=1280, height=900, scheme="light"):
    browser.visit(address, width, height, scheme)
    browser.wait_for(ASKED)


def answer(browser, counter, count):
    """Answer so many questions by the keyboard."""
    for _ in range(count):
        before = browser.evaluate(counter)
        browser.press(KEYS[browser.wait_for(ASKED)])
        browser.wait_for(f"{counter} === {before + 1}")


@pytest.mark.timeout(600)
def test_a_browser_teaches_proves_and_gets_a_bundle(server, browser, begun, tmp_path):
    open_page(browser, server.address)
    answer(browser, CLICKS, 14)
    # Free clicks on errors, by mouse.
    browser.evaluate("document.getElementById('mode-free').click()")
    browser.evaluate("document.querySelector('.class[data-name=sky]').click()")
    box = browser.evaluate(
        "(b => [b.left + b.width / 2, b.top + b.height * .12])"
        "(document.getElementById('view').getBoundingClientRect())"
    )
    browser.mouse("Pressed", *box)
    browser.mouse("Released", *box)
    browser.wait_for(f"{CLICKS} === 15")
    browser.press("Backspace")
    browser.wait_for(f"{CLICKS} === 14")
    browser.evaluate("document.getElementById('mode-asked').click()")
    answer(browser, CLICKS, 4)
    browser.evaluate("document.getElementById('train').click()")
    browser.wait_for(f"{TEXT.format('verdict')}.startsWith('Round 1')", 300)
    browser.wait_for("document.getElementById('mode-gate').getAttribute('aria-pressed') === 'true'")
    while "Not decided yet" in browser.evaluate(TEXT.format("verdict")):
        answer(browser, PROOFS, 1)
        browser.wait_for(
            "document.getElementById('mode-gate').disabled || "
            "document.getElementById('task').textContent.startsWith('Proof')"
        )
    assert "Better" in browser.evaluate(TEXT.format("verdict"))
    browser.evaluate("document.getElementById('release').click()")
    browser.wait_for(f"{TEXT.format('released')}.startsWith('Bundle')", 120)
    manifest = json.loads((begun / "out/001/bundle/manifest.json").read_text())
    assert manifest["training"]["details"]["clicks"] == 18
    assert browser.complained == []
    assert all(url.startswith((server.address, "blob:")) for url in browser.requested)
    browser.picture(tmp_path / "proven.png")


@pytest.mark.parametrize(
    ("width", "height", "scheme"), [(1280, 900, "light"), (820, 1180, "light"), (1280, 900, "dark")]
)
def test_the_page_fits_desktop_tablet_and_the_dark(
    server, browser, tmp_path, width, height, scheme
):
    open_page(browser, server.address, width, height, scheme)
    layout = json.loads(browser.evaluate(_layout()))
    browser.picture(tmp_path / "page.png")
    assert layout["scroll"] <= layout["width"], "the page scrolls sideways"
    for fault in ("pale", "spilled"):
        assert layout[fault] == [], fault


def test_a_server_that_dies_costs_no_click(repo, server, browser, begun):
    open_page(browser, server.address)
    answer(browser, CLICKS, 2)
    server.stop(signal.SIGKILL)
    browser.press(KEYS[browser.wait_for(ASKED)])
    browser.wait_for(f"{TEXT.format('banner')}.includes('wait to be stored')")
    assert len((begun / "clicks.jsonl").read_text().splitlines()) == 2
    waiting = browser.evaluate("localStorage.getItem('teach-waiting')")
    again = Server(repo, "--resume", begun)
    try:
        # Another port is another origin: what waits there is moved as a reload would keep it.
        browser.visit(again.address, 1280, 900)
        browser.evaluate(f"localStorage.setItem('teach-waiting', {json.dumps(waiting)})")
        open_page(browser, again.address)
        browser.wait_for(f"{CLICKS} === 3")
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


def test_two_servers_on_one_folder_are_refused(repo, server, begun):
    with pytest.raises(AssertionError, match="another process works in it"):
        Server(repo, "--resume", begun)


def _layout() -> str:
    return (Path(__file__).parents[1] / "fixtures" / "layout.js").read_text(encoding="utf-8")
