//! A dry run: what a job would do now. Nothing is recorded, here or in the source.
//!
//! Invariant: nothing here writes, creates a table, or takes a lock somebody else would wait for.

use synapsor_protocol::WritebackJob;

use crate::desk::WriteSettings;
use crate::driver::{abandon, recorded};
use crate::effects::Reviewed;
use crate::ending::Ending;
use crate::engine::{Purpose, Session, connected, within};
use crate::error::Obstacle;
use crate::guard::{self, Decision};
use crate::report::{Check, DryRun};

/// S0 to S2 in a transaction that cannot write and is always rolled back.
pub(crate) async fn rehearse<S: Session>(
    settings: &WriteSettings,
    job: &WritebackJob,
    reviewed: &Reviewed,
) -> Result<(DryRun, Vec<Check>), Obstacle> {
    let mut checks = Vec::new();
    if let Some(settlement) = recorded::<S>(settings, job).await? {
        let would = match Ending::settled(settlement, &mut checks)? {
            Ending::Conflict { code, changed_columns } => DryRun::Conflict { code, changed_columns },
            _ => DryRun::AlreadyApplied,
        };
        return Ok((would, checks));
    }
    let mut session = connected::<S>(settings).await?;
    let ground = within(settings, session.inspect(job)).await?;
    reviewed.check(&within(settings, session.effects(&reviewed.site)).await?)?;
    checks.push(Check::held(Check::EFFECTS));
    within(settings, session.begin(Purpose::Rehearse)).await?;
    let row = within(settings, session.read_row(&ground, Purpose::Rehearse)).await?;
    abandon(session).await;
    let comparison = guard::compare(job, row.as_ref(), reviewed.redaction.as_ref());
    checks.extend(comparison.checks);
    let would = match comparison.decision {
        Decision::Apply => DryRun::Apply,
        Decision::Conflict { code, changed_columns } => DryRun::Conflict { code, changed_columns },
    };
    Ok((would, checks))
}
