"""A linear one-against-the-rest classifier over word and letter n-grams, trained from the YAML alone.

An L2-regularised squared-hinge SVM solved by dual coordinate descent (Hsieh et al., "A Dual Coordinate Descent
Method for Large-scale Linear SVM", ICML 2008), all classes at once. The order of the descent is drawn from a fixed
seed and sums run in a fixed order: the same content always gives the same scores.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float32]
Indices = NDArray[np.int64]

_SEED = 2026
_EPOCHS = 4
"""More change single scores in the second decimal and no count on the labelled sets."""


@dataclass(frozen=True)
class Document:
    """Columns and values of one text; the last is the bias."""

    indices: Indices
    values: Vector
    owners: Indices
    """Whose each column is (without the bias): where it occurred first."""


class Columns:
    """Numbers the features of the training texts in the order in which they come."""

    def __init__(self) -> None:
        self.index: dict[str, int] = {}

    def of(self, features: Iterable[str]) -> tuple[int, ...]:
        """The column of each."""
        index = self.index
        return tuple([index.setdefault(feature, len(index)) for feature in features])


class Classifier:
    """Scores a document for every class: about +1 for a clear member, -1 for a clear stranger."""

    def __init__(
        self, columns: Columns, documents: Sequence[Sequence[int]], labels: Sequence[str], *, cost: float = 1.0
    ) -> None:
        """Trains at once. `labels[i]` is the class of `documents[i]`, the columns of its features. `cost`: SVM's C."""
        self.classes = sorted(set(labels))
        self._index = columns.index
        position = {label: number for number, label in enumerate(self.classes)}
        target = np.array([position[label] for label in labels], dtype=np.int64)
        bias = len(self._index)
        lengths = np.fromiter(map(len, documents), dtype=np.int64, count=len(documents)) + 1
        flat = np.fromiter(chain.from_iterable((*one, bias) for one in documents), dtype=np.int64, count=lengths.sum())
        row = np.repeat(np.arange(len(documents), dtype=np.int64), lengths)
        # The bias has the highest column: it stays the last of its row.
        cells, counts = np.unique(row * (bias + 1) + flat, return_counts=True)
        row, column = np.divmod(cells, bias + 1)
        frequency = np.bincount(column, minlength=bias + 1)[:bias]
        self._weight = (np.log((1 + len(documents)) / (1 + frequency)) + 1).astype(np.float32)
        """Inverse document frequency of each feature."""
        values = (np.log(counts) + 1).astype(np.float32)
        is_bias = column == bias
        values *= np.append(self._weight, np.float32(0))[column]
        length = np.sqrt(np.bincount(row, weights=np.square(values, dtype=np.float64), minlength=len(documents)))
        values /= np.maximum(length, np.finfo(np.float32).tiny).astype(np.float32)[row]
        values[is_bias] = 1
        bounds = pairwise([0, *(np.flatnonzero(is_bias) + 1).tolist()])
        rows = [(column[start:end], values[start:end]) for start, end in bounds]
        self._weights = _train(rows, target, bias + 1, len(self.classes), cost)

    def document(self, features: Iterable[tuple[str, int]]) -> Document:
        """A document of unit length, the bias (value 1) last. `features`: name and owner of each occurrence."""
        columns: dict[int, int] = {}
        owners: list[int] = []
        index = self._index
        for name, owner in features:
            column = index.get(name)
            if column is None:
                continue
            if column in columns:
                columns[column] += 1
            else:
                columns[column] = 1
                owners.append(owner)
        return self._document(columns, owners)

    def _document(self, columns: Mapping[int, int], owners: Sequence[int]) -> Document:
        size = len(columns)
        indices = np.empty(size + 1, dtype=np.int64)
        indices[:size] = list(columns)
        indices[size] = len(self._index)
        values = np.empty(size + 1, dtype=np.float32)
        counts = np.log(list(columns.values()), dtype=np.float32) + 1
        counts *= self._weight[indices[:size]]
        if size:
            counts /= np.sqrt(np.dot(counts, counts))
        values[:size] = counts
        values[size] = 1
        return Document(indices, values, np.array(owners, dtype=np.int64))

    def scores(self, document: Document) -> Vector:
        """One score a class, in the order of `classes`."""
        result: Vector = document.values @ self._weights[document.indices]
        return result

    def shares(self, document: Document, label: str) -> list[tuple[int, float]]:
        """What each owner's features together add to the score of a class."""
        if not len(document.owners):
            return []
        parts = document.values[:-1] * self._weights[document.indices[:-1], self.classes.index(label)]
        totals = np.bincount(document.owners, weights=parts)
        return [(int(owner), float(totals[owner])) for owner in np.unique(document.owners)]


def _train(rows: Sequence[tuple[Indices, Vector]], target: Indices, features: int, classes: int, cost: float) -> Vector:
    weights = np.zeros((features, classes), dtype=np.float32)
    if classes < 2:
        return weights
    count = len(rows)
    slack = np.float32(1 / (2 * cost))
    pace = 1 / (np.array([np.dot(values, values) for _, values in rows], dtype=np.float32) + slack)
    sign = np.full((count, classes), -1, dtype=np.float32)
    sign[np.arange(count), target] = 1
    signs, signed_pace = sign, sign * pace[:, None]
    keep, paces = (1 - slack * pace).tolist(), pace.tolist()
    alpha = np.zeros((count, classes), dtype=np.float32)
    upright = [values[:, None] for _, values in rows]
    # Seen as one value each, the rows of the weights are fetched and put back twice as fast.
    piece = np.dtype((np.void, weights.itemsize * classes))
    pieces = weights.view(piece).ravel()
    order = np.random.default_rng(_SEED)
    for _ in range(_EPOCHS):
        for row in order.permutation(count).tolist():
            indices, values = rows[row]
            old = alpha[row]
            local = pieces.take(indices).view(np.float32).reshape(len(indices), classes)
            gain = values @ local
            gain *= signed_pace[row]
            new = old * keep[row]
            new += paces[row]
            new -= gain
            np.maximum(new, 0, out=new)
            step = new - old
            step *= signs[row]
            alpha[row] = new
            local += np.dot(upright[row], step[None, :])  # `*` gives the same bits, and takes longer
            pieces[indices] = local.view(piece).ravel()
    return weights
