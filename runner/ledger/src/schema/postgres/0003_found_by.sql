-- Documents under the number of their event, and beside them what records are found by: the tables of
-- `../0003_found_by.sql`.

CREATE TABLE evidence_by_event (seq bigint PRIMARY KEY, document text COLLATE "C" NOT NULL);
INSERT INTO evidence_by_event (seq, document)
    SELECT e.seq, v.document FROM events e JOIN evidence v ON v.evidence_id = part(e.payload, '{evidence_id}');
INSERT INTO evidence_by_event (seq, document)
    SELECT -row_number() OVER (ORDER BY v.evidence_id), v.document FROM evidence v
    WHERE NOT EXISTS (SELECT FROM events e WHERE part(e.payload, '{evidence_id}') = v.evidence_id);
CREATE TABLE query_audit_by_event (seq bigint PRIMARY KEY, document text COLLATE "C" NOT NULL);
INSERT INTO query_audit_by_event (seq, document)
    SELECT e.seq, q.document FROM events e JOIN query_audit q ON q.audit_id = part(e.payload, '{audit_id}');
INSERT INTO query_audit_by_event (seq, document)
    SELECT -row_number() OVER (ORDER BY q.audit_id), q.document FROM query_audit q
    WHERE NOT EXISTS (SELECT FROM events e WHERE part(e.payload, '{audit_id}') = q.audit_id);

-- A proposal's evidence is under `created_seq`. With the column go its index and its reference.
ALTER TABLE proposals DROP COLUMN evidence_id;
ALTER TABLE proposals DROP COLUMN object_key;
DROP TABLE query_audit;
DROP TABLE evidence;
ALTER TABLE evidence_by_event RENAME TO evidence;
ALTER TABLE query_audit_by_event RENAME TO query_audit;
CREATE TRIGGER evidence_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON evidence
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();
CREATE TRIGGER query_audit_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON query_audit
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();

DROP INDEX events_by_kind;
DROP INDEX events_by_actor;
CREATE INDEX events_of_pruning ON events (seq) WHERE kind = 'records_pruned';

CREATE TABLE names (
    name_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name    text COLLATE "C" NOT NULL UNIQUE
);
CREATE TABLE found_by (
    seq         bigint PRIMARY KEY,
    kind        bigint NOT NULL,
    actor       bigint NOT NULL,
    at          bigint,
    audit_id    text COLLATE "C",
    evidence_id text COLLATE "C",
    tenant      bigint,
    principal   bigint,
    capability  bigint,
    source      bigint,
    schema_name bigint,
    table_name  bigint,
    object_type bigint,
    object_key  text COLLATE "C",
    fingerprint bigint,
    code        bigint
);
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
