"""Disk budget: its default, its variable, and what a folder takes."""

import shutil
import sys

import pytest

from trainer import UserError
from trainer.storage.disk import DEFAULT_PART, disk_budget, used_bytes


def test_the_budget_is_a_part_of_the_disk_or_the_variable(tmp_path, monkeypatch):
    monkeypatch.delenv("DIGITLAB_DISK", raising=False)
    assert disk_budget(tmp_path / "not" / "yet") == int(DEFAULT_PART * shutil.disk_usage(tmp_path).total)
    monkeypatch.setenv("DIGITLAB_DISK", "2.5")
    assert disk_budget(tmp_path) == 2_500_000_000


@pytest.mark.parametrize("text", ["much", "0", "-3", "nan", "inf"])
def test_another_value_is_refused_with_a_sentence(tmp_path, monkeypatch, text):
    monkeypatch.setenv("DIGITLAB_DISK", text)
    with pytest.raises(UserError, match=r"^DIGITLAB_DISK must be a number of GB from 0\.1 on \(got"):
        disk_budget(tmp_path)


def test_a_folder_takes_what_its_files_take_on_the_disk(tmp_path):
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "file").write_bytes(bytes(100_000))
    (tmp_path / "a" / "file").write_bytes(bytes(50_000))
    (tmp_path / "a" / "link").symlink_to(tmp_path)  # is not followed
    assert 150_000 <= used_bytes(tmp_path / "a") < 200_000 and used_bytes(tmp_path / "none") == 0


@pytest.mark.skipif(sys.platform == "win32", reason="Windows tells only the length of a file")
def test_a_hole_in_a_file_takes_nothing(tmp_path):
    with (tmp_path / "file").open("wb") as file:
        file.truncate(40_000_000_000)
    assert used_bytes(tmp_path) < 100_000
