"""A setting of the history's widget."""

from typing import Any, TypeVar

import traitlets

Got = TypeVar("Got")
Given = TypeVar("Given")
"""What a setting is read as, and what may be assigned."""


class Setting(traitlets.TraitType[Got, Given]):
    """A setting, which is checked once: here where Python assigns it, or with the message of the page that it is in."""

    def validate(self, obj: Any, value: Any) -> Any:
        """Returns the value as the widget holds it.

        Raises:
            traitlets.TraitError: If the history has nothing of the kind.
        """
        if self.name in obj._trusted and obj._trusted[self.name] is value:
            return value
        try:
            return obj._checked(self.name, value)
        except ValueError as error:
            raise traitlets.TraitError(str(error)) from None
