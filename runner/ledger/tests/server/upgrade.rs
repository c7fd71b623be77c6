//! A server's ledger of an earlier schema version is brought up to date where it stands.

use synapsor_ledger::{Filter, Page, Status, StoredProposal};
use synapsor_protocol::Outcome;
use synapsor_protocol::proposal::ProposalMode;

use crate::ground::Fixture;
use crate::story::{Call, receipt};

/// Leaves the tables as the version before proposals were found by the events of their making.
const BACK_TO_3: &str = "
    ALTER TABLE found_by DROP COLUMN proposal_id;
    CREATE INDEX proposals_by_time ON proposals (created_at, proposal_id);
    CREATE INDEX proposals_by_tenant ON proposals (tenant, created_at, proposal_id);
    CREATE INDEX proposals_by_principal ON proposals (principal, created_at, proposal_id);
    CREATE INDEX proposals_by_capability ON proposals (capability, created_at, proposal_id);
    CREATE INDEX proposals_by_source ON proposals (source, created_at, proposal_id);
    CREATE INDEX proposals_by_object_type ON proposals (object_type, created_at, proposal_id);
    CREATE INDEX proposals_by_object_key ON proposals (object_key_text, created_at, proposal_id);
    UPDATE meta SET value = '3' WHERE name = 'schema_version'";

async fn listed(fixture: &Fixture) -> Vec<Vec<StoredProposal>> {
    let every = Filter::default;
    let mut lists = Vec::new();
    for filter in [
        every(),
        Filter { tenant: Some("globex".into()), ..every() },
        Filter { mode: Some(ProposalMode::Shadow), ..every() },
        Filter { status: Status::parse("applied"), ..every() },
        Filter { object: synapsor_ledger::ObjectFilter { kind: None, key: Some("3".into()) }, ..every() },
    ] {
        lists.push(fixture.ledger.find_proposals(&filter, &Page::default()).await.expect("readable").items);
    }
    lists
}

#[tokio::test]
async fn proposals_of_an_earlier_version_are_found_after_the_upgrade_as_before_it() {
    let fixture = Fixture::new().await;
    fixture.propose(&Call::order(1)).await;
    fixture.propose(&Call { tenant: "globex", ..Call::order(2) }).await;
    fixture.propose(&Call { mode: ProposalMode::Shadow, ..Call::order(3) }).await;
    let job = fixture.started(&Call::order(4)).await;
    fixture.ledger.finish_writeback(&receipt(&job, Outcome::Applied)).await.expect("recorded");
    let before = listed(&fixture).await;
    assert_eq!(before.iter().map(Vec::len).collect::<Vec<_>>(), [4, 1, 1, 1, 1]);
    // One more, which the upgrade finds without a row yet.
    fixture.propose(&Call { tenant: "initech", ..Call::order(0) }).await;

    let fixture = fixture.tampered(BACK_TO_3).await;
    let version = "SELECT value FROM synapsor_ledger.meta WHERE name = 'schema_version'";
    assert_ne!(fixture.database.scalar(version).await.as_deref(), Some("3"));
    let indexes =
        "SELECT string_agg(indexname, ' ' ORDER BY indexname) FROM pg_indexes WHERE tablename = 'proposals'";
    assert_eq!(
        fixture.database.scalar(indexes).await.as_deref(),
        Some("proposals_by_state proposals_created_seq_key proposals_one_open proposals_pkey")
    );
    let after = listed(&fixture).await;
    assert_eq!(after[0][..4], before[0][..]);
    assert_eq!((after[0].len(), &after[1..]), (5, &before[1..]));
    fixture.events().await;
}
