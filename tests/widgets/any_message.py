"""What a page may send, as strategies: whatever JSON is, and more often what a widget of this package listens to."""

from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([10**400, 2**31, "\ud800", b"\xff", "<b>"])
    | st.builds(lambda: "x" * 10_000)
    | st.floats()
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
others = st.dictionaries(
    st.sampled_from(["image", "status", "layers", "shown", "error", "heard", "tooltip", "layout", "_esm", "x"]),
    anything,
    max_size=3,
)

KINDS = ("hello", "bye", "news", "receipt")
"""Of the messages that every widget knows."""


def messages_of(sent: st.SearchStrategy[Any], kinds: Sequence[str]) -> st.SearchStrategy[Any]:
    """Messages of a page.

    Args:
        sent: Settings by name, as it may send them.
        kinds: The kinds of messages that this widget knows beside those that every one does.
    """
    more = {
        "since": anything | st.integers(0, 100),
        "pages": anything | st.lists(st.integers(0, 2), max_size=2),
        "row": anything | st.integers(0, 5),
        "column": anything | st.integers(0, 5),
        "name": anything,
        "kind": anything | st.just("webp"),
        "view": anything,
        "number": anything | st.integers(0, 100),
        "at": anything,
    }
    custom = st.builds(
        lambda kind, more: {**more, "type": kind},
        st.sampled_from([*KINDS, *kinds]),
        st.fixed_dictionaries({}, optional=more),
    )
    return (
        st.builds(lambda state: {"method": "update", "state": state}, sent | others | anything)
        | st.builds(lambda content: {"method": "custom", "content": content}, custom | anything)
        | st.builds(lambda method: {"method": method}, st.just("request_state") | anything)
        | anything
    )
