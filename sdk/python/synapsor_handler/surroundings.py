"""What Python offers and a handler does not have: each says so in words, where the runtime would trap without any.

Clock and randomness are held before the handler's module is loaded, since what is read at that moment would be frozen into
the component. Files and imports are there until it is loaded, and not after: a module may read a table beside it.
"""

import _thread
import builtins
import datetime
import importlib
import io
import os
import random
import sys
import time
from collections.abc import Callable, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, Never

from . import log
from .refusal import Misuse

NO_CLOCK = "there is no clock in a handler: use `call.now`"
NO_RANDOMNESS = "there is no randomness in a handler: the same call must give the same answer"
NO_FILES = "there are no files in a handler, except while its module is loaded"
NO_THREADS = "there are no threads and processes in a handler"
NO_NETWORK = "there is no network in a handler: use `reads`"

_CLOCKS = (
    "time", "monotonic", "perf_counter", "process_time", "thread_time", "clock_gettime",
    "time_ns", "monotonic_ns", "perf_counter_ns", "process_time_ns", "thread_time_ns", "clock_gettime_ns", "sleep",
)
# With the number of arguments from which on they do not ask for the present.
_CLOCKS_WITHOUT_ARGUMENT = {"gmtime": 1, "localtime": 1, "ctime": 1, "asctime": 1, "strftime": 2}
_FILES = (
    "open", "stat", "lstat", "access", "listdir", "scandir", "mkdir", "makedirs", "remove", "unlink", "rmdir", "rename",
    "replace", "readlink", "symlink", "link", "chdir", "getcwd", "getcwdb", "truncate", "utime", "walk",
)


def _refusing(words: str) -> Callable[..., Never]:
    def refusing(*_: object, **__: object) -> Never:
        raise Misuse(words)

    return refusing


def _replace(module: ModuleType | None, names: Sequence[str], words: str) -> None:
    for name in names:
        if hasattr(module, name):
            setattr(module, name, _refusing(words))


def hold_clock_and_randomness() -> None:
    """To be called before the handler's module is loaded."""
    _replace(time, _CLOCKS, NO_CLOCK)
    for name, enough in _CLOCKS_WITHOUT_ARGUMENT.items():
        setattr(time, name, _given(getattr(time, name), enough))
    _hold_dates()
    _replace(os, ("urandom", "getrandom"), NO_RANDOMNESS)
    _replace(random, ("_urandom",), NO_RANDOMNESS)
    shared = random.random.__self__  # type: ignore[attr-defined]
    _replace(random, [name for name in random.__all__ if getattr(getattr(random, name), "__self__", None) is shared], NO_RANDOMNESS)
    setattr(random, "Random", _Seeded)


def _given(function: Callable[..., Any], enough: int) -> Callable[..., Any]:
    def given(*arguments: Any) -> Any:
        return function(*arguments) if len(arguments) >= enough else _refusing(NO_CLOCK)()

    return given


class _Seeded(random.Random):
    """A sequence from a seed the handler gives is the same every time, and allowed."""

    def __init__(self, x: int | str | bytes | bytearray | None = None) -> None:
        if x is None:
            raise Misuse(NO_RANDOMNESS)
        super().__init__(x)


def _hold_dates() -> None:
    """The classes cannot be changed, so the module gets others, which know the old ones' instances as their own."""
    real_date, real_datetime = datetime.date, datetime.datetime

    class Dates(type):
        def __instancecheck__(cls, instance: object) -> bool:
            return isinstance(instance, real_datetime if cls.__name__ == "datetime" else real_date)

    present = {"today": classmethod(_refusing(NO_CLOCK))}
    setattr(datetime, "date", Dates("date", (real_date,), present))
    present |= {"now": classmethod(_refusing(NO_CLOCK)), "utcnow": classmethod(_refusing(NO_CLOCK))}
    setattr(datetime, "datetime", Dates("datetime", (real_datetime,), present))


def seal() -> None:
    """To be called when the handler's module is loaded."""
    # `strptime` would import it during a call.
    importlib.import_module("_strptime")

    setattr(builtins, "open", _refusing(NO_FILES))
    _replace(io, ("open", "open_code", "FileIO"), NO_FILES)
    _replace(os, _FILES, NO_FILES)
    _replace(os, ("system", "popen", "fork", "posix_spawn"), NO_THREADS)
    threads = ("start_new_thread", "start_joinable_thread", "start_new", "_start_new_thread", "_start_joinable_thread")
    _replace(_thread, threads, NO_THREADS)
    _replace(sys.modules.get("threading"), threads, NO_THREADS)
    _replace(sys.modules.get("subprocess"), ("Popen",), NO_THREADS)
    _replace(sys.modules.get("socket"), ("socket", "create_connection", "getaddrinfo"), NO_NETWORK)
    sys.meta_path.insert(0, _NoLateImports())
    setattr(sys, "stdin", None)
    sys.stdout = _Lines(log.info)
    sys.stderr = _Lines(log.warn)


class _NoLateImports(MetaPathFinder):
    """Asked for modules that are not loaded yet."""

    def find_spec(self, fullname: str, path: object = None, target: object = None) -> ModuleSpec | None:
        raise ModuleNotFoundError(f"import `{fullname}` at the top of the handler's file: it is loaded while the handler is built")


class _Lines(io.TextIOBase):
    """A text stream whose lines go to the log."""

    def __init__(self, write_line: Callable[[str], None]) -> None:
        self._write_line = write_line
        self._begun = ""

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        *lines, self._begun = (self._begun + text).split("\n")
        for line in lines:
            self._write_line(line)
        return len(text)

    def flush(self) -> None:
        """A line is written when it ends, or when the call does."""

    def end(self) -> None:
        """Writes what is left of a line."""
        if self._begun:
            self.write("\n")


def end_lines() -> None:
    """To be called at the end of a call."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, _Lines):
            stream.end()
