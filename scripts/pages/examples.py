"""Docstrings for the site: what stands under "Example:" is code there, as it is meant."""

import re
import textwrap
from typing import Any

import griffe

EXAMPLE = re.compile(r"^Example:\n+((?:.+\n?)+)", re.MULTILINE)


class Examples(griffe.Extension):
    """Makes the sections of griffe's Google style of them, which are called Examples and are indented."""

    def on_instance(self, *, obj: griffe.Object, **_: Any) -> None:
        """Rewrites an object's docstring."""
        if obj.docstring:
            obj.docstring.value = EXAMPLE.sub(_section, obj.docstring.value)


def _section(found: re.Match[str]) -> str:
    code = textwrap.dedent(found[1])
    return f"Examples:\n{textwrap.indent(code, ' ' * 4)}" if code.lstrip().startswith(">>>") else found[0]
