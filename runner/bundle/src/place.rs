//! Places in a file, as problems name them: `handler.json $.reads.customer.columns[0]`.

use jsonschema::paths::{Location, LocationSegment};

/// The place of a JSON location in a file.
pub(crate) fn in_file(file: &str, location: &Location) -> String {
    let mut place = format!("{file} $");
    for segment in location {
        match segment {
            LocationSegment::Property(key) => member(&mut place, &key),
            LocationSegment::Index(index) => place.push_str(&format!("[{index}]")),
        }
    }
    place
}

/// Appends a member: `.key`, or `["key"]` where the key is no plain name.
pub(crate) fn member(place: &mut String, key: &str) {
    let plain =
        !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '$'));
    if plain {
        place.push('.');
        place.push_str(key);
    } else {
        place.push_str(&format!("[\"{}\"]", key.escape_debug()));
    }
}

/// `place` with a member appended.
pub(crate) fn under(place: &str, key: &str) -> String {
    let mut whole = place.to_owned();
    member(&mut whole, key);
    whole
}
