"""Atomic writes, JSON lines, and reads of files that anybody may have put there."""

import errno
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer import UserError
from trainer.storage import files
from trainer.storage.files import (
    MAX_DEPTH,
    json_line,
    parse_json,
    parse_lines,
    read_bytes,
    read_object,
    read_or_none,
    write_atomically,
)


def test_a_failed_write_leaves_the_old_file(tmp_path):
    path = tmp_path / "model.onnx"
    write_atomically(path, b"old")

    def fail(temporary):
        temporary.write_bytes(b"half")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        write_atomically(path, fail)
    assert path.read_bytes() == b"old" and os.listdir(tmp_path) == ["model.onnx"]


def test_overwriting_leaves_valid_json_whatever_was_there(tmp_path):
    path = tmp_path / "state.json"
    path.write_bytes(b'{"phase": "running", "activity": "training"}')
    files.overwrite(path, b'{"phase": "failed"}')
    assert read_object(path) == {"phase": "failed"}
    with pytest.raises(OSError):
        files.overwrite(tmp_path / "missing.json", b"{}")


def test_links_folders_and_large_files_are_not_read(tmp_path):
    (tmp_path / "file").write_bytes(b"12345")
    (tmp_path / "link").symlink_to("file")
    assert read_bytes(tmp_path / "file", 5) == b"12345"
    for name, max_bytes in (("file", 4), ("link", 5), (".", 5), ("missing", 5)):
        with pytest.raises(OSError):
            read_bytes(tmp_path / name, max_bytes)
    assert files.is_regular_file(tmp_path / "file") and not files.is_regular_file(tmp_path / "link")


def test_a_disk_error_becomes_a_user_error_with_a_remedy():
    sentence = r"The folder for runs must be writable \(got: No space.*\): free some space"
    with pytest.raises(UserError, match=sentence), files.translate_disk_errors():
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_missing_or_damaged_file_is_none(tmp_path):
    path = tmp_path / "evaluation.npz"

    def read(path, modified, size):
        return int(path.read_text()), size

    assert read_or_none(path, read) is None
    path.write_text("12")
    assert read_or_none(path, read) == (12, 2)
    path.write_text("not a number")
    assert read_or_none(path, read) is None


def test_a_line_holds_no_nan():
    with pytest.raises(ValueError):
        json_line({"loss": float("nan")})


def test_a_line_that_the_disk_refuses_leaves_no_half_line(tmp_path):
    class FullDisk(files.io.FileIO):
        def write(self, content):
            super().write(content[:3])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    path = tmp_path / "history.jsonl"
    path.write_bytes(json_line({"step": 1}))
    with FullDisk(path, "ab") as file, pytest.raises(OSError):
        files.append_lines(file, json_line({"step": 2}))
    assert path.read_bytes() == json_line({"step": 1})


@given(st.binary(max_size=200))
def test_any_bytes_can_be_read_as_lines(content):
    assert all(isinstance(record, dict) for record in parse_lines(content))


@pytest.mark.parametrize("content", [b"", b"[1]", b"[" * 100_000, b"\xff"])
def test_content_that_is_not_a_json_object_is_refused(tmp_path, content):
    path = tmp_path / "state.json"
    path.write_bytes(content)
    with pytest.raises(ValueError):
        read_object(path)


@pytest.mark.parametrize("levels", [MAX_DEPTH + 1, 900, 1_000, 5_000, 100_000])
def test_deeply_nested_json_is_refused_and_spoils_no_line_beside_it(levels):
    for begin, end in (("[", "]"), ('{"a":', "}")):
        deep = (begin * levels + "0" + end * levels).encode()
        with pytest.raises(ValueError, match="nested deeper"):
            parse_json(deep)
        lines = b'{"a": 1}\n{"a": ' + deep + b'}\n{"a": 2}\n'
        assert parse_lines(lines) == [{"a": 1}, {"a": 2}]
    assert parse_json(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH)
