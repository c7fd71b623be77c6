-- What records are found by: the columns and indexes of `../0002_search.sql`. A computed column may not be computed from
-- another one here, so each is from the document. No ledger on a server is older than these, so nothing is filled in.

CREATE FUNCTION object_type(table_name text) RETURNS text
    LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE
        WHEN right(name, 3) = 'ies' THEN left(name, -3) || 'y'
        WHEN right(name, 4) IN ('sses', 'ches', 'shes') OR right(name, 3) = 'xes' THEN left(name, -2)
        WHEN right(name, 1) = 's' AND right(name, 2) <> 'ss' THEN left(name, -1)
        ELSE name END
    FROM (SELECT lower(table_name COLLATE "C") AS name) AS lowered $$;

CREATE FUNCTION key_text(document text, path text[]) RETURNS text
    LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(key ->> 'text', key ->> 'integer', key ->> 'uuid', key ->> 'decimal', key ->> 'date', key ->> 'timestamp',
        CASE key ->> 'boolean' WHEN 'true' THEN '1' WHEN 'false' THEN '0' END, key ->> 'bytes', key ->> 'json')
    FROM (SELECT replace(document, '\u0000', '\ufffd')::json #> path AS key) AS found $$;

-- proposals
ALTER TABLE proposals ADD COLUMN schema_name text COLLATE "C" GENERATED ALWAYS AS (part(document, '{change_set,target,schema}')) STORED;
ALTER TABLE proposals ADD COLUMN object_type text COLLATE "C" GENERATED ALWAYS AS (object_type(part(document, '{change_set,target,table}'))) STORED;
ALTER TABLE proposals ADD COLUMN object_key_text text COLLATE "C" GENERATED ALWAYS AS (key_text(document, '{change_set,target,key}')) STORED;

-- evidence
ALTER TABLE evidence ADD COLUMN principal text COLLATE "C" GENERATED ALWAYS AS (part(document, '{principal}')) STORED;
ALTER TABLE evidence ADD COLUMN source text COLLATE "C" GENERATED ALWAYS AS (part(document, '{source}')) STORED;
ALTER TABLE evidence ADD COLUMN schema_name text COLLATE "C" GENERATED ALWAYS AS (part(document, '{schema}')) STORED;
ALTER TABLE evidence ADD COLUMN table_name text COLLATE "C" GENERATED ALWAYS AS (part(document, '{table}')) STORED;
ALTER TABLE evidence ADD COLUMN object_type text COLLATE "C" GENERATED ALWAYS AS (object_type(part(document, '{table}'))) STORED;
ALTER TABLE evidence ADD COLUMN object_key_text text COLLATE "C" GENERATED ALWAYS AS (key_text(document, '{key}')) STORED;
ALTER TABLE evidence ADD COLUMN fingerprint text COLLATE "C";

-- query audit; its document names the table as `schema.table`
ALTER TABLE query_audit ADD COLUMN principal text COLLATE "C" GENERATED ALWAYS AS (part(document, '{principal}')) STORED;
ALTER TABLE query_audit ADD COLUMN source text COLLATE "C" GENERATED ALWAYS AS (part(document, '{source}')) STORED;
ALTER TABLE query_audit ADD COLUMN schema_name text COLLATE "C" GENERATED ALWAYS AS (substr(part(document, '{table}'), 1, greatest(strpos(part(document, '{table}'), '.') - 1, 0))) STORED;
ALTER TABLE query_audit ADD COLUMN table_name text COLLATE "C" GENERATED ALWAYS AS (substr(part(document, '{table}'), strpos(part(document, '{table}'), '.') + 1)) STORED;
ALTER TABLE query_audit ADD COLUMN object_type text COLLATE "C" GENERATED ALWAYS AS (object_type(substr(part(document, '{table}'), strpos(part(document, '{table}'), '.') + 1))) STORED;
ALTER TABLE query_audit ADD COLUMN object_key_text text COLLATE "C";
ALTER TABLE query_audit ADD COLUMN fingerprint text COLLATE "C" GENERATED ALWAYS AS (part(document, '{fingerprint}')) STORED;
ALTER TABLE query_audit ADD COLUMN evidence_id text COLLATE "C" GENERATED ALWAYS AS (part(document, '{evidence_id}')) STORED;
ALTER TABLE query_audit ADD COLUMN code text COLLATE "C" GENERATED ALWAYS AS (part(document, '{refused}')) STORED;

-- receipts
ALTER TABLE receipts ADD COLUMN job_id text COLLATE "C" GENERATED ALWAYS AS (part(document, '{job_id}')) STORED;
ALTER TABLE receipts ADD COLUMN idempotency_key text COLLATE "C" GENERATED ALWAYS AS (part(document, '{idempotency_key}')) STORED;
ALTER TABLE receipts ADD COLUMN outcome text COLLATE "C" GENERATED ALWAYS AS (part(document, '{outcome}')) STORED;
ALTER TABLE receipts ADD COLUMN tenant text COLLATE "C";
ALTER TABLE receipts ADD COLUMN principal text COLLATE "C";
ALTER TABLE receipts ADD COLUMN capability text COLLATE "C";
ALTER TABLE receipts ADD COLUMN source text COLLATE "C";
ALTER TABLE receipts ADD COLUMN schema_name text COLLATE "C";
ALTER TABLE receipts ADD COLUMN table_name text COLLATE "C";
ALTER TABLE receipts ADD COLUMN object_type text COLLATE "C";
ALTER TABLE receipts ADD COLUMN object_key_text text COLLATE "C";

-- indexes
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
CREATE INDEX query_audit_by_evidence ON query_audit (evidence_id, at, audit_id, proposal_id, fingerprint) WHERE evidence_id IS NOT NULL;
CREATE INDEX query_audit_by_proposal ON query_audit (proposal_id, at, audit_id) WHERE proposal_id IS NOT NULL;
CREATE INDEX query_audit_by_code ON query_audit (code, at, audit_id) WHERE code IS NOT NULL;
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
CREATE INDEX events_by_kind ON events (kind, seq);
CREATE INDEX events_by_actor ON events (actor, seq);
CREATE INDEX approvals_by_verdict ON approvals (verdict, at);
