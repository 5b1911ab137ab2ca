"""Reading a CSV file that somebody else wrote."""

import csv
import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """Something wrong in a file; ``line`` counts from 1, None where it is the file as a whole."""

    file: str
    line: int | None
    reason: str

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}, line {self.line}"
        return f"{place}: {self.reason}"


class FieldError(ValueError):
    """A field's text is not what its column asks for."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its fields by column, and where it stands. Problems go to the table's list."""

    file: str
    line: int
    fields: Mapping[str, str]
    problems: list[Problem] = field(compare=False)

    def wrong(self, reason: str) -> None:
        self.problems.append(Problem(file=self.file, line=self.line, reason=reason))

    def has(self, column: str) -> bool:
        return column in self.fields

    def read(self, column: str, parse: Callable[[str], T]) -> T | None:
        """The field's value; None where it is wrong, which is then noted."""
        try:
            return parse(self.fields[column].strip())
        except FieldError as error:
            self.wrong(f"{column} {error}")
            return None


def read_table(path: Path, *, columns: tuple[str, ...], problems: list[Problem]) -> list[Row]:
    """The rows of a CSV file in UTF-8 with a header; columns beyond ``columns`` are kept.

    Whatever is wrong is added to ``problems``; rows that cannot be read are left out.
    """
    table = _Table(path.name, problems)
    text = table.decode(path)
    return [] if text is None else list(table.rows(text, columns))


class _Table:
    def __init__(self, file: str, problems: list[Problem]) -> None:
        self._file = file
        self._problems = problems

    def decode(self, path: Path) -> str | None:
        try:
            content = path.read_bytes()
            return content.decode("utf-8-sig")
        except FileNotFoundError:
            self._wrong("is missing")
        except OSError as error:
            self._wrong(f"cannot be read: {error.strerror}")
        except UnicodeDecodeError as error:
            line = content.count(b"\n", 0, error.start) + 1
            self._wrong("is not UTF-8: save the file in that encoding", line)
        return None

    def rows(self, text: str, columns: tuple[str, ...]) -> Iterator[Row]:
        records = self._records(text)
        _, header = next(records, (1, []))
        header = [name.strip() for name in header]
        if not self._header_is_good(header, columns):
            return
        count = 0
        for line, record in records:
            count += 1
            row = Row(self._file, line, dict(zip(header, record, strict=False)), self._problems)
            if len(record) == len(header):
                yield row
            else:
                row.wrong(f"has {len(record)} fields, the header has {len(header)}")
        if count == 0:
            self._wrong("has no rows below its header")

    def _records(self, text: str) -> Iterator[tuple[int, list[str]]]:
        reader = csv.reader(io.StringIO(text, newline=""), strict=True)
        while True:
            line = reader.line_num + 1
            try:
                record = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                self._wrong(f"is not CSV: {error}", line)
                return
            if record:
                yield line, record

    def _header_is_good(self, header: list[str], columns: tuple[str, ...]) -> bool:
        if not header:
            self._wrong("is empty")
            return False
        missing = [column for column in columns if column not in header]
        if missing:
            self._wrong(f"lacks the column {', '.join(missing)}; it has {', '.join(header)}", 1)
        twice = sorted({name for name in header if header.count(name) > 1})
        if twice:
            self._wrong(f"has the column {', '.join(twice)} more than once", 1)
        return not missing and not twice

    def _wrong(self, reason: str, line: int | None = None) -> None:
        self._problems.append(Problem(file=self._file, line=line, reason=reason))
