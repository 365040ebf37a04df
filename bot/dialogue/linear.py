"""A linear one-against-the-rest classifier over word and letter n-grams, trained from the YAML alone.

An L2-regularised squared-hinge SVM solved by dual coordinate descent (Hsieh et al., "A Dual Coordinate Descent
Method for Large-scale Linear SVM", ICML 2008), all classes at once. The order of the descent is drawn from a fixed
seed and sums run in a fixed order: the same content always gives the same scores.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

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
        return tuple(index.setdefault(feature, len(index)) for feature in features)


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
        counted = [Counter(document) for document in documents]
        frequency = np.zeros(len(self._index))
        for document in counted:
            frequency[list(document)] += 1
        self._weight = (np.log((1 + len(documents)) / (1 + frequency)) + 1).astype(np.float32)
        """Inverse document frequency of each feature."""
        rows = [self._document(document, ()) for document in counted]
        self._weights = _train(rows, target, len(self._index) + 1, len(self.classes), cost)

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


def _train(rows: list[Document], target: Indices, features: int, classes: int, cost: float) -> Vector:
    weights = np.zeros((features, classes), dtype=np.float32)
    if classes < 2:
        return weights
    count = len(rows)
    sign = np.full((count, classes), -1, dtype=np.float32)
    sign[np.arange(count), target] = 1
    alpha = np.zeros((count, classes), dtype=np.float32)
    slack = np.float32(1 / (2 * cost))
    curvature = [np.float32(np.dot(row.values, row.values)) + slack for row in rows]
    order = np.random.default_rng(_SEED)
    for _ in range(_EPOCHS):
        for row in order.permutation(count):
            indices, values = rows[row].indices, rows[row].values
            signs, old = sign[row], alpha[row]
            local = weights.take(indices, axis=0)
            gradient = signs * (values @ local) - 1 + slack * old
            new = np.maximum(old - gradient / curvature[row], 0)
            step = (new - old) * signs
            alpha[row] = new
            local += values[:, None] * step
            weights[indices] = local
    return weights
