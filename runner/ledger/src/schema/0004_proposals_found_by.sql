-- A proposal is found by what the call that made it is found by: its event's row names it. Beside its document stay the
-- indexes that are asked while it is made and moved; it lies under the number of its event, as what it was made from does.
CREATE TABLE proposals_anew (
    proposal_id    TEXT NOT NULL UNIQUE,
    content_digest TEXT NOT NULL,
    -- The event of its making, which carries the seal.
    created_seq    INTEGER PRIMARY KEY REFERENCES events (seq),
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
INSERT INTO proposals_anew (proposal_id, content_digest, created_seq, state, updated_at, document)
    SELECT proposal_id, content_digest, created_seq, state, updated_at, document FROM proposals ORDER BY created_seq;
DROP TABLE proposals;
ALTER TABLE proposals_anew RENAME TO proposals;
CREATE UNIQUE INDEX proposals_one_open ON proposals (tenant, mode, content_digest)
    WHERE state IN ('pending_review', 'approved', 'pending_worker', 'reconciliation_required');
CREATE INDEX proposals_by_state ON proposals (state, created_at, proposal_id);
CREATE TRIGGER proposals_remain BEFORE DELETE ON proposals BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER proposals_move_only BEFORE UPDATE OF proposal_id, content_digest, created_seq, document
ON proposals BEGIN SELECT RAISE(ABORT, 'append-only'); END;

-- The proposal this event made; nothing where it was pruned.
ALTER TABLE found_by ADD COLUMN proposal_id TEXT;
UPDATE found_by SET proposal_id = (SELECT e.proposal_id FROM events e WHERE e.seq = found_by.seq)
    WHERE at IS NOT NULL AND kind = (SELECT name_id FROM names WHERE name = 'proposal_created');
CREATE INDEX found_proposals_by_time ON found_by (at, proposal_id) WHERE proposal_id IS NOT NULL;
CREATE INDEX found_proposals_by_tenant ON found_by (tenant, at, proposal_id) WHERE proposal_id IS NOT NULL;
CREATE INDEX found_proposals_by_principal ON found_by (principal, at, proposal_id) WHERE proposal_id IS NOT NULL;
CREATE INDEX found_proposals_by_capability ON found_by (capability, at, proposal_id) WHERE proposal_id IS NOT NULL;
CREATE INDEX found_proposals_by_source ON found_by (source, at, proposal_id) WHERE proposal_id IS NOT NULL;
CREATE INDEX found_proposals_by_object_type ON found_by (object_type, at, proposal_id) WHERE proposal_id IS NOT NULL;
CREATE INDEX found_proposals_by_object_key ON found_by (object_key, at, proposal_id) WHERE proposal_id IS NOT NULL;
