//! What a handler author ships: manifest, cases, component; loading and validating it
