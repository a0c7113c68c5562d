-- Grows the demonstration organisation (PostgreSQL) to the size of a company: each new row is a row the engine made,
-- under a new id, at a time within the last :days days, and stands where it would: logs are written in the order of
-- time. Only the audit chain suffers: copied entries do not verify.
-- psql "$URL" -v days=10 -v per_day=100000 -v events=1000000 -f seed.sql
\set ON_ERROR_STOP on
SET search_path = zentinelle, public;
SET synchronous_commit = off;
SET work_mem = '64MB';

-- A UUID of version 7 for an instant. Unit: microseconds since 1970.
CREATE FUNCTION pg_temp.id_at(micros BIGINT) RETURNS TEXT LANGUAGE sql VOLATILE AS $$
  SELECT substr(t, 1, 8) || '-' || substr(t, 9, 4) || '-7' || substr(r, 1, 3) || '-a' || substr(r, 4, 3) || '-' || substr(r, 7, 12)
  FROM (SELECT lpad(to_hex(micros / 1000), 12, '0') AS t, md5(random()::text || micros::text) AS r) AS parts
$$;
CREATE FUNCTION pg_temp.past(days INT) RETURNS BIGINT LANGUAGE sql VOLATILE AS $$
  SELECT ((extract(epoch FROM clock_timestamp()) - random() * days * 86400) * 1000000)::BIGINT
$$;
CREATE FUNCTION pg_temp.agent() RETURNS TEXT LANGUAGE sql VOLATILE AS $$
  SELECT 'agent-' || lpad((1 + floor(random() * 500))::INT::text, 4, '0')
$$;

-- Agents, policies and their first versions.
CREATE TEMP TABLE kinds AS SELECT row_number() OVER () - 1 AS place, count(*) OVER () AS known, * FROM agents;
INSERT INTO agents
SELECT k.tenant_id, pg_temp.id_at(k.created_at + n), 'agent-' || lpad(n::text, 4, '0'), k.name || ' ' || n, k.description,
       k.agent_type, k.status, k.health, k.capabilities, k.metadata, k.config, k.sub_organization_id, k.deployment_id,
       k.group_id, k.enrolled_by, k.registered_at, k.last_heartbeat_at, k.created_at + n, k.updated_at
FROM generate_series(1, 500) AS n JOIN kinds AS k ON k.place = n % k.known;

CREATE TEMP TABLE rules AS SELECT row_number() OVER () - 1 AS place, count(*) OVER () AS known, * FROM policies;
INSERT INTO policies
SELECT r.tenant_id, pg_temp.id_at(r.created_at + n), r.name || ' ' || n, r.description, r.policy_type, 'endpoint',
       'agent-' || lpad((1 + n % 500)::text, 4, '0'), r.config, r.priority, r.enabled, r.enforcement, r.inheritance, 1,
       r.source, r.created_by, r.created_at + n, r.updated_at + n
FROM generate_series(1, 2000) AS n JOIN rules AS r ON r.place = n % r.known;
INSERT INTO policy_revisions
SELECT p.tenant_id, p.id, 1, v.snapshot, p.created_by, 'created', p.created_at
FROM policies AS p CROSS JOIN LATERAL (SELECT snapshot FROM policy_revisions LIMIT 1) AS v
WHERE NOT EXISTS (SELECT 1 FROM policy_revisions AS r WHERE r.tenant_id = p.tenant_id AND r.policy_id = p.id);

-- What happened.
CREATE TEMP TABLE lived AS SELECT row_number() OVER () - 1 AS place, count(*) OVER () AS known, * FROM evaluations;
INSERT INTO evaluations
SELECT l.tenant_id, pg_temp.id_at(at), pg_temp.agent(), 'user-' || (n % 300), 'session-' || (n / 40), l.action, l.resource, l.effect,
       l.allowed, l.dry_run, l.code, l.reason, l.policies, l.warnings, l.context, l.risk_score, l.policy_set_version,
       l.source, l.duration_us, at
FROM (SELECT n, pg_temp.past(:days) AS at FROM generate_series(1, :days * :per_day) AS n ORDER BY at) AS asked
JOIN lived AS l ON l.place = n % l.known;

INSERT INTO events
SELECT t.id, pg_temp.id_at(at), pg_temp.agent(), 'user-' || (n % 300),
       (ARRAY['tool_call', 'model_request', 'model_response', 'session_start', 'error'])[1 + n % 5],
       (ARRAY['telemetry', 'audit', 'telemetry', 'compliance', 'alert'])[1 + n % 5],
       jsonb_build_object('tool', 'Bash', 'session_id', 'session-' || (n / 40), 'number', n), md5('event ' || n),
       pg_temp.id_at(at), NULL, at, at
FROM (SELECT n, pg_temp.past(:days) AS at FROM generate_series(1, :events) AS n ORDER BY at) AS told CROSS JOIN tenants AS t;

CREATE TEMP TABLE calls AS SELECT row_number() OVER () - 1 AS place, count(*) OVER () AS known, * FROM interactions;
INSERT INTO interactions
SELECT c.tenant_id, pg_temp.id_at(at), pg_temp.agent(), 'user-' || (n % 300), c.interaction_type, 'session-' || (n / 10), c.request_id,
       c.provider, c.model, c.input_content, c.output_content, c.system_prompt, c.prompt_digest, c.tool_calls, c.classification,
       c.input_tokens, c.output_tokens, c.usd_micros, c.latency_ms, c.decision, NULL, at, at
FROM (SELECT n, pg_temp.past(:days) AS at FROM generate_series(1, :events / 5) AS n ORDER BY at) AS told
JOIN calls AS c ON c.place = n % c.known;

CREATE TEMP TABLE used AS SELECT row_number() OVER () - 1 AS place, count(*) OVER () AS known, * FROM usage_records;
INSERT INTO usage_records
SELECT u.tenant_id, pg_temp.id_at(at), pg_temp.agent(), 'user-' || (n % 300), u.provider, u.model, u.input_tokens, u.cached_input_tokens,
       u.cache_write_tokens, u.output_tokens, u.reasoning_tokens, u.usd_micros, u.estimated, u.source, at
FROM (SELECT n, pg_temp.past(:days) AS at FROM generate_series(1, :events / 5) AS n ORDER BY at) AS told
JOIN used AS u ON u.place = n % u.known;
INSERT INTO usage_hourly
SELECT tenant_id, occurred_at / 3600000000 * 3600000000, agent_id, provider, model, count(*), sum(input_tokens),
       sum(output_tokens), sum(usd_micros)
FROM usage_records WHERE agent_id LIKE 'agent-0%' GROUP BY 1, 2, 3, 4, 5
ON CONFLICT DO NOTHING;

CREATE TEMP TABLE scanned AS SELECT row_number() OVER () - 1 AS place, count(*) OVER () AS known, * FROM content_scans;
INSERT INTO content_scans
SELECT s.tenant_id, pg_temp.id_at(at), pg_temp.agent(), 'user-' || (n % 300), s.content_type, s.content_digest, s.content_length, s.status,
       s.scan_mode, s.action_taken, s.max_severity, s.violation_count, s.was_blocked, s.was_redacted, s.scan_duration_us,
       'session-' || (n / 40), s.request_id, at, at
FROM (SELECT n, pg_temp.past(:days) AS at FROM generate_series(1, :events / 5) AS n ORDER BY at) AS told
JOIN scanned AS s ON s.place = n % s.known;
CREATE TEMP TABLE found AS SELECT row_number() OVER () - 1 AS place, count(*) OVER () AS known, * FROM content_violations;
INSERT INTO content_violations
SELECT f.tenant_id, pg_temp.id_at(at), f.scan_id, f.rule_id, pg_temp.agent(), f.user_id, f.rule_type, f.severity, f.enforcement,
       f.category, f.confidence, f.match_start, f.match_end, f.match_digest, 'session-' || (n / 40), f.was_blocked, f.was_redacted, at
FROM (SELECT n, pg_temp.past(:days) AS at FROM generate_series(1, :events / 20) AS n ORDER BY at) AS told
JOIN found AS f ON f.place = n % f.known;

CREATE TEMP TABLE raised AS SELECT row_number() OVER () - 1 AS place, count(*) OVER () AS known, * FROM alerts;
INSERT INTO alerts
SELECT a.tenant_id, pg_temp.id_at(at), a.alert_type, a.severity, a.title || ' ' || n, a.description, pg_temp.agent(), a.user_id,
       a.dedup_key || n, a.metadata, a.violation_count, a.first_violation_at, a.last_violation_at,
       (ARRAY['open', 'acknowledged', 'resolved', 'resolved', 'false_positive'])[1 + n % 5], a.acknowledged_by,
       a.acknowledged_at, a.resolved_by, a.resolved_at, a.resolution_notes, at, at
FROM (SELECT n, pg_temp.past(:days) AS at FROM generate_series(1, :events / 200) AS n ORDER BY at) AS told
JOIN raised AS a ON a.place = n % a.known;

-- Entries of the trail, far behind its end, so that it can go on.
CREATE TEMP TABLE written AS SELECT row_number() OVER () - 1 AS place, count(*) OVER () AS known, * FROM audit_entries;
INSERT INTO audit_entries
SELECT w.tenant_id, 1000000000 + n, w.action, w.actor, w.resource_type, w.resource_id, w.entry,
       ((extract(epoch FROM clock_timestamp()) - :days * 86400.0 * (1 - n / (:events / 5.0))) * 1000000)::BIGINT
FROM generate_series(1, :events / 5) AS n JOIN written AS w ON w.place = n % w.known;

UPDATE tenants SET policy_revision = policy_revision + 1;
-- As a database of this size is: vacuumed, not about to be.
VACUUM ANALYZE;
SELECT relname AS "table", n_live_tup AS rows FROM pg_stat_user_tables WHERE n_live_tup > 400 ORDER BY 2 DESC;
