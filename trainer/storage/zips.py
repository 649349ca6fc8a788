"""Reader of untrusted zips: returns the expected files by name, after checking everything that a zip can lie about.

Sizes are checked before memory is allocated, and nothing is extracted to disk: names are only looked up, so no path can
escape.
"""

from __future__ import annotations

import os
import stat
import struct
import zipfile
from collections.abc import Collection, Mapping
from io import BytesIO
from typing import IO

from trainer import UserError

MAX_DIRECTORY_BYTES = (
    64_000  # of the central directory: `zipfile` reads it as a whole, and makes an object of each entry
)
ALLOWED_FLAGS = 0x0800 | 0x0008 | 0x0006  # UTF-8 name, sizes after the data, compression level
_END = struct.Struct("<4s4H2LH")  # end of central directory: disks, entry counts, directory's size and start, comment

_LOCATOR_BYTES = (
    20  # what a zip of more than 4 GB or 65,535 files has before its end, with sizes that replace those there
)


class LargeDirectory(ValueError):
    """A zip has more files than anything that this app reads."""


def open_zip(stream: IO[bytes]) -> zipfile.ZipFile:
    """Open a zip once its end says that its central directory is small.

    Raises LargeDirectory for a larger one, before it is read, and ValueError or BadZipFile if the stream is no zip.
    """
    length = stream.seek(0, os.SEEK_END)
    stream.seek(max(0, length - _LOCATOR_BYTES - _END.size))
    _, size, _ = _read_end(stream.read(), length)
    if size > MAX_DIRECTORY_BYTES:
        raise LargeDirectory(f"{size:,} bytes of names")
    return zipfile.ZipFile(stream)


def _read_end(tail: bytes, length: int) -> tuple[int, int, int]:
    """Return the number of files and the size and the start of the directory, from the last bytes of a zip.

    Raises ValueError unless the zip ends where its directory ends, and begins where its files begin.
    """
    place = len(tail) - _END.size
    if place < 0 or not tail.startswith(b"PK\x05\x06", place):
        raise ValueError("a part of a zip, or a zip with something added to its end")
    disk, first_disk, here, number, size, start, comment = map(int, _END.unpack_from(tail, place)[1:])
    if tail.startswith(b"PK\x06\x07", max(0, place - _LOCATOR_BYTES)):
        raise ValueError("a zip of more than 4 GB or 65,535 files")
    if disk or first_disk or here != number or comment or start + size != length - _END.size:
        raise ValueError("a zip with parts that belong to no file")
    return number, size, start


def read_zip(
    content: bytes, max_bytes: Mapping[str, int], what: str = "The zip", ignored: Collection[str] = ()
) -> dict[str, bytes]:
    """Return the files of a zip by name, each of at most `max_bytes[name]` bytes.

    The zip may also contain the `ignored` names, which are not read. `what` names the zip in errors. Raises UserError
    if it is damaged or contains anything else.
    """
    directory = _check_end(content, what)
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            entries = archive.infolist()
            names: set[str] = set()
            for entry in entries:
                _check_entry(entry, {*max_bytes, *ignored}, what)
                if entry.filename in names:
                    raise invalid_zip(what, f"{entry.filename} twice")
                names.add(entry.filename)
            _check_places(content, entries, directory, what)
            wanted = [entry for entry in entries if entry.filename in max_bytes]
            for entry in wanted:
                if entry.file_size > max_bytes[entry.filename]:
                    raise _too_large(what, entry.filename, max_bytes)
            return {entry.filename: _read(archive, entry, max_bytes, what) for entry in wanted}
    except UserError:
        raise
    except Exception:  # zipfile and zlib raise a dozen kinds of errors for a damaged file
        raise invalid_zip(what, "a damaged file") from None


def invalid_zip(what: str, got: str) -> UserError:
    """Return the error for a zip, named `what`, in which something else was found."""
    return UserError(
        f"{what} must be unchanged since this app made it (got {got}): download it again, and upload that file."
    )


def _check_end(content: bytes, what: str) -> int:
    """Return where the central directory starts; it must be short and end where the zip ends."""
    if not content:
        raise invalid_zip(what, "an empty file")
    if not content.startswith(b"PK\x03\x04"):
        raise invalid_zip(what, "a file that is not a zip, or an empty zip")
    try:
        number, size, start = _read_end(content[-_LOCATOR_BYTES - _END.size :], len(content))
    except ValueError as error:
        raise invalid_zip(what, str(error)) from None
    if size > MAX_DIRECTORY_BYTES:
        raise invalid_zip(what, f"a zip of {number:,} files")
    return start


def _check_entry(entry: zipfile.ZipInfo, known: Collection[str], what: str) -> None:
    name = entry.orig_filename  # `filename` would end at a NUL
    if name != entry.filename or name not in known:
        raise invalid_zip(what, f"a file named {name[:60]!a}, which does not belong there")
    kind = stat.S_IFMT(entry.external_attr >> 16)  # 0 if the zip was not made on Unix
    if kind not in (0, stat.S_IFREG) or entry.external_attr & 0x18:  # MS-DOS: a folder, a volume label
        raise invalid_zip(what, f"{name} as a link, a folder or something else that is not a file")
    if entry.flag_bits & 0x1:
        raise invalid_zip(what, f"{name} with a password")
    if entry.flag_bits & ~ALLOWED_FLAGS or entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise invalid_zip(what, f"{name} compressed in a way that this app never uses")


def _check_places(content: bytes, entries: list[zipfile.ZipInfo], directory: int, what: str) -> None:
    """Check that no file's data overlaps another's, which would let a small zip hold many large files."""
    end = 0
    for entry in sorted(entries, key=lambda entry: entry.header_offset):
        if entry.header_offset < end:
            raise invalid_zip(what, f"{entry.filename} inside another of its files")
        name, extra = struct.unpack_from("<2H", content, entry.header_offset + 26)
        end = entry.header_offset + 30 + name + extra + entry.compress_size
    if end > directory:
        raise invalid_zip(what, "a damaged file")


def _read(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, max_bytes: Mapping[str, int], what: str) -> bytes:
    """Return a file's bytes; never decompress more than is allowed, whatever size its header declares."""
    declared, limit = entry.file_size, max_bytes[entry.filename]
    entry.file_size = 2 * limit + 1_000_000  # zipfile would stop at the declared size, true or not
    with archive.open(entry) as member:
        data = member.read(limit + 1)
    if len(data) > limit:
        raise _too_large(what, entry.filename, max_bytes)
    if len(data) != declared:
        raise invalid_zip(what, f"{entry.filename} of {len(data):,} bytes, but {declared:,} were declared")
    return data


def _too_large(what: str, name: str, max_bytes: Mapping[str, int]) -> UserError:
    return invalid_zip(what, f"{name} of more than {max_bytes[name]:,} bytes")
