"""What is in a zip that anybody may have made? Its files by their names, once every lie a zip can tell was looked for.

All is measured before memory is taken for it, and nothing is ever written: a name is only ever looked up, so there is
no path to go astray on.
"""

from __future__ import annotations

import stat
import struct
import zipfile
from collections.abc import Collection, Mapping
from io import BytesIO

from trainer import UserError

DIRECTORY = 64_000  # bytes of the list of files at a zip's end, which is read as a whole
PLAIN = 0x0800 | 0x0008 | 0x0006  # flags: the name is UTF-8, sizes follow the data, how hard it was compressed
_END = struct.Struct("<4s4H2LH")  # the end of a zip: disks, numbers of files, size and place of the list, its comment


def members(
    content: bytes, largest: Mapping[str, int], what: str = "The zip", unopened: Collection[str] = ()
) -> dict[str, bytes]:
    """Return the files of a zip by their names, each of at most `largest[name]` bytes.

    Those of `unopened` may be there as well, and are never looked into. `what` names the zip in sentences. Raises
    UserError where it is damaged or holds anything else.
    """
    directory = _check_end(content, what)
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            entries = archive.infolist()
            names: set[str] = set()
            for entry in entries:
                _check_entry(entry, {*largest, *unopened}, what)
                if entry.filename in names:
                    raise misfit(what, f"{entry.filename} twice")
                names.add(entry.filename)
            _check_places(content, entries, directory, what)
            wanted = [entry for entry in entries if entry.filename in largest]
            for entry in wanted:
                if entry.file_size > largest[entry.filename]:
                    raise _too_large(what, entry.filename, largest)
            return {entry.filename: _read(archive, entry, largest, what) for entry in wanted}
    except UserError:
        raise
    except Exception:  # zipfile and zlib raise a dozen kinds for a damaged file
        raise misfit(what, "a damaged one") from None


def misfit(what: str, got: str) -> UserError:
    return UserError(f"{what} must be as this app made it (got {got}): download it once more, and bring it unchanged.")


def _check_end(content: bytes, what: str) -> int:
    """Return where the list of files begins, once it is known to be short and to stand where it belongs."""
    if not content:
        raise misfit(what, "an empty file")
    if not content.startswith(b"PK\x03\x04"):
        raise misfit(what, "no zip with files in it")
    place = len(content) - _END.size
    if place < 0 or not content.startswith(b"PK\x05\x06", place):
        raise misfit(what, "a part of a zip, or one with something added at its end")
    disk, first_disk, here, number, size, start, comment = map(int, _END.unpack_from(content, place)[1:])
    if disk or first_disk or here != number or comment or start + size != place:
        raise misfit(what, "a zip with parts that belong to no file")
    if size > DIRECTORY:
        raise misfit(what, f"a zip of {number:,} files")
    return start


def _check_entry(entry: zipfile.ZipInfo, known: Collection[str], what: str) -> None:
    name = entry.orig_filename  # as it stands there: `filename` ends at a NUL
    if name != entry.filename or name not in known:
        raise misfit(what, f"a file named {name[:60]!a}, which does not belong there")
    kind = stat.S_IFMT(entry.external_attr >> 16)  # 0 where it was not made on Unix
    if kind not in (0, stat.S_IFREG) or entry.external_attr & 0x18:  # MS-DOS: a folder, a disk's name
        raise misfit(what, f"{name} as a link, a folder or something else that is no file")
    if entry.flag_bits & 0x1:
        raise misfit(what, f"{name} locked with a password")
    if entry.flag_bits & ~PLAIN or entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise misfit(what, f"{name} packed in a way that this app never uses")


def _check_places(content: bytes, entries: list[zipfile.ZipInfo], directory: int, what: str) -> None:
    """See that no file's data lie in another's, which would let a small zip hold many large ones."""
    end = 0
    for entry in sorted(entries, key=lambda entry: entry.header_offset):
        if entry.header_offset < end:
            raise misfit(what, f"{entry.filename} inside another of its files")
        name, extra = struct.unpack_from("<2H", content, entry.header_offset + 26)
        end = entry.header_offset + 30 + name + extra + entry.compress_size
    if end > directory:
        raise misfit(what, "a damaged one")


def _read(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, largest: Mapping[str, int], what: str) -> bytes:
    """Return a file's bytes, of which never more are unpacked than are allowed, whatever its head says."""
    declared, most = entry.file_size, largest[entry.filename]
    entry.file_size = 2 * most + 1_000_000  # else zipfile stops where the head says, true or not
    with archive.open(entry) as member:
        data = member.read(most + 1)
    if len(data) > most:
        raise _too_large(what, entry.filename, largest)
    if len(data) != declared:
        raise misfit(what, f"{entry.filename} of {len(data):,} bytes, where {declared:,} were announced")
    return data


def _too_large(what: str, name: str, largest: Mapping[str, int]) -> UserError:
    return misfit(what, f"{name} of more than {largest[name]:,} bytes")
