"""This package's own tests. They run with the bindings that a component would have, and stand-ins for its imports."""
