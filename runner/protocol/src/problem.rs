//! Codes for what is wrong with a file somebody wrote: how a room lists its own, by section and with a meaning each.
//!
//! A [`crate::Code`] says why a call was refused; these say what to mend before there is a call. A room's list is closed and
//! its own, so what they share is the way to write one.

use serde::Serialize;

/// Whether a file with this problem can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// It cannot.
    Error,
    /// It can; somebody should know.
    Warning,
}

/// Declares a room's `ProblemCode`: `"Section" { Name = "NAME", Error, "what it means"; … } …`, in the order the checks look.
/// A room that knows errors only leaves the severity out.
///
/// A name on the wire is written out, so that a search for it finds its meaning; a test in the room's own list holds it to
/// the name in the code.
#[macro_export]
macro_rules! problem_codes {
    (@severity) => { $crate::problem::Severity::Error };
    (@severity $severity:ident) => { $crate::problem::Severity::$severity };
    ($($section:literal { $($name:ident = $wire:literal, $($severity:ident,)? $text:literal;)+ })+) => {
        /// A stable code; `SCREAMING_SNAKE` in documents.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, ::serde::Serialize)]
        pub enum ProblemCode {
            $($(#[doc = $text] #[serde(rename = $wire)] $name,)+)+
        }

        impl ProblemCode {
            /// Every code by section, in the order the checks look.
            pub const SECTIONS: &'static [(&'static str, &'static [Self])] =
                &[$(($section, &[$(Self::$name,)+]),)+];

            /// Every code.
            pub fn all() -> impl Iterator<Item = Self> {
                Self::SECTIONS.iter().flat_map(|(_, codes)| codes.iter().copied())
            }

            /// The code in documents.
            pub fn as_str(self) -> &'static str {
                match self { $($(Self::$name => $wire,)+)+ }
            }

            /// Whether it makes the file unusable.
            pub fn severity(self) -> $crate::problem::Severity {
                match self { $($(Self::$name => $crate::problem_codes!(@severity $($severity)?),)+)+ }
            }

            /// What it means, in one line.
            pub fn meaning(self) -> &'static str {
                match self { $($(Self::$name => $text,)+)+ }
            }
        }

        impl ::std::fmt::Display for ProblemCode {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        #[cfg(test)]
        mod problem_code_tests {
            use super::ProblemCode;

            #[test]
            fn a_code_in_documents_is_its_name_in_screaming_snake() {
                for code in ProblemCode::all() {
                    assert_eq!(code.as_str(), $crate::problem::screaming_snake(&format!("{code:?}")));
                }
            }
        }
    };
}

/// `DuplicateKey` as `DUPLICATE_KEY`: how a code's name in Rust is written on the wire.
pub fn screaming_snake(name: &str) -> String {
    let mut wire = String::new();
    for c in name.chars() {
        if c.is_uppercase() && !wire.is_empty() {
            wire.push('_');
        }
        wire.extend(c.to_uppercase());
    }
    wire
}
