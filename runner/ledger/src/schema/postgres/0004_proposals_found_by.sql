-- A proposal is found by what the call that made it is found by: the columns and indexes of `../0004_proposals_found_by.sql`.
-- Rows do not lie under a number here, so that of the event keeps its index.
DROP INDEX proposals_by_time;
DROP INDEX proposals_by_tenant;
DROP INDEX proposals_by_principal;
DROP INDEX proposals_by_capability;
DROP INDEX proposals_by_source;
DROP INDEX proposals_by_object_type;
DROP INDEX proposals_by_object_key;

-- The proposal this event made; nothing where it was pruned.
ALTER TABLE found_by ADD COLUMN proposal_id text COLLATE "C";
UPDATE found_by SET proposal_id = (SELECT e.proposal_id FROM events e WHERE e.seq = found_by.seq)
    WHERE at IS NOT NULL AND kind = (SELECT name_id FROM names WHERE name = 'proposal_created');
CREATE INDEX found_proposals_by_time ON found_by (at, proposal_id) WHERE proposal_id IS NOT NULL;
CREATE INDEX found_proposals_by_tenant ON found_by (tenant, at, proposal_id) WHERE proposal_id IS NOT NULL;
CREATE INDEX found_proposals_by_principal ON found_by (principal, at, proposal_id) WHERE proposal_id IS NOT NULL;
CREATE INDEX found_proposals_by_capability ON found_by (capability, at, proposal_id) WHERE proposal_id IS NOT NULL;
CREATE INDEX found_proposals_by_source ON found_by (source, at, proposal_id) WHERE proposal_id IS NOT NULL;
CREATE INDEX found_proposals_by_object_type ON found_by (object_type, at, proposal_id) WHERE proposal_id IS NOT NULL;
CREATE INDEX found_proposals_by_object_key ON found_by (object_key, at, proposal_id) WHERE proposal_id IS NOT NULL;
