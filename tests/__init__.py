"""The tests; a package, so that the `tests` that some wheels install by mistake does not stand before it."""
