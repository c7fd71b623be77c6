//! What `handler!` expands to: the component's one export, around a plain function.

use crate::bindings;
use crate::call::Call;
use crate::change::Change;
use crate::columns::{Columns, Place};
use crate::log;
use crate::refusal::Refusal;

/// Makes a function the handler of this component.
///
/// The function has the signature `fn(&Call, &Columns) -> Result<Change, Refusal>`; the columns are the target row. One
/// call of the macro per component.
#[macro_export]
macro_rules! handler {
    ($propose:path) => {
        #[doc(hidden)]
        struct SynapsorHandler;

        impl $crate::bindings::Guest for SynapsorHandler {
            fn propose(
                invocation: $crate::bindings::Invocation,
                row: ::std::vec::Vec<$crate::bindings::Column>,
            ) -> ::std::result::Result<$crate::bindings::Change, $crate::Refusal> {
                $crate::export::run(invocation, row, $propose)
            }
        }

        $crate::bindings::export_proposer!(SynapsorHandler with_types_in $crate::bindings);
    };
}

/// One call of the handler's function.
pub fn run(
    invocation: bindings::Invocation,
    row: Vec<bindings::Column>,
    propose: fn(&Call, &Columns) -> Result<Change, Refusal>,
) -> Result<bindings::Change, Refusal> {
    // A panic ends in a trap that carries no message; the operator finds it in the log instead.
    std::panic::set_hook(Box::new(|panic| log::warn(&panic.to_string().replace('\n', " "))));
    propose(&invocation.into(), &Columns::new(Place::Row, row)).map(Into::into)
}
