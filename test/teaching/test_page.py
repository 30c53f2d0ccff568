"""A browser clicks through a whole teaching."""

from __future__ import annotations

import json
import signal
from http.client import HTTPConnection
from pathlib import Path

import pytest

from seg_perception.teaching.clicks import Click
from seg_perception.teaching.session import open_session

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
    browser.wait_for(f"{pages.TEXT.format('banner')}.startsWith('1 click waits to be stored')")
    assert len((begun / "clicks.jsonl").read_text().splitlines()) == 2
    waiting = browser.evaluate("JSON.stringify(Object.entries(localStorage))")
    again = pages.Server(repo, "--resume", begun)
    try:
        # A free port is another origin; with --port a reload finds what waits by itself.
        browser.visit(again.address, 1280, 900)
        browser.evaluate(f"for (const kept of {waiting}) localStorage.setItem(...kept)")
        person.open(again.address)
        browser.wait_for(f"{pages.CLICKS} === 3")
    finally:
        again.stop(signal.SIGKILL)
    assert len((begun / "clicks.jsonl").read_text().splitlines()) == 3


def first_of(part: str, folder: Path) -> int:
    """The page's number of the first frame of a part."""
    frames = json.loads((folder / "session.json").read_text())["frames"]
    return next(place for place, frame in enumerate(frames) if frame["part"] == part)


BANNER = "document.getElementById('banner').textContent"
STATES = "performance.getEntriesByType('resource').filter((e) => e.name.endsWith('/state')).length"


def test_a_refusal_stays_until_something_else_is_done(server, browser, person, begun, pages):
    """The page looks for news all the time: that must not take the sentence away."""
    person.open(server.address)
    kept = first_of("gate", begun)
    person.click("mode-free")
    browser.evaluate("document.querySelector('.class[data-name=sky]').click()")
    where = pages.TEXT.format("where")
    while (shown := int(browser.evaluate(f"Number.parseInt({where})")) - 1) != kept:
        browser.press(".")
        browser.wait_for(f"Number.parseInt({where}) !== {shown + 1}")
    drag(browser, (0.5, 0.12))
    browser.wait_for(f"{BANNER}.includes('kept aside to prove the model on')")
    seen = browser.evaluate(STATES)
    browser.wait_for(f"{STATES} > {seen} + 1")
    assert "kept aside to prove the model on" in browser.evaluate(BANNER)
    assert not (begun / "clicks.jsonl").exists()
    person.click("undo")
    browser.wait_for(f"{BANNER} === ''")


def test_a_click_that_another_window_stored_takes_no_other_one_with_it(
    server, browser, person, begun, pages
):
    """Both windows have one store of what waits: the second answer must not take the next click."""
    person.open(server.address)
    first = "Object.keys(localStorage).find((name) => name.startsWith('teach-waiting'))"
    person.answer(pages.CLICKS, 1)
    # The other window has taken away what this one sends, and put in another click.
    other = json.dumps(
        [["click", {"frame": first_of("teach", begun), "x": 9, "y": 9, "label": "sky"}, "other"]]
    )
    browser.evaluate(
        "{ const real = window.fetch; window.fetch = async (path, options) => {"
        " const found = await real(path, options);"
        f" if (path === 'answer') localStorage.setItem({first}, {json.dumps(other)});"
        " return found; }; }"
    )
    browser.wait_for(pages.POINT)
    browser.press("1")
    browser.wait_for(f"{pages.CLICKS} === 3")
    assert sorted(line["click"]["kind"] for line in stored(begun)) == ["asked", "asked", "free"]


def test_clicks_that_wait_for_another_teaching_stay_where_they_are(
    server, browser, person, begun, pages
):
    """Teachings have one address after the other: a click's frame is none of the next one's."""
    browser.visit(server.address, 1280, 900)
    other = json.dumps([["click", {"frame": 0, "x": 3, "y": 3, "label": "sky"}]])
    browser.evaluate(f"localStorage.setItem('teach-waiting another', {json.dumps(other)})")
    person.open(server.address)
    person.answer(pages.CLICKS, 1)
    assert [line["click"]["kind"] for line in stored(begun)] == ["asked"]
    assert json.loads(browser.evaluate("localStorage.getItem('teach-waiting another')"))


def test_the_preview_is_drawn_again_when_clicks_of_other_frames_have_come(
    repo, browser, person, begun, helpers, pages
):
    with open_session(begun) as session:
        for frame in session.of_part("teach"):
            label = helpers.band_of(8, frame.height)
            session.click(Click(frame.name, 0, 64, 8, label, "ann", "free", "teach"))
    server = pages.Server(repo, "--resume", begun)
    try:
        person.open(server.address)
        asked = "performance.getEntriesByType('resource').map((e) => e.name)"
        twice = f"(n => n.length > new Set(n).size)({asked}.filter((n) => n.includes('/preview/')))"
        browser.wait_for(twice)
    finally:
        server.stop(signal.SIGKILL)


def drag(browser, *path) -> None:
    """Press the mouse at the first of some places of the picture, as shares of it, and release it
    at the last."""
    box = json.loads(
        browser.evaluate(
            "(b => JSON.stringify([b.left, b.top, b.width, b.height]))"
            "(document.getElementById('view').getBoundingClientRect())"
        )
    )
    places = [(box[0] + x * box[2], box[1] + y * box[3]) for x, y in path]
    browser.mouse("Pressed", *places[0])
    for place in places[1:]:
        browser.mouse("Moved", *place)
    browser.mouse("Released", *places[-1])


def stored(folder) -> list[dict]:
    lines = (folder / "clicks.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def test_a_stroke_of_the_brush_clicks_every_piece_that_it_touches(server, browser, person, begun):
    person.open(server.address)
    browser.press("/")
    browser.wait_for("document.getElementById('brush').getAttribute('aria-pressed') === 'true'")
    browser.evaluate("document.querySelector('.class[data-name=grass]').click()")
    drag(browser, *[(x / 20, 0.5) for x in range(2, 19)])
    browser.wait_for("Number.parseInt(document.getElementById('progress').textContent) > 1")
    clicks = [entry["click"] for entry in stored(begun)]
    assert {click["label"] for click in clicks} == {"grass"}
    assert {click["kind"] for click in clicks} == {"free"}
    assert all(abs(click["y"] - 48) <= 2 for click in clicks)
    xs = [click["x"] for click in clicks]
    assert xs == sorted(set(xs))
    assert max(xs) - min(xs) > 64, "from left to right"


def test_a_new_class_gets_a_key_at_once_and_stays(server, browser, person, begun):
    person.open(server.address)
    person.click("add")
    browser.wait_for("document.getElementById('dialog').open")
    browser.evaluate(
        "document.getElementById('new-name').value = 'moss';"
        "document.getElementById('new-color').value = '#123456';"
        "document.getElementById('new-like').value = 'grass';"
        "document.querySelector('#dialog button[value=add]').click()"
    )
    browser.wait_for("document.querySelector('.class[data-name=moss] kbd')?.textContent === '4'")
    browser.wait_for("/what is here/i.test(document.getElementById('task').textContent)")
    browser.press("4")
    browser.wait_for("Number.parseInt(document.getElementById('progress').textContent) === 1")
    added, clicked = stored(begun)
    assert added["class"] == {"name": "moss", "color": "#123456", "like": "grass"}
    assert clicked["click"]["label"] == "moss"
    browser.visit(server.address, 1280, 900)
    browser.wait_for("document.querySelector('.class[data-name=moss] .count')?.textContent === '1'")


def test_several_people_click_at_once_and_each_takes_back_their_own(
    server, browser, person, begun, pages
):
    person.open(server.address)
    browser.evaluate(
        "document.getElementById('author').value = 'ann';"
        "document.getElementById('author').dispatchEvent(new Event('change'))"
    )
    person.answer(pages.CLICKS, 1)
    # Somebody else at another screen, by the page's own requests.
    ben = server.ask("question", author="ben", part="teach")["question"]
    server.ask("answer", author="ben", question=ben, label="sky")
    browser.wait_for(f"{pages.CLICKS} === 2")
    point = browser.wait_for(pages.POINT)
    assert point != f"{ben['frame']} {ben['x']} {ben['y']}", "not what ben was asked"
    browser.press("Backspace")
    browser.wait_for(f"{pages.CLICKS} === 1")
    first, second, undone = stored(begun)
    assert (first["click"]["author"], second["click"]["author"]) == ("ann", "ben")
    assert (undone["undo"], undone["author"]) == (0, "ann")


def test_a_browser_that_is_closed_costs_no_click(server, browser, person, begun, pages):
    person.open(server.address)
    person.answer(pages.CLICKS, 2)
    browser.visit("about:blank", 1280, 900)
    person.open(server.address)
    browser.wait_for(f"{pages.CLICKS} === 2")
    assert len(stored(begun)) == 2


def test_a_disk_that_is_full_is_said_and_the_click_waits(server, browser, person, begun, pages):
    person.open(server.address)
    person.answer(pages.CLICKS, 1)
    # A folder in the record's place refuses what a full disk refuses.
    (begun / "clicks.jsonl").rename(begun / "kept.jsonl")
    (begun / "clicks.jsonl").mkdir()
    browser.wait_for(pages.POINT)
    browser.press("1")
    browser.wait_for(f"{pages.TEXT.format('banner')}.startsWith('1 click waits to be stored. ')")
    (begun / "clicks.jsonl").rmdir()
    (begun / "kept.jsonl").rename(begun / "clicks.jsonl")
    browser.wait_for(f"{pages.CLICKS} === 2")
    assert len(stored(begun)) == 2


def test_a_click_outside_of_the_picture_by_another_program_is_a_sentence(server, begun):
    refused = server.ask("click", author="ann", frame=0, x=9999, y=3, label="sky")
    assert "expected a pixel of" in refused["error"]
    refused = server.ask("click", author="ann", frame=99, x=3, y=3, label="sky")
    assert "expected one of" in refused["error"]
    assert "expected what the page sends" in server.ask("click", author="ann")["error"]
    assert not (begun / "clicks.jsonl").exists()


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
