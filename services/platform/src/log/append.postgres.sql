-- Appends a batch. Every list runs over the requests of the batch, which are numbered from 1: `*_req` says whose an entry is.
--
-- The head row is locked first. The function is VOLATILE, so each statement after the lock sees what was committed before the lock was had: what it
-- judges by is never older than its turn. What one request of a batch changes no other names, so each is judged as if it were alone; a stream that is
-- only read may be named by many, and is looked up once for all of them.
-- Verdicts: 0 written, 1 request id known, 2 cursor moved, 3 conflict (`places`: which of `x_*`), 4 claim taken (which of `c_*`, `holders`: by whom),
-- 5 the log refuses.
CREATE FUNCTION log_append(
    -- Now; and how many events each request has, and how many those before it have.
    p_now bigint, p_counts integer[], p_offsets integer[],
    -- Request ids.
    q_req integer[], q_scope text[], q_id uuid[], q_digest bytea[], q_subject text[], q_version bigint[],
    -- Streams and the versions expected, each once; and which of them each request expects.
    v_stream text[], v_version bigint[], x_req integer[], x_place integer[],
    -- Claims: who takes and who releases.
    c_req integer[], c_key bytea[], c_take text[], c_release text[],
    -- Cursor moves.
    s_req integer[], s_reader text[], s_log uuid[], s_partition integer[], s_from bigint[], s_to bigint[],
    -- Events, with their ranks within their partition of this batch, and how many of them each partition gets: right if nothing is refused.
    e_req integer[], e_partition integer[], e_rank bigint[], e_stream text[], e_version bigint[], e_id uuid[], e_kind text[],
    e_person uuid[], e_bytes bytea[], p_added bigint[],
    OUT log_id uuid, OUT before bigint, OUT recorded bigint, OUT sequences bigint[],
    OUT verdicts integer[], OUT places integer[], OUT holders text[]
) LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_column
DECLARE
    head log_head%ROWTYPE;
    hit record;
    refused boolean := false;
    total integer := 0;
    written bigint;
    offsets integer[] := p_offsets;
    after bigint[];
    moved bigint[];
BEGIN
    SELECT * INTO STRICT head FROM log_head AS h WHERE h.id = 1 FOR UPDATE;
    log_id := head.log_id;
    before := head.position;
    recorded := greatest(head.recorded_at, p_now);
    sequences := head.sequences;
    verdicts := array_fill(0, ARRAY[cardinality(p_counts)]);
    places := verdicts;
    holders := array_fill(NULL::text, ARRAY[cardinality(p_counts)]);
    IF head.refusing IS NOT NULL THEN
        verdicts := array_fill(5, ARRAY[cardinality(p_counts)]);
        RETURN;
    END IF;

    IF cardinality(q_req) > 0 THEN
        FOR hit IN
            SELECT q.req FROM unnest(q_req, q_scope, q_id) AS q(req, scope, id)
            WHERE EXISTS (SELECT 1 FROM log_requests AS r WHERE r.id = q.id AND r.scope = q.scope)
        LOOP
            verdicts[hit.req] := 1;
            refused := true;
        END LOOP;
    END IF;
    IF cardinality(s_req) > 0 THEN
        FOR hit IN
            SELECT s.req FROM unnest(s_req, s_reader, s_log, s_partition, s_from) AS s(req, reader, log, part, wanted)
            WHERE s.wanted <> coalesce((SELECT k.position FROM log_cursors AS k
                WHERE k.reader = s.reader AND k.log_id = s.log AND k.partition = s.part), 0)
        LOOP
            IF verdicts[hit.req] = 0 THEN
                verdicts[hit.req] := 2;
                refused := true;
            END IF;
        END LOOP;
    END IF;
    IF cardinality(x_req) > 0 THEN
        SELECT array_agg(v.place) INTO moved FROM unnest(v_stream, v_version) WITH ORDINALITY AS v(stream, version, place)
            WHERE v.version <> coalesce((SELECT e.version FROM log_events AS e
                WHERE e.stream = v.stream ORDER BY e.version DESC LIMIT 1), 0);
        IF moved IS NOT NULL THEN
            FOR hit IN
                SELECT x.req, x.entry FROM unnest(x_req, x_place) WITH ORDINALITY AS x(req, place, entry)
                WHERE x.place = ANY (moved) ORDER BY x.entry
            LOOP
                IF verdicts[hit.req] = 0 THEN
                    verdicts[hit.req] := 3;
                    places[hit.req] := hit.entry;
                    refused := true;
                END IF;
            END LOOP;
        END IF;
    END IF;
    IF cardinality(c_req) > 0 THEN
        FOR hit IN
            SELECT c.req, c.place, h.holder
            FROM unnest(c_req, c_key, c_take, c_release) WITH ORDINALITY AS c(req, key, take, release, place)
            CROSS JOIN LATERAL (SELECT k.holder FROM log_claims AS k WHERE k.key = c.key) AS h
            WHERE c.take IS NOT NULL AND h.holder <> c.take AND h.holder IS DISTINCT FROM c.release
        LOOP
            IF verdicts[hit.req] = 0 THEN
                verdicts[hit.req] := 4;
                places[hit.req] := hit.place;
                holders[hit.req] := hit.holder;
                refused := true;
            END IF;
        END LOOP;
    END IF;

    IF NOT refused THEN
        INSERT INTO log_events (position, partition, sequence, stream, version, event_id, kind, person, recorded_at, bytes)
            SELECT before + e.place, e.partition, sequences[e.partition + 1] + e.rank, e.stream, e.version, e.id, e.kind, e.person,
                recorded, e.bytes
            FROM unnest(e_partition, e_rank, e_stream, e_version, e_id, e_kind, e_person, e_bytes)
                WITH ORDINALITY AS e(partition, rank, stream, version, id, kind, person, bytes, place);
        written := cardinality(e_req);
        SELECT array_agg(u.was + u.added ORDER BY u.place) INTO after
            FROM unnest(head.sequences, p_added) WITH ORDINALITY AS u(was, added, place);
    ELSIF 0 = ANY (verdicts) THEN
        -- The ranks that came along count refused events too: number the others anew.
        FOR req IN 1 .. cardinality(p_counts) LOOP
            offsets[req] := total;
            IF verdicts[req] = 0 THEN
                total := total + p_counts[req];
            END IF;
        END LOOP;
        INSERT INTO log_events (position, partition, sequence, stream, version, event_id, kind, person, recorded_at, bytes)
            SELECT before + row_number() OVER (ORDER BY e.place), e.partition,
                sequences[e.partition + 1] + row_number() OVER (PARTITION BY e.partition ORDER BY e.place),
                e.stream, e.version, e.id, e.kind, e.person, recorded, e.bytes
            FROM unnest(e_req, e_partition, e_stream, e_version, e_id, e_kind, e_person, e_bytes)
                WITH ORDINALITY AS e(req, partition, stream, version, id, kind, person, bytes, place)
            WHERE verdicts[e.req] = 0
            ORDER BY e.place;
        written := total;
        SELECT array_agg(u.was + (SELECT count(*) FROM unnest(e_req, e_partition) AS e(req, partition)
                WHERE verdicts[e.req] = 0 AND e.partition = u.place - 1) ORDER BY u.place) INTO after
            FROM unnest(head.sequences) WITH ORDINALITY AS u(was, place);
    ELSE
        RETURN;
    END IF;

    IF cardinality(q_req) > 0 THEN
        INSERT INTO log_requests (scope, id, digest, subject, subject_version, after, events, recorded_at)
            SELECT q.scope, q.id, q.digest, q.subject, q.version, before + offsets[q.req], p_counts[q.req], recorded
            FROM unnest(q_req, q_scope, q_id, q_digest, q_subject, q_version) AS q(req, scope, id, digest, subject, version)
            WHERE verdicts[q.req] = 0;
    END IF;
    IF cardinality(c_req) > 0 THEN
        FOR hit IN
            SELECT c.key, c.take, c.release FROM unnest(c_req, c_key, c_take, c_release) AS c(req, key, take, release)
            WHERE verdicts[c.req] = 0
        LOOP
            IF hit.take IS NULL THEN
                DELETE FROM log_claims AS k WHERE k.key = hit.key AND k.holder = hit.release;
            ELSE
                INSERT INTO log_claims (key, holder) VALUES (hit.key, hit.take)
                    ON CONFLICT (key) DO UPDATE SET holder = excluded.holder;
            END IF;
        END LOOP;
    END IF;
    IF cardinality(s_req) > 0 THEN
        INSERT INTO log_cursors (reader, log_id, partition, position)
            SELECT s.reader, s.log, s.part, s.goal FROM unnest(s_req, s_reader, s_log, s_partition, s_to) AS s(req, reader, log, part, goal)
            WHERE verdicts[s.req] = 0
            ON CONFLICT (reader, log_id, partition) DO UPDATE SET position = excluded.position;
    END IF;
    UPDATE log_head AS h SET position = head.position + written, recorded_at = recorded, sequences = after WHERE h.id = 1;
END $$;
