"""One call of the capability, as the runner established it."""

import datetime
from dataclasses import dataclass

from .columns import Columns


@dataclass(frozen=True, slots=True)
class Call:
    """Who asks for what, when, with which arguments."""

    capability: str
    """The capability's name."""
    tenant: str
    """Whose data. Established by the runner, never taken from the arguments."""
    principal: str
    """Who is asking. Established likewise."""
    now: datetime.datetime
    """When the call was received, in UTC. A rerun sees the same instant; there is no other clock."""
    arguments: Columns
    """The checked arguments."""
    settings: Columns
    """The capability's settings from the config."""

    def today(self) -> datetime.date:
        """The day of `now`, in UTC."""
        return self.now.date()
