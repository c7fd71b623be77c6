//! What the write credential holds, asked of each engine; for the doctor only, never in an apply.

use std::future::Future;

use super::Session;
use super::sqlite::Sqlite;
use crate::error::Fault;
use crate::excess::Inventory;

/// A connection that can tell what its credential may do.
pub(crate) trait Holdings: Session {
    /// Everything it holds, whether it needs it or not.
    fn inventory(&mut self) -> impl Future<Output = Result<Inventory, Fault>> + Send;
}

/// A file has no roles; who may write it may do everything with it.
impl Holdings for Sqlite {
    async fn inventory(&mut self) -> Result<Inventory, Fault> {
        Ok(Inventory::default())
    }
}
