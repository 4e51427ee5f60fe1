"""Rows: what is no model of images, and what is said of it."""

from tests.zoo.table import refused

NO_MODEL = "Not a model"


@refused(NO_MODEL, "an object of type builtins.int", "Expected a Keras 3 model")
def number():
    """A number."""
    return 3
