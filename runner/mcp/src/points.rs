//! Where tests break this room. Without the feature `failpoints` there is nothing here, and nothing where a point stands.
//!
//! What each point means: `docs/decisions/0007-crash-points.md`.

/// Returns the error where a test says so; a test may also have the process killed or stopped here.
macro_rules! point {
    ($name:literal, $error:expr) => {
        #[cfg(feature = "failpoints")]
        if synapsor_test_points::strikes(concat!("failpoint ", $name)) {
            return Err($error.into());
        }
    };
}

pub(crate) use point;
