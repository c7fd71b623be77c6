-- What a call records is its event and two documents beside it, under the event's number; nothing else is written before
-- the call is answered. What records are found by stands in `found_by`, one row for each event, and is brought up to date
-- for many events at once: its last number says how far. It is computed from the documents and can be made anew.

-- Which records each event vouches for; nothing where its payload was edited and does not read back.
CREATE TEMP VIEW vouched AS
    SELECT seq, CASE WHEN json_valid(payload) THEN payload ->> '$.evidence_id' END AS evidence_id,
        CASE WHEN json_valid(payload) THEN payload ->> '$.audit_id' END AS audit_id
    FROM main.events;

-- Under the number of the event that vouches for it, which vouches for one of each at most. A record no event vouches for is
-- kept under a number no event has, so that `verify` goes on naming it.
CREATE TABLE evidence_by_event (seq INTEGER PRIMARY KEY, document TEXT NOT NULL) STRICT;
INSERT INTO evidence_by_event (seq, document)
    SELECT e.seq, v.document FROM vouched e JOIN evidence v ON v.evidence_id = e.evidence_id ORDER BY e.seq;
INSERT INTO evidence_by_event (seq, document)
    SELECT -row_number() OVER (ORDER BY v.evidence_id), v.document FROM evidence v
    WHERE v.evidence_id NOT IN (SELECT evidence_id FROM vouched WHERE evidence_id IS NOT NULL);
CREATE TABLE query_audit_by_event (seq INTEGER PRIMARY KEY, document TEXT NOT NULL) STRICT;
INSERT INTO query_audit_by_event (seq, document)
    SELECT e.seq, q.document FROM vouched e JOIN query_audit q ON q.audit_id = e.audit_id ORDER BY e.seq;
INSERT INTO query_audit_by_event (seq, document)
    SELECT -row_number() OVER (ORDER BY q.audit_id), q.document FROM query_audit q
    WHERE q.audit_id NOT IN (SELECT audit_id FROM vouched WHERE audit_id IS NOT NULL);
DROP VIEW vouched;
DROP TABLE query_audit;

-- Proposals as before, without a reference to evidence: theirs is under `created_seq`.
CREATE TABLE proposals_anew (
    proposal_id    TEXT PRIMARY KEY,
    content_digest TEXT NOT NULL,
    -- The event of its making, which carries the seal.
    created_seq    INTEGER NOT NULL UNIQUE REFERENCES events (seq),
    state          TEXT NOT NULL,
    updated_at     INTEGER NOT NULL,
    document       TEXT NOT NULL,
    tenant         TEXT AS (document ->> '$.change_set.tenant'),
    principal      TEXT AS (document ->> '$.change_set.principal'),
    capability     TEXT AS (document ->> '$.change_set.capability'),
    source         TEXT AS (document ->> '$.change_set.target.source'),
    schema_name    TEXT AS (document ->> '$.change_set.target.schema'),
    table_name     TEXT AS (document ->> '$.change_set.target.table'),
    mode           TEXT AS (document ->> '$.mode'),
    created_at     TEXT AS (document ->> '$.created_at'),
    object_type    TEXT AS (CASE
        WHEN substr(lower(table_name), -3) = 'ies' THEN substr(lower(table_name), 1, length(table_name) - 3) || 'y'
        WHEN substr(lower(table_name), -4) IN ('sses', 'ches', 'shes') OR substr(lower(table_name), -3) = 'xes'
            THEN substr(lower(table_name), 1, length(table_name) - 2)
        WHEN substr(lower(table_name), -1) = 's' AND substr(lower(table_name), -2) <> 'ss'
            THEN substr(lower(table_name), 1, length(table_name) - 1)
        ELSE lower(table_name) END),
    object_key_text TEXT AS (CAST(coalesce(document ->> '$.change_set.target.key.text', document ->> '$.change_set.target.key.integer', document ->> '$.change_set.target.key.uuid', document ->> '$.change_set.target.key.decimal', document ->> '$.change_set.target.key.date',
        document ->> '$.change_set.target.key.timestamp', document ->> '$.change_set.target.key.boolean', document ->> '$.change_set.target.key.bytes', document ->> '$.change_set.target.key.json') AS TEXT))
) STRICT;
INSERT INTO proposals_anew (rowid, proposal_id, content_digest, created_seq, state, updated_at, document)
    SELECT rowid, proposal_id, content_digest, created_seq, state, updated_at, document FROM proposals ORDER BY rowid;
DROP TABLE proposals;
ALTER TABLE proposals_anew RENAME TO proposals;
CREATE UNIQUE INDEX proposals_one_open ON proposals (tenant, mode, content_digest)
    WHERE state IN ('pending_review', 'approved', 'pending_worker', 'reconciliation_required');
CREATE INDEX proposals_by_time ON proposals (created_at, proposal_id);
CREATE INDEX proposals_by_state ON proposals (state, created_at, proposal_id);
CREATE INDEX proposals_by_tenant ON proposals (tenant, created_at, proposal_id);
CREATE INDEX proposals_by_principal ON proposals (principal, created_at, proposal_id);
CREATE INDEX proposals_by_capability ON proposals (capability, created_at, proposal_id);
CREATE INDEX proposals_by_source ON proposals (source, created_at, proposal_id);
CREATE INDEX proposals_by_object_type ON proposals (object_type, created_at, proposal_id);
CREATE INDEX proposals_by_object_key ON proposals (object_key_text, created_at, proposal_id);
CREATE TRIGGER proposals_remain BEFORE DELETE ON proposals BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER proposals_move_only BEFORE UPDATE OF proposal_id, content_digest, created_seq, document
ON proposals BEGIN SELECT RAISE(ABORT, 'append-only'); END;

DROP TABLE evidence;
ALTER TABLE evidence_by_event RENAME TO evidence;
ALTER TABLE query_audit_by_event RENAME TO query_audit;
CREATE TRIGGER evidence_stays BEFORE UPDATE ON evidence BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER evidence_remains BEFORE DELETE ON evidence BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER query_audit_stays BEFORE UPDATE ON query_audit BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER query_audit_remains BEFORE DELETE ON query_audit BEGIN SELECT RAISE(ABORT, 'append-only'); END;

-- Of an event as it is appended, only what cannot wait: the account of a proposal, and what was pruned.
DROP INDEX events_by_kind;
DROP INDEX events_by_actor;
CREATE INDEX events_of_pruning ON events (seq) WHERE kind = 'records_pruned';

-- Words that many records share, each stored once.
CREATE TABLE names (
    name_id INTEGER PRIMARY KEY,
    name    TEXT NOT NULL UNIQUE
) STRICT;

-- Who, what, where and when of each event and of the call it records; a name stands for its `name_id`. An event that
-- records no call, or whose records were pruned, has a kind and an actor alone.
CREATE TABLE found_by (
    seq         INTEGER PRIMARY KEY,
    kind        INTEGER NOT NULL,
    actor       INTEGER NOT NULL,
    -- When the call was received, in microseconds.
    at          INTEGER,
    audit_id    TEXT,
    evidence_id TEXT,
    tenant      INTEGER,
    principal   INTEGER,
    capability  INTEGER,
    source      INTEGER,
    schema_name INTEGER,
    table_name  INTEGER,
    object_type INTEGER,
    object_key  TEXT,
    fingerprint INTEGER,
    code        INTEGER
) STRICT;
CREATE INDEX found_by_kind ON found_by (kind, seq);
CREATE INDEX found_by_actor ON found_by (actor, seq);
CREATE INDEX found_by_time ON found_by (at) WHERE at IS NOT NULL;
CREATE INDEX found_by_audit ON found_by (audit_id) WHERE audit_id IS NOT NULL;
CREATE INDEX found_by_evidence ON found_by (evidence_id) WHERE evidence_id IS NOT NULL;
CREATE INDEX found_by_tenant ON found_by (tenant, at) WHERE tenant IS NOT NULL;
CREATE INDEX found_by_principal ON found_by (principal, at) WHERE principal IS NOT NULL;
CREATE INDEX found_by_capability ON found_by (capability, at) WHERE capability IS NOT NULL;
CREATE INDEX found_by_source ON found_by (source, at) WHERE source IS NOT NULL;
CREATE INDEX found_by_object_type ON found_by (object_type, at) WHERE object_type IS NOT NULL;
CREATE INDEX found_by_object_key ON found_by (object_key, at) WHERE object_key IS NOT NULL;
CREATE INDEX found_by_fingerprint ON found_by (fingerprint, at) WHERE fingerprint IS NOT NULL;
CREATE INDEX found_by_code ON found_by (code, at) WHERE code IS NOT NULL;
