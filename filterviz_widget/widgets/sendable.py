"""Text that may go to the page: what came from a page or from a file's name need not be text that can be sent."""

from typing import Any, TypeGuard


def sendable(text: Any, longest: int) -> TypeGuard[str]:
    """Whether it is text of so many characters at most that UTF-8 can hold; JSON may have halves of a character."""
    return isinstance(text, str) and len(text) <= longest and as_sendable(text) == text


def as_sendable(text: str) -> str:
    """The text with "?" for what UTF-8 cannot hold."""
    return text.encode("utf-8", "replace").decode("utf-8")
