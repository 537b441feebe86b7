"""A file of a log: its bytes unpacked, its text decoded and handed out piece by piece."""

from __future__ import annotations

import codecs
import gzip
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedIOBase
from pathlib import Path

_CHUNK = 1 << 20
_PACKED = {
    b"\x28\xb5\x2f\xfd": "packed by zstd; unpack it",
    b"\xfd7zXZ\x00": "packed by xz; unpack it",
    b"BZh": "packed by bzip2; unpack it",
    b"PK\x03\x04": "a zip file or a spreadsheet; unpack it, or save it as CSV",
}
# UTF-32 before UTF-16: its mark starts with the other's.
_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
# NUL bytes are what a crash or a rotation leaves; the marks stand where files were joined.
_BLANK = re.compile("[ \t\r\n\0\x1e\ufeff]*")


@contextmanager
def errors_naming(path: str | Path) -> Iterator[None]:
    """Put the file's name before the message of any ValueError of the block."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def check_exists(path: str | Path) -> Path:
    """Return the path of a file; raise where there is none."""
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: there is no such file")
    return path


@contextmanager
def open_unpacked(path: Path) -> Iterator[BufferedIOBase]:
    """Open a file for its bytes, unpacked where it is gzip, whatever its name."""
    with path.open("rb") as file:
        head = file.read(8)
        file.seek(0)
        for magic, what in _PACKED.items():
            if head.startswith(magic):
                raise ValueError(f"is {what} first")
        if head.startswith(b"\x1f\x8b"):
            with gzip.open(file) as unpacked:
                yield unpacked
        else:
            yield file


class Text:
    """The text of a file in UTF-8, or whatever its byte order mark says, as far as it is read.

    Attributes
    ----------
    text : str
        What was read last; what comes before `at` is dropped by and by.
    at : int
        Where in `text` to go on; readers advance it.
    ended : bool
        Whether `text` reaches to the end of the file.
    line_end : str
        What lines are counted by.
    """

    def __init__(self, file: BufferedIOBase) -> None:
        self.text = ""
        self.at = 0
        self.ended = False
        self.line_end = "\n"
        self._file = file
        self._lines_dropped = 0
        self._bytes_read = 0
        data = self._read(_CHUNK)
        self._decoder = codecs.getincrementaldecoder(_encoding_of(data[:4]))()
        self._append(data)
        # So that a short file is known to end.
        self.more()

    def more(self) -> bool:
        """Read as much again as is left in `text`; False at the end of the file."""
        if self.ended:
            return False
        self._lines_dropped += self.text.count(self.line_end, 0, self.at)
        self.text = self.text[self.at :]
        self.at = 0
        self._append(self._read(max(_CHUNK, len(self.text))))
        return True

    def skip_blanks(self) -> str:
        """Go on to what is no blank; return that character, at the end of the file ""."""
        while True:
            match = _BLANK.match(self.text, self.at)
            self.at = self.at if match is None else match.end()
            if self.at < len(self.text):
                return self.text[self.at]
            if not self.more():
                return ""

    def line(self, at: int) -> int:
        """Return the number of the line, from 1, at an index of `text`."""
        return 1 + self._lines_dropped + self.text.count(self.line_end, 0, at)

    def _read(self, size: int) -> bytes:
        try:
            return self._file.read(size)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise ValueError(f"is a broken gzip file ({error}); pack or copy it again") from error

    def _append(self, data: bytes) -> None:
        self.ended = not data
        self._bytes_read += len(data)
        try:
            self.text += self._decoder.decode(data, self.ended)
        except UnicodeDecodeError as error:
            raise self._undecodable(error) from None

    def _undecodable(self, error: UnicodeDecodeError) -> ValueError:
        before, byte = error.object[: error.start], error.object[error.start]
        line = self.line(len(self.text)) + before.count(b"\n")
        position = self._bytes_read - len(error.object) + error.start
        return ValueError(
            f"line {line}, byte {position:,}: found 0x{byte:02x}, which is no "
            f"{error.encoding.upper()} ({error.reason}); save the file as UTF-8"
        )


def _encoding_of(head: bytes) -> str:
    for mark, encoding in _MARKS.items():
        if head.startswith(mark):
            return encoding
    # Logs start with ASCII: a header, a bracket. As UTF-16 every second byte of that is NUL.
    zeros = [byte == 0 for byte in head]
    if zeros == [False, True, False, True]:
        return "utf-16-le"
    if zeros == [True, False, True, False]:
        return "utf-16-be"
    return "utf-8"
