"""Stretches of a table by number, so that long work holds the database for a few rows at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, func, select, true


@dataclass(frozen=True)
class Span:
    """Rows whose number is above `after` and not above `upto`."""

    after: int
    upto: int

    def of(self, column: Any) -> ColumnElement[bool]:
        """As a condition on the column of numbers."""
        return and_(column > self.after, column <= self.upto)


def within(column: Any, span: Span | None) -> ColumnElement[bool]:
    """The same; every row for no span."""
    return true() if span is None else span.of(column)


def next_span(connection: Connection, column: Any, after: int, size: int) -> Span | None:
    """The next `size` rows behind the number `after`; `None` when there are none left."""
    part = select(column).where(column > after).order_by(column).limit(size).subquery()
    upto = connection.scalar(select(func.max(part.c[column.name])))
    return Span(after, int(upto)) if upto is not None else None
