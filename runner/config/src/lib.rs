//! synapsor.runner.json: raw text, validated, compiled to capabilities
