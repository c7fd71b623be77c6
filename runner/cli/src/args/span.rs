//! A span of time as people type it: `90d`, `36h`, `15m`, `2s`.

use std::time::Duration;

use jiff::{Span, SpanRelativeTo};

/// The span, days being 24 hours; none where it is no span, or one that goes back.
pub(crate) fn parse(text: &str) -> Option<Duration> {
    let span: Span = text.parse().ok()?;
    span.to_duration(SpanRelativeTo::days_are_24_hours()).ok()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_has_a_unit_and_goes_forward() {
        assert_eq!(parse("2d"), Some(Duration::from_secs(48 * 60 * 60)));
        assert_eq!(parse("15m"), Some(Duration::from_secs(15 * 60)));
        assert_eq!(parse("1500ms"), Some(Duration::from_millis(1500)));
        for wrong in ["", "15", "-15m", "soon", "1 fortnight", "99999999999999999999d"] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}
