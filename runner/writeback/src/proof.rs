//! Proof that a write credential can leave a receipt: one is inserted in a transaction that is rolled back.
//!
//! Invariant: no table but that of the receipts is named, and no row stays in it. The table itself is made where it is missing and
//! the config lets the first apply make it.

use synapsor_config::{ReceiptsMode, Source};
use synapsor_protocol::{Engine, Refusal};

use crate::desk::WriteSettings;
use crate::driver::abandon;
use crate::engine::{Mysql, Postgres, Purpose, Session, Sqlite, connected, within};
use crate::error::Obstacle;
use crate::receipts::{OF_NO_PROPOSAL, ReceiptsTable};

/// What a proof has shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceiptsProof {
    /// The database's version, as it says it.
    pub version: String,
    /// Whether the receipts table was missing, and is there now.
    pub made: bool,
}

/// Shows that this credential can leave a receipt at this source.
///
/// # Errors
/// When it cannot: what an apply would be refused with.
pub async fn prove_receipts(source: &Source, writer: &WriteSettings) -> Result<ReceiptsProof, Refusal> {
    let proved = match source.engine {
        Engine::Sqlite => prove::<Sqlite>(source, writer).await,
        Engine::Postgres => prove::<Postgres>(source, writer).await,
        Engine::Mysql => prove::<Mysql>(source, writer).await,
    };
    proved.map_err(|obstacle| obstacle.refusal(&source.name))
}

async fn prove<S: Session>(source: &Source, writer: &WriteSettings) -> Result<ReceiptsProof, Obstacle> {
    let mut session = connected::<S>(writer).await?;
    let version = within(writer, session.version()).await?;
    let (table, made) = match within(writer, session.receipts_table(false)).await? {
        Some(table) => (table, false),
        None if source.receipts == ReceiptsMode::Precreated => return Err(Obstacle::NotPrecreated),
        None => {
            let made = within(writer, session.receipts_table(true)).await?;
            (made.ok_or(Obstacle::NoReceiptsTable)?, true)
        }
    };
    let inserted = insert(&mut session, writer, &table).await;
    abandon(session).await;
    inserted.map(|()| ReceiptsProof { version, made })
}

async fn insert<S: Session>(
    session: &mut S,
    writer: &WriteSettings,
    table: &ReceiptsTable,
) -> Result<(), Obstacle> {
    within(writer, session.begin(Purpose::Apply)).await?;
    within(writer, session.insert_receipt(table, &OF_NO_PROPOSAL)).await?;
    Ok(within(writer, session.check_alive()).await?)
}
