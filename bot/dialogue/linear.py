"""A linear one-against-the-rest classifier over word and letter n-grams, trained from the YAML alone.

An L2-regularised squared-hinge SVM solved by dual coordinate descent (Hsieh et al., "A Dual Coordinate Descent
Method for Large-scale Linear SVM", ICML 2008), all classes at once. The order of the descent is drawn from a fixed
seed and sums run in a fixed order: the same content always gives the same scores.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
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


@dataclass(frozen=True)
class Space:
    """Features and their weights (inverse document frequency); the last column is the bias."""

    index: dict[str, int]
    weight: Vector

    @classmethod
    def of(cls, documents: Sequence[Counter[str]]) -> Space:
        """The space that training documents span: of each, how often each feature occurs."""
        seen: Counter[str] = Counter()
        for document in documents:
            seen.update(document.keys())
        frequency = np.fromiter(seen.values(), dtype=np.float64, count=len(seen))
        weight = np.log((1 + len(documents)) / (1 + frequency)) + 1
        return cls({name: column for column, name in enumerate(seen)}, weight.astype(np.float32))

    @property
    def size(self) -> int:
        """Number of features, without the bias."""
        return len(self.index)

    def vector(self, features: Iterable[tuple[str, int]]) -> Document:
        """A document of unit length, the bias (value 1) last. `features`: name and owner of each occurrence."""
        columns: dict[int, int] = {}
        owners: list[int] = []
        index = self.index
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

    def training(self, document: Counter[str]) -> Document:
        """The same for one of the documents that the space was made of; nobody asks whose its features are."""
        return self._document({self.index[name]: times for name, times in document.items()}, [])

    def _document(self, columns: dict[int, int], owners: list[int]) -> Document:
        size = len(columns)
        indices = np.fromiter(columns, dtype=np.int64, count=size)
        values = np.log(np.fromiter(columns.values(), dtype=np.float32, count=size))
        values += 1
        values *= self.weight[indices]
        if size:
            values /= np.sqrt(np.dot(values, values))
        return Document(
            np.append(indices, self.size), np.append(values, np.float32(1)), np.array(owners, dtype=np.int64)
        )


class Classifier:
    """Scores a document for every class: about +1 for a clear member, -1 for a clear stranger."""

    def __init__(self, documents: Sequence[Sequence[str]], labels: Sequence[str], *, cost: float = 1.0) -> None:
        """Trains at once. `labels[i]` is the class of `documents[i]`, a list of features. `cost`: SVM's C."""
        self.classes = sorted(set(labels))
        counted = [Counter(document) for document in documents]
        self.space = Space.of(counted)
        position = {label: number for number, label in enumerate(self.classes)}
        rows = [self.space.training(document) for document in counted]
        target = np.array([position[label] for label in labels], dtype=np.int64)
        self._weights = _train(rows, target, self.space.size + 1, len(self.classes), cost)

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
