-- Run once, in the database the executor's credential connects to. The credential needs SELECT and INSERT on it.
CREATE TABLE IF NOT EXISTS synapsor_executor_receipts (
    idempotency_key varchar(64) CHARACTER SET ascii COLLATE ascii_bin PRIMARY KEY,
    proposal_id     varchar(64) NOT NULL,
    proposal_digest varchar(80) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    created_at      timestamp(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4;
