"""The SQL of expectations.

A row is there while something is expected. The end deletes it; an end that comes first leaves a row
that says so, for the expectation to find. `PRUNE` removes what has met in that way, and ends that
nobody has expected for a week. Arrays are parallel, one element an expectation.
"""

EXPECT = """
INSERT INTO flow_expectations AS known
    (flow, key, awaits, correlation_id, expected_at, due_at)
SELECT flow, key, awaits, correlation_id, clock_timestamp(),
       clock_timestamp() + make_interval(secs => within)
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::float8[])
     AS expected (flow, key, awaits, correlation_id, within)
ON CONFLICT (flow, key) DO UPDATE
SET awaits = excluded.awaits, correlation_id = excluded.correlation_id,
    expected_at = excluded.expected_at, due_at = excluded.due_at
"""

# The conflict is with an expectation of a transaction that was not committed when this one looked
END = """
WITH ended AS (SELECT flow, key FROM unnest($1::text[], $2::text[]) AS ended (flow, key)),
met AS (
    DELETE FROM flow_expectations AS known USING ended
    WHERE known.flow = ended.flow AND known.key = ended.key AND known.ended_at IS NULL
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
SELECT flow,
       count(*) FILTER (WHERE due_at < clock_timestamp()) AS overdue,
       extract(epoch FROM clock_timestamp() - min(expected_at))::float8 AS oldest_age_seconds
FROM flow_expectations WHERE ended_at IS NULL GROUP BY flow
"""

OPEN = """
SELECT flow, key, awaits, correlation_id, expected_at, due_at, due_at < clock_timestamp() AS overdue
FROM flow_expectations
WHERE ended_at IS NULL
  AND (NOT $1 OR due_at < clock_timestamp())
  AND ($2::text IS NULL OR key = $2)
ORDER BY due_at, flow, key LIMIT $3
"""
