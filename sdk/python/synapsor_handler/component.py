"""The module a component is made of: `componentize-py … componentize synapsor_handler.component`.

Loads the handler's own module, which is called `handler`, in the surroundings a handler has.
"""

import importlib

from . import surroundings

surroundings.hold_clock_and_randomness()

importlib.import_module("handler")

from .export import WitWorld
from .rule import the_rule

the_rule()
surroundings.seal()

__all__ = ["WitWorld"]
