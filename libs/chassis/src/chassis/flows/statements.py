"""The SQL of expectations.

A row is there while something is expected, and says which stage is due. The end deletes it; an end
that comes first leaves a row that says so, for the expectation to find. `PRUNE` removes what has
met in that way, and ends that nobody has expected for a week. Arrays are parallel, one element an
expectation. Rows are locked in the order of flow and key: transactions wait and never deadlock.
"""

EXPECT = """
INSERT INTO flow_expectations AS known
    (flow, key, awaits, awaited_from, correlation_id, expected_at, stage_at, due_at)
SELECT flow, key, awaits, awaited_from, correlation_id, clock_timestamp(), clock_timestamp(),
       clock_timestamp() + make_interval(secs => within)
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::float8[])
     AS expected (flow, key, awaits, awaited_from, correlation_id, within)
ON CONFLICT (flow, key) DO UPDATE
SET awaits = excluded.awaits, awaited_from = excluded.awaited_from,
    correlation_id = excluded.correlation_id, expected_at = excluded.expected_at, stage = 0,
    stage_at = excluded.stage_at, due_at = excluded.due_at
"""

REACH = """
WITH reached AS (
    SELECT * FROM unnest($1::text[], $2::text[], $3::int[], $4::text[], $5::text[], $6::float8[])
         AS reached (flow, key, stage, awaits, awaited_from, within)
), locked AS MATERIALIZED (
    SELECT flow, key FROM flow_expectations JOIN reached USING (flow, key)
    WHERE ended_at IS NULL AND flow_expectations.stage < reached.stage
    ORDER BY flow, key FOR UPDATE OF flow_expectations
)
UPDATE flow_expectations AS known
SET stage = reached.stage, awaits = reached.awaits, awaited_from = reached.awaited_from,
    stage_at = clock_timestamp(), due_at = clock_timestamp() + make_interval(secs => reached.within)
FROM reached JOIN locked USING (flow, key)
WHERE known.flow = reached.flow AND known.key = reached.key
"""

# The conflict is with an expectation of a transaction that was not committed when this one looked
END = """
WITH ended AS (SELECT flow, key FROM unnest($1::text[], $2::text[]) AS ended (flow, key)),
locked AS MATERIALIZED (
    SELECT flow, key FROM flow_expectations JOIN ended USING (flow, key)
    WHERE ended_at IS NULL ORDER BY flow, key FOR UPDATE OF flow_expectations
),
met AS (
    DELETE FROM flow_expectations AS known USING locked
    WHERE known.flow = locked.flow AND known.key = locked.key
    RETURNING known.flow, known.key
)
INSERT INTO flow_expectations (flow, key, ended_at)
SELECT flow, key, clock_timestamp() FROM ended
WHERE (flow, key) NOT IN (SELECT flow, key FROM met)
ON CONFLICT (flow, key) DO UPDATE SET ended_at = excluded.ended_at
"""

PRUNE = """
DELETE FROM flow_expectations
WHERE ended_at IS NOT NULL
  AND (due_at IS NOT NULL OR ended_at < clock_timestamp() - interval '7 days')
"""

SURVEY = """
SELECT flow, awaits, min(awaited_from) AS awaited_from,
       count(*) FILTER (WHERE due_at < clock_timestamp()) AS overdue,
       extract(epoch FROM clock_timestamp() - min(expected_at))::float8 AS oldest_age_seconds
FROM flow_expectations WHERE ended_at IS NULL GROUP BY flow, awaits
"""

_SHOWN = """
SELECT flow, key, awaits, awaited_from, correlation_id, expected_at,
       coalesce(stage_at, expected_at) AS since, due_at, due_at < clock_timestamp() AS overdue
FROM flow_expectations WHERE ended_at IS NULL
"""

OPEN = f"""
{_SHOWN} AND (NOT $1 OR due_at < clock_timestamp()) AND ($2::text IS NULL OR key = $2)
ORDER BY due_at, flow, key LIMIT $3
"""

ABOUT = f"""
{_SHOWN} AND flow = ANY($1::text[]) AND key = $2 ORDER BY due_at, flow
"""
