-- A log in SQLite. One row of log_head says where it stands; everything else follows from it.
CREATE TABLE log_head (
    id integer PRIMARY KEY CHECK (id = 1),
    log_id blob NOT NULL,
    position integer NOT NULL,
    recorded_at integer NOT NULL,
    sequences text NOT NULL,
    refusing text
);

CREATE TABLE log_events (
    position integer PRIMARY KEY,
    partition integer NOT NULL,
    sequence integer NOT NULL,
    stream text NOT NULL,
    version integer NOT NULL,
    event_id blob NOT NULL,
    kind text NOT NULL,
    person blob,
    recorded_at integer NOT NULL,
    bytes blob NOT NULL
);
CREATE UNIQUE INDEX log_events_stream ON log_events (stream, version);

CREATE TRIGGER log_events_contiguous BEFORE INSERT ON log_events
    WHEN new.position <> coalesce((SELECT max(position) FROM log_events), 0) + 1
    BEGIN SELECT raise(ABORT, 'a log has no holes'); END;
CREATE TRIGGER log_events_kept BEFORE UPDATE ON log_events BEGIN SELECT raise(ABORT, 'a log is append-only'); END;
CREATE TRIGGER log_events_stay BEFORE DELETE ON log_events BEGIN SELECT raise(ABORT, 'a log is append-only'); END;

-- What each request gave: the events after position `after`, `events` of them.
CREATE TABLE log_requests (
    scope text NOT NULL,
    id blob NOT NULL,
    digest blob NOT NULL,
    subject text NOT NULL,
    subject_version integer NOT NULL,
    after integer NOT NULL,
    events integer NOT NULL,
    recorded_at integer NOT NULL,
    PRIMARY KEY (scope, id)
) WITHOUT ROWID;

CREATE TRIGGER log_requests_once BEFORE INSERT ON log_requests
    WHEN EXISTS (SELECT 1 FROM log_requests WHERE scope = new.scope AND id = new.id)
    BEGIN SELECT raise(ABORT, 'a request is known once'); END;
CREATE TRIGGER log_requests_kept BEFORE UPDATE ON log_requests BEGIN SELECT raise(ABORT, 'a log is append-only'); END;
CREATE TRIGGER log_requests_stay BEFORE DELETE ON log_requests BEGIN SELECT raise(ABORT, 'a log is append-only'); END;

CREATE TABLE log_claims (key blob PRIMARY KEY, holder text NOT NULL) WITHOUT ROWID;

CREATE TABLE log_cursors (
    reader text NOT NULL,
    log_id blob NOT NULL,
    partition integer NOT NULL,
    position integer NOT NULL,
    PRIMARY KEY (reader, log_id, partition)
) WITHOUT ROWID;

-- Former incarnations: `log_id` took over from `parent` and agrees with it up to a position.
CREATE TABLE log_lineage (
    log_id blob PRIMARY KEY,
    parent blob NOT NULL,
    agrees_up_to integer NOT NULL,
    forked_at integer NOT NULL
) WITHOUT ROWID;
