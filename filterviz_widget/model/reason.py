"""The one line of an exception that says what happened."""

import re

WRAPPING = (
    "Exception encountered when",
    "Arguments received by",
    "Graph execution error",
    "Detected at",
    "File ",
    "[[",
)
"""What Keras and TensorFlow put around the message of a layer."""


LONG = 200
"""Characters of a line, from which its first sentence must do."""


def reason(error: Exception) -> str:
    """The exception's type and the first line, or sentence, of its message that says something."""
    text = re.sub(r"\x1b\[\d*m", "", str(error))  # Keras prints the message itself in bold
    text = text.rpartition("Exception encountered: ")[2]  # before that are pages of configuration
    lines = (line.strip() for line in text.splitlines())
    message = next((line for line in lines if line and not line.startswith(WRAPPING)), "no message")
    if len(message) > LONG:
        message = message.partition(". ")[0][: 2 * LONG] + "."
    return f"{type(error).__name__}: {message}"
