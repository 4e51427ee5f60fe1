"""Small models of every kind, one function each: the rows of docs/models.md, which tests/test_models_table.py tests."""

from tests.zoo import (
    architectures,
    files,
    not_models,
    other_dimensions,
    other_models,
    parts,
    plain,
    plain_tensorflow,
)
from tests.zoo.table import ROWS, WAYS, Made, Row

__all__ = [
    "ROWS",
    "WAYS",
    "Made",
    "Row",
    "architectures",
    "files",
    "not_models",
    "other_dimensions",
    "other_models",
    "parts",
    "plain",
    "plain_tensorflow",
]
