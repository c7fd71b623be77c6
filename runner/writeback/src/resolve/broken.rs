//! A session that breaks at one chosen step, over a real one; for the tests that break every step.

use std::sync::{Arc, Mutex};

use synapsor_protocol::{Columns, WritebackJob};
use synapsor_source::TableShape;
use tokio::sync::Notify;

use crate::classify::FaultClass;
use crate::desk::WriteSettings;
use crate::effects::{Effect, Site};
use crate::engine::{Changed, Inserted, Purpose, Session};
use crate::error::{Fault, Obstacle};
use crate::receipts::{ReceiptsTable, SourceReceipt};
use crate::rights::Right;
use crate::statement::Ground;

/// Where it breaks: each call a session gets in one apply, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Connect,
    ReceiptsTable,
    LookForReceipt,
    Inspect,
    Effects,
    Begin,
    Lock,
    InsertReceipt,
    Update,
    EffectsAgain,
    ReadBack,
    Sentinel,
    Commit,
    ReadReceipt,
}

impl Step {
    pub(super) const ALL: [Self; 14] = [
        Self::Connect,
        Self::ReceiptsTable,
        Self::LookForReceipt,
        Self::Inspect,
        Self::Effects,
        Self::Begin,
        Self::Lock,
        Self::InsertReceipt,
        Self::Update,
        Self::EffectsAgain,
        Self::ReadBack,
        Self::Sentinel,
        Self::Commit,
        Self::ReadReceipt,
    ];
}

/// How it breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    /// The step is never performed.
    Before,
    /// The step is performed and its answer is lost.
    After,
    /// The step is performed and the runner dies there.
    Killed,
    /// COMMIT answers success for a transaction that was rolled back.
    Lies,
}

/// What breaks, how often, and what has happened so far.
#[derive(Debug)]
pub(super) struct Plan {
    step: Step,
    how: How,
    class: FaultClass,
    stays_away: bool,
    broke: Mutex<bool>,
    /// Told when the runner died.
    pub(super) dead: Notify,
}

impl Plan {
    pub(super) fn new(step: Step, how: How) -> Self {
        let (broke, dead) = (Mutex::new(false), Notify::new());
        Self { step, how, class: FaultClass::Unreachable, stays_away: false, broke, dead }
    }

    /// The broken step reports this.
    pub(super) fn reporting(self, class: FaultClass) -> Self {
        Self { class, ..self }
    }

    /// Once it broke, nobody can connect any more.
    pub(super) fn for_good(self) -> Self {
        Self { stays_away: true, ..self }
    }

    /// Whether this call is the one that breaks.
    fn strikes(&self, step: Step) -> bool {
        let mut broke = self.broke.lock().expect("no test panics with this held");
        if *broke {
            return self.stays_away && step == Step::Connect;
        }
        *broke = step == self.step;
        *broke
    }
}

tokio::task_local! {
    /// The plan of the apply that runs in this task; `Session::connect` has no room for one.
    pub(super) static PLAN: Arc<Plan>;
}

/// A real session, and how far it has come.
pub(super) struct Broken<S> {
    inner: S,
    settings: WriteSettings,
    updated: bool,
    committed: bool,
}

async fn at<T, E: From<Fault>>(
    step: Step,
    perform: impl Future<Output = Result<T, E>> + Send,
) -> Result<T, E> {
    let plan = PLAN.get();
    if !plan.strikes(step) {
        return perform.await;
    }
    match plan.how {
        How::Before | How::Lies => {}
        How::After => drop(perform.await),
        How::Killed => {
            drop(perform.await);
            plan.dead.notify_one();
            std::future::pending::<()>().await;
        }
    }
    Err(Fault { class: plan.class }.into())
}

impl<S: Session> Session for Broken<S> {
    async fn connect(settings: &WriteSettings) -> Result<Self, Fault> {
        let inner = at(Step::Connect, S::connect(settings)).await?;
        Ok(Self { inner, settings: settings.clone(), updated: false, committed: false })
    }

    async fn version(&mut self) -> Result<String, Fault> {
        self.inner.version().await
    }

    async fn receipts_table(&mut self, create: bool) -> Result<Option<ReceiptsTable>, Obstacle> {
        at(Step::ReceiptsTable, self.inner.receipts_table(create)).await
    }

    async fn inspect(&mut self, job: &WritebackJob) -> Result<Ground, Obstacle> {
        at(Step::Inspect, self.inner.inspect(job)).await
    }

    async fn shape(&mut self, site: &Site) -> Result<TableShape, Obstacle> {
        self.inner.shape(site).await
    }

    async fn may(&mut self, right: &Right) -> Result<bool, Fault> {
        self.inner.may(right).await
    }

    async fn effects(&mut self, site: &Site) -> Result<Vec<Effect>, Obstacle> {
        let step = if self.updated { Step::EffectsAgain } else { Step::Effects };
        at(step, self.inner.effects(site)).await
    }

    async fn begin(&mut self, purpose: Purpose) -> Result<(), Fault> {
        at(Step::Begin, self.inner.begin(purpose)).await
    }

    async fn read_row(&mut self, ground: &Ground, purpose: Purpose) -> Result<Option<Columns>, Fault> {
        let step = if purpose == Purpose::ReadBack { Step::ReadBack } else { Step::Lock };
        at(step, self.inner.read_row(ground, purpose)).await
    }

    async fn insert_receipt(&mut self, table: &ReceiptsTable, values: &[&str; 5]) -> Result<Inserted, Fault> {
        at(Step::InsertReceipt, self.inner.insert_receipt(table, values)).await
    }

    async fn update_row(&mut self, ground: &Ground) -> Result<Changed, Fault> {
        self.updated = true;
        at(Step::Update, self.inner.update_row(ground)).await
    }

    async fn check_alive(&mut self) -> Result<(), Fault> {
        at(Step::Sentinel, self.inner.check_alive()).await
    }

    async fn commit(&mut self) -> Result<(), Fault> {
        self.committed = true;
        let plan = PLAN.get();
        if plan.how == How::Lies && plan.strikes(Step::Commit) {
            let fresh = S::connect(&self.settings).await?;
            std::mem::replace(&mut self.inner, fresh).abandon().await;
            return Ok(());
        }
        at(Step::Commit, self.inner.commit()).await
    }

    async fn read_receipt(
        &mut self,
        table: &ReceiptsTable,
        job: &WritebackJob,
    ) -> Result<Option<SourceReceipt>, Fault> {
        let step = if self.committed { Step::ReadReceipt } else { Step::LookForReceipt };
        at(step, self.inner.read_receipt(table, job)).await
    }

    async fn abandon(self) {
        self.inner.abandon().await;
    }
}
