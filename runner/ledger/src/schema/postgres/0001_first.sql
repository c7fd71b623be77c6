-- The first ledger on a server: the tables of `../0001_first.sql`, in a schema of their own. A document is text, because
-- its digest is over its bytes and `jsonb` would keep other ones; text compares byte by byte, as it does in a file.
-- `rowid` says in which order rows came, as SQLite's own does.

CREATE SCHEMA IF NOT EXISTS synapsor_ledger;

-- A part of a document. A server has no text with the character NUL, which a document may spell; in what is computed to be
-- searched by it is spelt as the replacement character, and the document itself stays as it is.
CREATE FUNCTION part(document text, path text[]) RETURNS text
    LANGUAGE sql IMMUTABLE AS $$ SELECT replace(document, '\u0000', '\ufffd')::json #>> path $$;
CREATE FUNCTION part_as_json(document text, path text[]) RETURNS text
    LANGUAGE sql IMMUTABLE AS $$ SELECT (replace(document, '\u0000', '\ufffd')::json #> path)::text $$;

CREATE TABLE meta (
    name  text COLLATE "C" PRIMARY KEY,
    value text COLLATE "C" NOT NULL
);

CREATE TABLE events (
    seq             bigint PRIMARY KEY,
    kind            text COLLATE "C" NOT NULL,
    proposal_id     text COLLATE "C",
    actor           text COLLATE "C" NOT NULL,
    payload         text COLLATE "C" NOT NULL,
    at              bigint NOT NULL,
    previous_digest text COLLATE "C" NOT NULL,
    digest          text COLLATE "C" NOT NULL
);
CREATE INDEX events_by_proposal ON events (proposal_id, seq) WHERE proposal_id IS NOT NULL;

CREATE TABLE evidence (
    rowid       bigint GENERATED ALWAYS AS IDENTITY,
    evidence_id text COLLATE "C" PRIMARY KEY,
    document    text COLLATE "C" NOT NULL,
    tenant      text COLLATE "C" GENERATED ALWAYS AS (part(document, '{tenant}')) STORED,
    capability  text COLLATE "C" GENERATED ALWAYS AS (part(document, '{capability}')) STORED,
    at          text COLLATE "C" GENERATED ALWAYS AS (part(document, '{received_at}')) STORED
);
CREATE INDEX evidence_by_tenant ON evidence (tenant, at);
CREATE INDEX evidence_by_capability ON evidence (capability, at);

CREATE TABLE proposals (
    rowid          bigint GENERATED ALWAYS AS IDENTITY,
    proposal_id    text COLLATE "C" PRIMARY KEY,
    content_digest text COLLATE "C" NOT NULL,
    created_seq    bigint NOT NULL UNIQUE REFERENCES events (seq),
    state          text COLLATE "C" NOT NULL,
    updated_at     bigint NOT NULL,
    document       text COLLATE "C" NOT NULL,
    evidence_id    text COLLATE "C" GENERATED ALWAYS AS (part(document, '{evidence_id}')) STORED REFERENCES evidence (evidence_id),
    tenant         text COLLATE "C" GENERATED ALWAYS AS (part(document, '{change_set,tenant}')) STORED,
    principal      text COLLATE "C" GENERATED ALWAYS AS (part(document, '{change_set,principal}')) STORED,
    capability     text COLLATE "C" GENERATED ALWAYS AS (part(document, '{change_set,capability}')) STORED,
    source         text COLLATE "C" GENERATED ALWAYS AS (part(document, '{change_set,target,source}')) STORED,
    table_name     text COLLATE "C" GENERATED ALWAYS AS (part(document, '{change_set,target,table}')) STORED,
    object_key     text COLLATE "C" GENERATED ALWAYS AS (part_as_json(document, '{change_set,target,key}')) STORED,
    mode           text COLLATE "C" GENERATED ALWAYS AS (part(document, '{mode}')) STORED,
    created_at     text COLLATE "C" GENERATED ALWAYS AS (part(document, '{created_at}')) STORED
);
CREATE UNIQUE INDEX proposals_one_open ON proposals (tenant, mode, content_digest)
    WHERE state IN ('pending_review', 'approved', 'pending_worker', 'reconciliation_required');
CREATE INDEX proposals_by_time ON proposals (created_at);
CREATE INDEX proposals_by_state ON proposals (state, created_at);
CREATE INDEX proposals_by_tenant ON proposals (tenant, created_at);
CREATE INDEX proposals_by_capability ON proposals (capability, created_at);
CREATE INDEX proposals_by_object ON proposals (source, table_name, object_key, created_at);

CREATE TABLE query_audit (
    rowid       bigint GENERATED ALWAYS AS IDENTITY,
    audit_id    text COLLATE "C" PRIMARY KEY,
    proposal_id text COLLATE "C" REFERENCES proposals (proposal_id),
    document    text COLLATE "C" NOT NULL,
    tenant      text COLLATE "C" GENERATED ALWAYS AS (part(document, '{tenant}')) STORED,
    capability  text COLLATE "C" GENERATED ALWAYS AS (part(document, '{capability}')) STORED,
    at          text COLLATE "C" GENERATED ALWAYS AS (part(document, '{at}')) STORED
);
CREATE INDEX query_audit_by_proposal ON query_audit (proposal_id, at) WHERE proposal_id IS NOT NULL;
CREATE INDEX query_audit_by_tenant ON query_audit (tenant, at);
CREATE INDEX query_audit_by_capability ON query_audit (capability, at);

CREATE TABLE approvals (
    proposal_id text COLLATE "C" NOT NULL REFERENCES proposals (proposal_id),
    verdict     text COLLATE "C" NOT NULL,
    document    text COLLATE "C" NOT NULL,
    at          text COLLATE "C" GENERATED ALWAYS AS (part(document, '{at}')) STORED,
    PRIMARY KEY (proposal_id, verdict)
);

CREATE TABLE writeback_jobs (
    job_id          text COLLATE "C" PRIMARY KEY,
    proposal_id     text COLLATE "C" NOT NULL UNIQUE REFERENCES proposals (proposal_id),
    idempotency_key text COLLATE "C" NOT NULL UNIQUE,
    attempt         bigint NOT NULL,
    runner_id       text COLLATE "C" NOT NULL,
    status          text COLLATE "C" NOT NULL CHECK (status IN ('open', 'interrupted', 'finished'))
);

CREATE TABLE receipts (
    rowid       bigint GENERATED ALWAYS AS IDENTITY,
    receipt_id  text COLLATE "C" PRIMARY KEY,
    document    text COLLATE "C" NOT NULL,
    proposal_id text COLLATE "C" GENERATED ALWAYS AS (part(document, '{proposal_id}')) STORED REFERENCES proposals (proposal_id),
    at          text COLLATE "C" GENERATED ALWAYS AS (part(document, '{executed_at}')) STORED
);
CREATE INDEX receipts_by_proposal ON receipts (proposal_id, at);

CREATE FUNCTION append_only() RETURNS trigger
    LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'append-only'; END $$;

CREATE TRIGGER events_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON events
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();
CREATE TRIGGER evidence_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON evidence
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();
CREATE TRIGGER query_audit_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON query_audit
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();
CREATE TRIGGER approvals_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON approvals
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();
CREATE TRIGGER receipts_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON receipts
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();
CREATE TRIGGER proposals_remain BEFORE DELETE OR TRUNCATE ON proposals
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();
CREATE TRIGGER proposals_move_only BEFORE UPDATE OF proposal_id, content_digest, created_seq, document ON proposals
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();
