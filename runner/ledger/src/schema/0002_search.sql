-- What records are found by. Every list is read off an index that ends in the time and the id, so that a page is a range
-- of it and nothing is sorted, however long the ledger. Most columns are computed from the document; the `fingerprint` of
-- evidence, the key of an audit and the scope of a receipt stand in the record they belong to and are copied beside it.
--
-- `object_type` is the table's name in lower case without its plural, so that `invoice` finds `invoices`;
-- `object_key_text` is the row's key as people write it.

-- proposals
ALTER TABLE proposals ADD COLUMN schema_name TEXT AS (document ->> '$.change_set.target.schema');
ALTER TABLE proposals ADD COLUMN object_type TEXT AS (CASE
        WHEN substr(lower(table_name), -3) = 'ies' THEN substr(lower(table_name), 1, length(table_name) - 3) || 'y'
        WHEN substr(lower(table_name), -4) IN ('sses', 'ches', 'shes') OR substr(lower(table_name), -3) = 'xes'
            THEN substr(lower(table_name), 1, length(table_name) - 2)
        WHEN substr(lower(table_name), -1) = 's' AND substr(lower(table_name), -2) <> 'ss'
            THEN substr(lower(table_name), 1, length(table_name) - 1)
        ELSE lower(table_name) END);
ALTER TABLE proposals ADD COLUMN object_key_text TEXT AS (CAST(coalesce(document ->> '$.change_set.target.key.text', document ->> '$.change_set.target.key.integer', document ->> '$.change_set.target.key.uuid', document ->> '$.change_set.target.key.decimal', document ->> '$.change_set.target.key.date',
        document ->> '$.change_set.target.key.timestamp', document ->> '$.change_set.target.key.boolean', document ->> '$.change_set.target.key.bytes', document ->> '$.change_set.target.key.json') AS TEXT));
DROP INDEX proposals_by_time;
DROP INDEX proposals_by_state;
DROP INDEX proposals_by_tenant;
DROP INDEX proposals_by_capability;
DROP INDEX proposals_by_object;
CREATE INDEX proposals_by_time ON proposals (created_at, proposal_id);
CREATE INDEX proposals_by_state ON proposals (state, created_at, proposal_id);
CREATE INDEX proposals_by_tenant ON proposals (tenant, created_at, proposal_id);
CREATE INDEX proposals_by_principal ON proposals (principal, created_at, proposal_id);
CREATE INDEX proposals_by_capability ON proposals (capability, created_at, proposal_id);
CREATE INDEX proposals_by_source ON proposals (source, created_at, proposal_id);
CREATE INDEX proposals_by_object_type ON proposals (object_type, created_at, proposal_id);
CREATE INDEX proposals_by_object_key ON proposals (object_key_text, created_at, proposal_id);
CREATE INDEX proposals_by_evidence ON proposals (evidence_id);

-- evidence
ALTER TABLE evidence ADD COLUMN principal TEXT AS (document ->> '$.principal');
ALTER TABLE evidence ADD COLUMN source TEXT AS (document ->> '$.source');
ALTER TABLE evidence ADD COLUMN schema_name TEXT AS (document ->> '$.schema');
ALTER TABLE evidence ADD COLUMN table_name TEXT AS (document ->> '$.table');
ALTER TABLE evidence ADD COLUMN object_type TEXT AS (CASE
        WHEN substr(lower(table_name), -3) = 'ies' THEN substr(lower(table_name), 1, length(table_name) - 3) || 'y'
        WHEN substr(lower(table_name), -4) IN ('sses', 'ches', 'shes') OR substr(lower(table_name), -3) = 'xes'
            THEN substr(lower(table_name), 1, length(table_name) - 2)
        WHEN substr(lower(table_name), -1) = 's' AND substr(lower(table_name), -2) <> 'ss'
            THEN substr(lower(table_name), 1, length(table_name) - 1)
        ELSE lower(table_name) END);
ALTER TABLE evidence ADD COLUMN object_key_text TEXT AS (CAST(coalesce(document ->> '$.key.text', document ->> '$.key.integer', document ->> '$.key.uuid', document ->> '$.key.decimal', document ->> '$.key.date',
        document ->> '$.key.timestamp', document ->> '$.key.boolean', document ->> '$.key.bytes', document ->> '$.key.json') AS TEXT));
ALTER TABLE evidence ADD COLUMN fingerprint TEXT;
DROP INDEX evidence_by_tenant;
DROP INDEX evidence_by_capability;
CREATE INDEX evidence_by_time ON evidence (at, evidence_id);
CREATE INDEX evidence_by_tenant ON evidence (tenant, at, evidence_id);
CREATE INDEX evidence_by_principal ON evidence (principal, at, evidence_id);
CREATE INDEX evidence_by_capability ON evidence (capability, at, evidence_id);
CREATE INDEX evidence_by_source ON evidence (source, at, evidence_id);
CREATE INDEX evidence_by_object_type ON evidence (object_type, at, evidence_id);
CREATE INDEX evidence_by_object_key ON evidence (object_key_text, at, evidence_id);
CREATE INDEX evidence_by_fingerprint ON evidence (fingerprint, at, evidence_id);

-- query audit; its document names the table as `schema.table`
ALTER TABLE query_audit ADD COLUMN principal TEXT AS (document ->> '$.principal');
ALTER TABLE query_audit ADD COLUMN source TEXT AS (document ->> '$.source');
ALTER TABLE query_audit ADD COLUMN schema_name TEXT AS (substr(document ->> '$.table', 1, instr(document ->> '$.table', '.') - 1));
ALTER TABLE query_audit ADD COLUMN table_name TEXT AS (substr(document ->> '$.table', instr(document ->> '$.table', '.') + 1));
ALTER TABLE query_audit ADD COLUMN object_type TEXT AS (CASE
        WHEN substr(lower(table_name), -3) = 'ies' THEN substr(lower(table_name), 1, length(table_name) - 3) || 'y'
        WHEN substr(lower(table_name), -4) IN ('sses', 'ches', 'shes') OR substr(lower(table_name), -3) = 'xes'
            THEN substr(lower(table_name), 1, length(table_name) - 2)
        WHEN substr(lower(table_name), -1) = 's' AND substr(lower(table_name), -2) <> 'ss'
            THEN substr(lower(table_name), 1, length(table_name) - 1)
        ELSE lower(table_name) END);
ALTER TABLE query_audit ADD COLUMN object_key_text TEXT;
ALTER TABLE query_audit ADD COLUMN fingerprint TEXT AS (document ->> '$.fingerprint');
ALTER TABLE query_audit ADD COLUMN evidence_id TEXT AS (document ->> '$.evidence_id');
ALTER TABLE query_audit ADD COLUMN code TEXT AS (document ->> '$.refused');
DROP INDEX query_audit_by_proposal;
DROP INDEX query_audit_by_tenant;
DROP INDEX query_audit_by_capability;
CREATE INDEX query_audit_by_time ON query_audit (at, audit_id);
CREATE INDEX query_audit_by_tenant ON query_audit (tenant, at, audit_id);
CREATE INDEX query_audit_by_principal ON query_audit (principal, at, audit_id);
CREATE INDEX query_audit_by_capability ON query_audit (capability, at, audit_id);
CREATE INDEX query_audit_by_source ON query_audit (source, at, audit_id) WHERE source IS NOT NULL;
CREATE INDEX query_audit_by_object_type ON query_audit (object_type, at, audit_id) WHERE object_type IS NOT NULL;
CREATE INDEX query_audit_by_object_key ON query_audit (object_key_text, at, audit_id) WHERE object_key_text IS NOT NULL;
CREATE INDEX query_audit_by_fingerprint ON query_audit (fingerprint, at, audit_id) WHERE fingerprint IS NOT NULL;
-- With what a look from the evidence's side asks for.
CREATE INDEX query_audit_by_evidence ON query_audit (evidence_id, at, audit_id, proposal_id, fingerprint) WHERE evidence_id IS NOT NULL;
CREATE INDEX query_audit_by_proposal ON query_audit (proposal_id, at, audit_id) WHERE proposal_id IS NOT NULL;
CREATE INDEX query_audit_by_code ON query_audit (code, at, audit_id) WHERE code IS NOT NULL;

-- receipts
ALTER TABLE receipts ADD COLUMN job_id TEXT AS (document ->> '$.job_id');
ALTER TABLE receipts ADD COLUMN idempotency_key TEXT AS (document ->> '$.idempotency_key');
ALTER TABLE receipts ADD COLUMN outcome TEXT AS (document ->> '$.outcome');
ALTER TABLE receipts ADD COLUMN tenant TEXT;
ALTER TABLE receipts ADD COLUMN principal TEXT;
ALTER TABLE receipts ADD COLUMN capability TEXT;
ALTER TABLE receipts ADD COLUMN source TEXT;
ALTER TABLE receipts ADD COLUMN schema_name TEXT;
ALTER TABLE receipts ADD COLUMN table_name TEXT;
ALTER TABLE receipts ADD COLUMN object_type TEXT;
ALTER TABLE receipts ADD COLUMN object_key_text TEXT;
DROP INDEX receipts_by_proposal;
CREATE INDEX receipts_by_time ON receipts (at, receipt_id);
CREATE INDEX receipts_by_proposal ON receipts (proposal_id, at, receipt_id);
CREATE INDEX receipts_by_job ON receipts (job_id, at, receipt_id);
CREATE INDEX receipts_by_idempotency_key ON receipts (idempotency_key, at, receipt_id);
CREATE INDEX receipts_by_outcome ON receipts (outcome, at, receipt_id);
CREATE INDEX receipts_by_tenant ON receipts (tenant, at, receipt_id);
CREATE INDEX receipts_by_principal ON receipts (principal, at, receipt_id);
CREATE INDEX receipts_by_capability ON receipts (capability, at, receipt_id);
CREATE INDEX receipts_by_source ON receipts (source, at, receipt_id);
CREATE INDEX receipts_by_object_type ON receipts (object_type, at, receipt_id);
CREATE INDEX receipts_by_object_key ON receipts (object_key_text, at, receipt_id);

-- events and decisions
CREATE INDEX events_by_kind ON events (kind, seq);
CREATE INDEX events_by_actor ON events (actor, seq);
CREATE INDEX approvals_by_verdict ON approvals (verdict, at);

-- What older records are found by. Nothing that is sealed is touched.
DROP TRIGGER evidence_stays;
UPDATE evidence SET fingerprint =
    (SELECT a.fingerprint FROM query_audit a WHERE a.evidence_id = evidence.evidence_id LIMIT 1);
CREATE TRIGGER evidence_stays BEFORE UPDATE ON evidence BEGIN SELECT RAISE(ABORT, 'append-only'); END;
DROP TRIGGER query_audit_stays;
UPDATE query_audit SET object_key_text =
    (SELECT e.object_key_text FROM evidence e WHERE e.evidence_id = query_audit.evidence_id);
CREATE TRIGGER query_audit_stays BEFORE UPDATE ON query_audit BEGIN SELECT RAISE(ABORT, 'append-only'); END;
DROP TRIGGER receipts_stay;
UPDATE receipts SET (tenant, principal, capability, source, schema_name, table_name, object_type, object_key_text) =
    (SELECT p.tenant, p.principal, p.capability, p.source, p.schema_name, p.table_name, p.object_type, p.object_key_text
     FROM proposals p WHERE p.proposal_id = receipts.proposal_id);
CREATE TRIGGER receipts_stay BEFORE UPDATE ON receipts BEGIN SELECT RAISE(ABORT, 'append-only'); END;
