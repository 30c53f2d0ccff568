"""Templates and files."""

import pytest

from seg_perception.core.errors import ReportError
from seg_perception.reports.page import write_page


def test_a_page_replaces_the_old_one_and_leaves_nothing_else(tmp_path):
    file = tmp_path / "new" / "report.html"
    for text in ("old", "né\N{SNOWMAN}w"):
        write_page(file, text)
    assert file.read_text(encoding="utf-8") == "né\N{SNOWMAN}w"
    assert [path.name for path in file.parent.iterdir()] == ["report.html"]
    assert file.stat().st_mode & 0o044 == 0o044 & ~_umask()


def _umask():
    import os

    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_a_page_that_can_t_be_written_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ReportError, match=r"can't be written .*; check the path"):
        write_page(tmp_path / "file" / "report.html", "text")
