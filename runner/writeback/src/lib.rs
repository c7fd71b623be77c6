//! What a person sets in motion: approve, reject, apply, receipt
