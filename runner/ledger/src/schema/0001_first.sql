-- The first ledger. A document is canonical JSON, bound to the chain by the digest in its event's payload; the columns
-- computed from it exist to be searched by and cannot differ from it. Instants beside events are microseconds since
-- 1970 in UTC; in documents they are RFC 3339 with six digits, whose text order is time order.

CREATE TABLE meta (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE events (
    seq             INTEGER PRIMARY KEY,
    kind            TEXT NOT NULL,
    proposal_id     TEXT,
    actor           TEXT NOT NULL,
    payload         TEXT NOT NULL,
    at              INTEGER NOT NULL,
    previous_digest TEXT NOT NULL,
    digest          TEXT NOT NULL
) STRICT;
CREATE INDEX events_by_proposal ON events (proposal_id, seq) WHERE proposal_id IS NOT NULL;

CREATE TABLE evidence (
    evidence_id TEXT PRIMARY KEY,
    document    TEXT NOT NULL,
    tenant      TEXT AS (document ->> '$.tenant'),
    capability  TEXT AS (document ->> '$.capability'),
    at          TEXT AS (document ->> '$.received_at')
) STRICT;
CREATE INDEX evidence_by_tenant ON evidence (tenant, at);
CREATE INDEX evidence_by_capability ON evidence (capability, at);

CREATE TABLE proposals (
    proposal_id    TEXT PRIMARY KEY,
    content_digest TEXT NOT NULL,
    -- The event of its making, which carries the seal.
    created_seq    INTEGER NOT NULL UNIQUE REFERENCES events (seq),
    state          TEXT NOT NULL,
    updated_at     INTEGER NOT NULL,
    document       TEXT NOT NULL,
    evidence_id    TEXT AS (document ->> '$.evidence_id') REFERENCES evidence (evidence_id),
    tenant         TEXT AS (document ->> '$.change_set.tenant'),
    principal      TEXT AS (document ->> '$.change_set.principal'),
    capability     TEXT AS (document ->> '$.change_set.capability'),
    source         TEXT AS (document ->> '$.change_set.target.source'),
    table_name     TEXT AS (document ->> '$.change_set.target.table'),
    object_key     TEXT AS (document ->  '$.change_set.target.key'),
    mode           TEXT AS (document ->> '$.mode'),
    created_at     TEXT AS (document ->> '$.created_at')
) STRICT;
-- One open proposal per content: a model that asks twice gets the first one back.
CREATE UNIQUE INDEX proposals_one_open ON proposals (tenant, mode, content_digest)
    WHERE state IN ('pending_review', 'approved', 'pending_worker', 'reconciliation_required');
CREATE INDEX proposals_by_time ON proposals (created_at);
CREATE INDEX proposals_by_state ON proposals (state, created_at);
CREATE INDEX proposals_by_tenant ON proposals (tenant, created_at);
CREATE INDEX proposals_by_capability ON proposals (capability, created_at);
CREATE INDEX proposals_by_object ON proposals (source, table_name, object_key, created_at);

CREATE TABLE query_audit (
    audit_id    TEXT PRIMARY KEY,
    proposal_id TEXT REFERENCES proposals (proposal_id),
    document    TEXT NOT NULL,
    tenant      TEXT AS (document ->> '$.tenant'),
    capability  TEXT AS (document ->> '$.capability'),
    at          TEXT AS (document ->> '$.at')
) STRICT;
CREATE INDEX query_audit_by_proposal ON query_audit (proposal_id, at) WHERE proposal_id IS NOT NULL;
CREATE INDEX query_audit_by_tenant ON query_audit (tenant, at);
CREATE INDEX query_audit_by_capability ON query_audit (capability, at);

-- At most one yes and one no per proposal: an approved one may still be rejected before it is applied.
CREATE TABLE approvals (
    proposal_id TEXT NOT NULL REFERENCES proposals (proposal_id),
    verdict     TEXT NOT NULL,
    document    TEXT NOT NULL,
    at          TEXT AS (document ->> '$.at'),
    PRIMARY KEY (proposal_id, verdict)
) STRICT, WITHOUT ROWID;

-- The job of a proposal as of its latest attempt; the rest of a job is the proposal's change set.
CREATE TABLE writeback_jobs (
    job_id          TEXT PRIMARY KEY,
    proposal_id     TEXT NOT NULL UNIQUE REFERENCES proposals (proposal_id),
    idempotency_key TEXT NOT NULL UNIQUE,
    attempt         INTEGER NOT NULL,
    runner_id       TEXT NOT NULL,
    -- open: the outcome of the latest attempt is not recorded. interrupted: it is known to have changed nothing.
    status          TEXT NOT NULL CHECK (status IN ('open', 'interrupted', 'finished'))
) STRICT;

CREATE TABLE receipts (
    receipt_id  TEXT PRIMARY KEY,
    document    TEXT NOT NULL,
    proposal_id TEXT AS (document ->> '$.proposal_id') REFERENCES proposals (proposal_id),
    at          TEXT AS (document ->> '$.executed_at')
) STRICT;
CREATE INDEX receipts_by_proposal ON receipts (proposal_id, at);

CREATE TRIGGER events_stay BEFORE UPDATE ON events BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER events_remain BEFORE DELETE ON events BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER evidence_stays BEFORE UPDATE ON evidence BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER evidence_remains BEFORE DELETE ON evidence BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER query_audit_stays BEFORE UPDATE ON query_audit BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER query_audit_remains BEFORE DELETE ON query_audit BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER approvals_stay BEFORE UPDATE ON approvals BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER approvals_remain BEFORE DELETE ON approvals BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER receipts_stay BEFORE UPDATE ON receipts BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER receipts_remain BEFORE DELETE ON receipts BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER proposals_remain BEFORE DELETE ON proposals BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER proposals_move_only BEFORE UPDATE OF proposal_id, content_digest, created_seq, document
ON proposals BEGIN SELECT RAISE(ABORT, 'append-only'); END;
