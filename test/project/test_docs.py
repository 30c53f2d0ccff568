"""The pages say what the code does."""

import re
from importlib import import_module
from pathlib import Path

import pytest
import yaml

from seg_perception.config import describe
from seg_perception.core.ontology import Ontology, shipped
from seg_perception.robots.sros2_policy import permissions
from tools import parameters_page, topics_page

ROOT = Path(__file__).resolve().parents[2]
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "recipes" / "README.md",
    *sorted((ROOT / "docs").rglob("*.md")),
]
WRITTEN = ("topics_page", "messages_page", "commands_page", "diagnostics_page", "zoo_page")


def test_the_pages_of_parameters_are_the_code_s() -> None:
    for path, text in parameters_page.pages().items():
        assert path.read_text() == text, "run python -m tools.parameters_page"


@pytest.mark.parametrize("name", WRITTEN)
def test_a_reference_page_is_the_code_s(name: str) -> None:
    module = import_module(f"tools.{name}")
    assert module.PAGE.read_text() == module.page(), f"run python -m tools.{name}"


def test_the_page_of_topics_has_every_topic_of_the_node() -> None:
    config = topics_page.example()
    common = {"/rosout", "/parameter_events", "/clock", "~/transition_event"}
    nodes = permissions(config).values()
    topics = {topic for node in nodes for topic in (*node.read, *node.published)} - common
    text = topics_page.PAGE.read_text()
    assert [topic for topic in topics if f"`{topic}`" not in text] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_to_files_and_headings(page: Path) -> None:
    text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    missing = [
        link for link in re.findall(r"\]\((?!https?://)([^)]+)\)", text) if broken(page, link)
    ]
    assert missing == []


def broken(page: Path, link: str) -> bool:
    """Whether a relative link leads to no file, or to no heading of its page."""
    path, _, anchor = link.partition("#")
    target = page.parent / path if path else page
    return not target.exists() or bool(anchor and anchor not in anchors(target))


def anchors(page: Path) -> set[str]:
    """The anchors that code hosts and the site make of a page's headings."""
    text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_files_that_a_page_names_exist(page: Path) -> None:
    roots = (ROOT, ROOT / "seg_perception")
    below = [folder for root in roots for folder in root.iterdir() if folder.is_dir()]
    folders = {folder.name for folder in below if folder.name.isidentifier()}
    folders -= {"runs", "msg", "build", "install", "log", "dist"}
    ours = rf"(?<![\w/.~-])(?:{'|'.join(folders)})/[\w./]+"
    named = [name.rstrip(".") for name in re.findall(ours, page.read_text())]
    files = [name for name in named if not re.fullmatch(r"seg_perception/[A-Z]\w+", name)]
    assert [name for name in files if not any((root / name).exists() for root in roots)] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_parameters_that_a_page_names_exist(page: Path) -> None:
    sensors = {"cameras": ["NAME"], "lidars": ["NAME"], "radars": ["NAME"]}
    keys = {key for key, _, _ in describe(sensors)}
    groups = {key.rpartition(".")[0] for key in keys}
    text = re.sub(
        r"(camera|lidar|radar)\.(\*|<name>|front|top|rear)\.", r"\1.NAME.", page.read_text()
    )
    named = re.findall(rf"`((?:{'|'.join(map(re.escape, groups))})\.[a-z_]+)[:`]", text)
    of_a_manifest = {"output.kind"}
    assert [name for name in named if name not in keys | of_a_manifest] == []


def test_every_page_has_its_place_in_the_site() -> None:
    nav = (ROOT / "mkdocs.yml").read_text().partition("nav:")[2].partition("theme:")[0]
    named = re.findall(r"[\w/]+\.md", nav)
    docs = ROOT / "docs"
    pages = [page.relative_to(docs).as_posix() for page in docs.rglob("*.md")]
    assert sorted(named) == sorted(pages)


def test_the_rooms_are_those_of_the_import_contract_in_its_order() -> None:
    contract = (ROOT / "pyproject.toml").read_text().partition("\nlayers = [")[2].partition("]")[0]
    levels = [re.findall(r"\w+", line) for line in contract.strip().splitlines()][::-1]
    level_of = {room: level for level, rooms in enumerate(levels) for room in rooms}
    page = (ROOT / "docs" / "architecture.md").read_text()
    named = re.findall(r"^\| `(\w+)/` \|", page, re.MULTILINE)
    assert sorted(named) == sorted(level_of)
    assert named == sorted(named, key=level_of.__getitem__)


def test_every_fault_of_the_page_has_its_test() -> None:
    page = (ROOT / "docs" / "reference" / "faults.md").read_text()
    named = re.findall(r"`(test_\w+)\.py(?:::(test_\w+))?`", page)
    assert len(named) > 25
    for file, test in named:
        codes = [path.read_text() for path in (ROOT / "test").rglob(f"{file}.py")]
        assert any(f"def {test}(" in code or not test for code in codes), (file, test)


def test_every_renamed_parameter_and_argument_is_in_the_changelog() -> None:
    tables = yaml.safe_load((ROOT / "config" / "renamed_parameters.yaml").read_text())
    names = {name for table in tables.values() for pair in table.items() for name in pair}
    changelog = (ROOT / "CHANGELOG.md").read_text()
    assert [name for name in names if name not in changelog] == []


def test_the_page_of_ontologies_has_each_shipped_one_with_its_number_of_classes() -> None:
    page = (ROOT / "docs" / "reference" / "ontologies.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \| (\d+) \|", page, re.MULTILINE)
    assert {name: int(count) for name, count in rows} == {
        name: len(Ontology.load(name).classes) for name in shipped()
    }
