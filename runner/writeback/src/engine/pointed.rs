//! The same three engines with a point after every step, at which a test kills, fails or stops the runner.
//!
//! A step has been carried out when its point is passed, and nobody has heard of it yet; what fails there is the answer.
//! COMMIT has a point on either side. What each means: `docs/decisions/0007-crash-points.md`.

use synapsor_protocol::{Columns, WritebackJob};
use synapsor_source::TableShape;

use super::{Changed, Holdings, Inserted, Purpose, Session};
use crate::classify::FaultClass;
use crate::desk::WriteSettings;
use crate::effects::{Effect, Site};
use crate::error::{Fault, Obstacle};
use crate::excess::Inventory;
use crate::points::point;
use crate::receipts::{ReceiptsTable, SourceReceipt};
use crate::rights::Right;
use crate::statement::Ground;

pub(crate) type Mysql = Pointed<super::mysql::Mysql>;
pub(crate) type Postgres = Pointed<super::postgres::Postgres>;
pub(crate) type Sqlite = Pointed<super::sqlite::Sqlite>;

/// A session that can be broken at every step.
pub(crate) struct Pointed<S> {
    session: S,
    /// Whether COMMIT was answered: a receipt read before it is the look around, one read after it the read-back.
    committed: bool,
}

/// `s.step` stands before every step, so that a test can fail the first, the second, the third.
impl<S: Session> Session for Pointed<S> {
    async fn connect(settings: &WriteSettings) -> Result<Self, Fault> {
        point!("s.step", lost());
        let session = S::connect(settings).await?;
        point!("s.connect", lost());
        Ok(Self { session, committed: false })
    }

    async fn version(&mut self) -> Result<String, Fault> {
        self.session.version().await
    }

    async fn receipts_table(&mut self, create: bool) -> Result<Option<ReceiptsTable>, Obstacle> {
        point!("s.step", lost());
        self.session.receipts_table(create).await
    }

    async fn inspect(&mut self, job: &WritebackJob) -> Result<Ground, Obstacle> {
        point!("s.step", lost());
        let ground = self.session.inspect(job).await?;
        point!("s.prelude", lost());
        Ok(ground)
    }

    async fn shape(&mut self, site: &Site) -> Result<TableShape, Obstacle> {
        self.session.shape(site).await
    }

    async fn may(&mut self, right: &Right) -> Result<bool, Fault> {
        self.session.may(right).await
    }

    async fn effects(&mut self, site: &Site) -> Result<Vec<Effect>, Obstacle> {
        point!("s.step", lost());
        self.session.effects(site).await
    }

    async fn begin(&mut self, purpose: Purpose) -> Result<(), Fault> {
        point!("s.step", lost());
        self.session.begin(purpose).await?;
        point!("s.begin", lost());
        Ok(())
    }

    async fn read_row(&mut self, ground: &Ground, purpose: Purpose) -> Result<Option<Columns>, Fault> {
        point!("s.step", lost());
        let row = self.session.read_row(ground, purpose).await?;
        match purpose {
            Purpose::Apply => {
                point!("s.lock", lost());
            }
            Purpose::ReadBack => {
                point!("s.verify", lost());
            }
            Purpose::Rehearse => {}
        }
        Ok(row)
    }

    async fn insert_receipt(&mut self, table: &ReceiptsTable, values: &[&str; 5]) -> Result<Inserted, Fault> {
        point!("s.step", lost());
        let inserted = self.session.insert_receipt(table, values).await?;
        point!("s.receipt", lost());
        Ok(inserted)
    }

    async fn update_row(&mut self, ground: &Ground) -> Result<Changed, Fault> {
        point!("s.step", lost());
        let changed = self.session.update_row(ground).await?;
        point!("s.update", lost());
        Ok(changed)
    }

    async fn check_alive(&mut self) -> Result<(), Fault> {
        point!("s.step", lost());
        self.session.check_alive().await?;
        point!("s.sentinel", lost());
        Ok(())
    }

    async fn commit(&mut self) -> Result<(), Fault> {
        point!("s.step", lost());
        point!("s.commit.pre", lost());
        self.session.commit().await?;
        self.committed = true;
        point!("s.commit.post", lost());
        Ok(())
    }

    async fn read_receipt(
        &mut self,
        table: &ReceiptsTable,
        job: &WritebackJob,
    ) -> Result<Option<SourceReceipt>, Fault> {
        point!("s.step", lost());
        let receipt = self.session.read_receipt(table, job).await?;
        if self.committed {
            point!("s.readback", lost());
        }
        Ok(receipt)
    }

    async fn abandon(self) {
        self.session.abandon().await;
    }
}

impl<S: Holdings> Holdings for Pointed<S> {
    async fn inventory(&mut self) -> Result<Inventory, Fault> {
        self.session.inventory().await
    }
}

/// What a point fails with: the kind of error after which the same apply may be tried again.
fn lost() -> Fault {
    Fault::new(FaultClass::Transient, &"a failpoint")
}
