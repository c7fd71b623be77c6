"""Notes to the operator, kept with the call's evidence and never shown to the agent. `print` writes here too."""

from wit_world.imports import log
from wit_world.imports.log import Level


def debug(line: str) -> None:
    """Of interest when something is wrong."""
    log.write(Level.DEBUG, line)


def info(line: str) -> None:
    """Of interest."""
    log.write(Level.INFO, line)


def warn(line: str) -> None:
    """Somebody should look."""
    log.write(Level.WARN, line)
