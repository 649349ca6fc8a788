"""Zips that anybody may have made: expected files are returned, every lie is refused with a sentence."""

import io
import struct
import warnings
import zipfile

import pytest

from trainer import UserError
from trainer.storage.zips import ALLOWED_FLAGS, MAX_DIRECTORY_BYTES, LargeDirectory, open_zip, read_zip

MAX_BYTES = {"config.json": 1_000, "model.onnx": 50_000}
FILES = {"config.json": b"{}", "model.onnx": bytes(20_000)}


def zipped(files, compression=zipfile.ZIP_DEFLATED):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", compression) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return stream.getvalue()


def header_changed(content, offset, value):
    """Overwrite bytes of the first file's entry in the central directory."""
    place = content.index(b"PK\x01\x02") + offset
    return content[:place] + value + content[place + len(value) :]


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_the_expected_files_are_returned_by_name(compression):
    assert read_zip(zipped(FILES, compression), MAX_BYTES) == FILES
    assert read_zip(zipped({"config.json": b"{}"}), MAX_BYTES) == {"config.json": b"{}"}  # a missing one is no error


def test_ignored_files_may_be_there_and_are_not_read():
    content = zipped(FILES | {"report.html": b"x" * 100_000})
    assert read_zip(content, MAX_BYTES, ignored=["report.html"]) == FILES
    with pytest.raises(UserError, match=r"report\.html.*does not belong there"):
        read_zip(content, MAX_BYTES)


@pytest.mark.parametrize(
    ("content", "got"),
    [
        (b"", "an empty file"),
        (b"hello", "not a zip"),
        (zipped({}), "an empty zip"),
        (zipped(FILES)[:-5], "a part of a zip"),
        (zipped(FILES) + b"more", "something added to its end"),
        (b"PK\x03\x04" + zipped(FILES), "belong to no file"),
        (zipped({f"{number}" * 20: b"" for number in range(MAX_DIRECTORY_BYTES // 60)}), "files"),
        (zipped({"../config.json": b"{}"}), "does not belong there"),
        (zipped({"config.json": bytes(1_001)}), "more than 1,000 bytes"),
        (zipped(FILES, zipfile.ZIP_BZIP2), "never uses"),
        (header_changed(zipped(FILES), 8, struct.pack("<H", 1)), "with a password"),
        (header_changed(zipped(FILES), 8, struct.pack("<H", ~ALLOWED_FLAGS & 0xFFFE)), "never uses"),
        (header_changed(zipped(FILES), 38, struct.pack("<I", 0o120777 << 16)), "a link"),
        (header_changed(zipped(FILES), 16, b"\0\0\0\0"), "a damaged file"),  # another checksum
        (header_changed(zipped(FILES), 24, struct.pack("<I", 1)), "of 2 bytes, but 1 were declared"),
    ],
)
def test_anything_else_is_refused_with_a_sentence(content, got):
    with pytest.raises(UserError, match=r"^A run's zip must be unchanged .*\(got .*\): download it again") as refused:
        read_zip(content, MAX_BYTES, "A run's zip")
    assert got in str(refused.value)


def test_a_file_may_not_be_there_twice():
    stream = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with zipfile.ZipFile(stream, "w") as archive:
            archive.writestr("config.json", b"{}")
            archive.writestr("config.json", b"{}")
    with pytest.raises(UserError, match=r"config\.json twice"):
        read_zip(stream.getvalue(), MAX_BYTES)


def test_no_more_is_decompressed_than_is_allowed():
    content = zipped({"config.json": bytes(10_000_000)})
    small = header_changed(content, 24, struct.pack("<I", 10))  # the directory declares ten bytes
    with pytest.raises(UserError, match="more than 1,000 bytes"):
        read_zip(small, MAX_BYTES)


def test_a_zip_of_very_many_names_is_refused_before_its_directory_is_read():
    names = 80_000
    directory = bytes(46 * names)  # not even read
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, names & 0xFFFF, names & 0xFFFF, len(directory), 0, 0)
    with pytest.raises(LargeDirectory):
        open_zip(io.BytesIO(directory + end))
    locator = b"PK\6\7" + bytes(16)  # leads to other, larger numbers
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 1, 1, 66, 0, 0)
    with pytest.raises(ValueError, match="more than 4 GB or 65,535 files"):
        open_zip(io.BytesIO(bytes(46) + locator + end))
    with pytest.raises(UserError, match="more than 4 GB or 65,535 files"):
        read_zip(b"PK\3\4" + bytes(42) + locator + end, MAX_BYTES)
    with open_zip(io.BytesIO(zipped(FILES))) as archive:
        assert archive.namelist() == [*FILES]
