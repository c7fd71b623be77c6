//! Hostile characters: which of them could steer a terminal, reorder a line or hide on a screen.
//!
//! Row values and names are other people's text. Whoever shows one writes these characters as code points, so that what a
//! person reads is what is stored.

/// Controls (C0, C1), bidirectional formatting (Unicode UAX #9) and characters without a width of their own.
pub fn steers(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{00ad}' | '\u{034f}' | '\u{061c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}
