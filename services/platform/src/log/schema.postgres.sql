-- A log in PostgreSQL. One row of log_head says where it stands; its lock is the order of all appends.
CREATE TABLE log_head (
    id integer PRIMARY KEY CHECK (id = 1),
    log_id uuid NOT NULL,
    position bigint NOT NULL,
    recorded_at bigint NOT NULL,
    sequences bigint[] NOT NULL,
    refusing text
-- Room on its page for the versions of a row that every batch rewrites.
) WITH (fillfactor = 10);

CREATE TABLE log_events (
    position bigint PRIMARY KEY,
    partition integer NOT NULL,
    sequence bigint NOT NULL,
    stream text COLLATE "C" NOT NULL,
    version bigint NOT NULL,
    event_id uuid NOT NULL,
    kind text NOT NULL,
    person uuid,
    recorded_at bigint NOT NULL,
    bytes bytea NOT NULL
);
-- Sealed text does not compress.
ALTER TABLE log_events ALTER COLUMN bytes SET STORAGE EXTERNAL;
CREATE UNIQUE INDEX log_events_stream ON log_events (stream, version);

-- What each request gave: the events after position `after`, `events` of them.
CREATE TABLE log_requests (
    scope text COLLATE "C" NOT NULL,
    id uuid NOT NULL,
    digest bytea NOT NULL,
    subject text NOT NULL,
    subject_version bigint NOT NULL,
    after bigint NOT NULL,
    events bigint NOT NULL,
    recorded_at bigint NOT NULL,
    PRIMARY KEY (id, scope)
);

CREATE FUNCTION log_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a log is append-only' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER log_events_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON log_events
    FOR EACH STATEMENT EXECUTE FUNCTION log_is_append_only();
CREATE TRIGGER log_requests_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON log_requests
    FOR EACH STATEMENT EXECUTE FUNCTION log_is_append_only();

CREATE TABLE log_claims (key bytea PRIMARY KEY, holder text NOT NULL);

CREATE TABLE log_cursors (
    reader text NOT NULL,
    log_id uuid NOT NULL,
    partition integer NOT NULL,
    position bigint NOT NULL,
    PRIMARY KEY (reader, log_id, partition)
) WITH (fillfactor = 50);

-- Former incarnations: `log_id` took over from `parent` and agrees with it up to a position.
CREATE TABLE log_lineage (
    log_id uuid PRIMARY KEY,
    parent uuid NOT NULL,
    agrees_up_to bigint NOT NULL,
    forked_at bigint NOT NULL
);
