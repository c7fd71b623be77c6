-- Run once, in the schema the executor's credential looks in first. The credential needs SELECT and INSERT on it.
CREATE TABLE IF NOT EXISTS synapsor_executor_receipts (
    idempotency_key text PRIMARY KEY,
    proposal_id     text NOT NULL,
    proposal_digest text NOT NULL,
    created_at      timestamptz NOT NULL DEFAULT now()
);
