-- The first schema. One text for SQLite and PostgreSQL: only types both spell alike, instants
-- as microseconds since 1970 (UTC), ids as text. Every table starts with its tenant.

CREATE TABLE tenants (
    id TEXT NOT NULL CONSTRAINT tenants_pk PRIMARY KEY,
    name TEXT NOT NULL,
    status TEXT NOT NULL, -- active | suspended
    settings JSONB NOT NULL,
    policy_revision BIGINT NOT NULL, -- grows with every change that can change a decision
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE TABLE agent_groups (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    slug TEXT NOT NULL,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    tier TEXT NOT NULL, -- standard | restricted | trusted
    color TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    CONSTRAINT agent_groups_pk PRIMARY KEY (tenant_id, id),
    CONSTRAINT agent_groups_slug UNIQUE (tenant_id, slug)
);

CREATE TABLE agents (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    agent_id TEXT NOT NULL, -- the agent's own name for itself
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    agent_type TEXT NOT NULL,
    status TEXT NOT NULL, -- provisioning | active | suspended | offline | terminated
    health TEXT NOT NULL, -- healthy | degraded | unhealthy | unknown
    capabilities JSONB NOT NULL,
    metadata JSONB NOT NULL,
    config JSONB NOT NULL,
    sub_organization_id TEXT,
    deployment_id TEXT,
    group_id TEXT,
    enrolled_by TEXT, -- the key that enrolled it
    registered_at BIGINT NOT NULL,
    last_heartbeat_at BIGINT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    CONSTRAINT agents_pk PRIMARY KEY (tenant_id, id),
    CONSTRAINT agents_agent_id UNIQUE (tenant_id, agent_id)
);
CREATE INDEX agents_status ON agents (tenant_id, status, last_heartbeat_at);

-- Credentials of every kind. `public_id` is the part of a key that may be shown and finds its
-- row; `secret_hash` is a keyed hash of the whole key.
CREATE TABLE api_keys (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    kind TEXT NOT NULL, -- agent | enrolment | bootstrap | operator
    public_id TEXT NOT NULL CONSTRAINT api_keys_public_id UNIQUE,
    secret_hash TEXT NOT NULL, -- lower-case hexadecimal
    label TEXT NOT NULL,
    role TEXT, -- of an operator key: admin | operator | viewer
    scopes JSONB NOT NULL, -- of an operator key: permissions, empty for all of the role
    agent_id TEXT, -- of an agent key: agents.agent_id
    max_uses BIGINT, -- of an enrolment key: none for any number
    use_count BIGINT NOT NULL,
    expires_at BIGINT,
    revoked_at BIGINT,
    replaced_by TEXT,
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT,
    CONSTRAINT api_keys_pk PRIMARY KEY (tenant_id, id)
);
CREATE INDEX api_keys_agent ON api_keys (tenant_id, agent_id);
CREATE INDEX api_keys_kind ON api_keys (tenant_id, kind, id);
CREATE INDEX api_keys_revoked ON api_keys (revoked_at); -- servers look for what was revoked of late

CREATE TABLE policies (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    policy_type TEXT NOT NULL,
    scope_level TEXT NOT NULL, -- organization | sub_organization | deployment | group | endpoint | user
    scope_id TEXT,
    config JSONB NOT NULL,
    priority BIGINT NOT NULL,
    enabled BOOLEAN NOT NULL,
    enforcement TEXT NOT NULL, -- enforce | audit | disabled
    inheritance TEXT NOT NULL,
    version BIGINT NOT NULL,
    source TEXT NOT NULL, -- who keeps it: api | document | demo
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    CONSTRAINT policies_pk PRIMARY KEY (tenant_id, id)
);
CREATE INDEX policies_name ON policies (tenant_id, name);
CREATE INDEX policies_type ON policies (tenant_id, policy_type, enabled);

-- Append only, and kept when the policy is deleted.
CREATE TABLE policy_revisions (
    tenant_id TEXT NOT NULL,
    policy_id TEXT NOT NULL,
    version BIGINT NOT NULL,
    snapshot JSONB NOT NULL,
    changed_by TEXT NOT NULL,
    change_summary TEXT NOT NULL,
    changed_at BIGINT NOT NULL,
    CONSTRAINT policy_revisions_pk PRIMARY KEY (tenant_id, policy_id, version)
);

-- One row for each decision that was asked for.
CREATE TABLE evaluations (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    agent_id TEXT NOT NULL,
    user_id TEXT,
    session_id TEXT,
    action TEXT NOT NULL,
    resource TEXT, -- the tool or model it was about
    effect TEXT NOT NULL, -- permit | deny | no_policy
    allowed BOOLEAN NOT NULL,
    dry_run BOOLEAN NOT NULL,
    code TEXT,
    reason TEXT,
    policies JSONB NOT NULL, -- what each policy said; where all were kept, the id of their row in evaluation_policies
    warnings JSONB NOT NULL,
    context JSONB NOT NULL, -- the facts it was decided on, as the tenant keeps content
    risk_score BIGINT NOT NULL,
    policy_set_version TEXT NOT NULL,
    source TEXT NOT NULL, -- native | sdk | authzen | proxy | hook
    duration_us BIGINT NOT NULL,
    occurred_at BIGINT NOT NULL,
    CONSTRAINT evaluations_pk PRIMARY KEY (tenant_id, id)
);
CREATE INDEX evaluations_time ON evaluations (tenant_id, occurred_at);
CREATE INDEX evaluations_agent ON evaluations (tenant_id, agent_id, occurred_at);
CREATE INDEX evaluations_user ON evaluations (tenant_id, user_id, occurred_at) WHERE user_id IS NOT NULL;
CREATE INDEX evaluations_session ON evaluations (tenant_id, session_id, occurred_at) WHERE session_id IS NOT NULL;
CREATE INDEX evaluations_code ON evaluations (tenant_id, occurred_at) WHERE code IS NOT NULL;
CREATE INDEX evaluations_denied ON evaluations (tenant_id, occurred_at) WHERE allowed = FALSE;
CREATE INDEX evaluations_risk ON evaluations (tenant_id, risk_score, id);

-- Decisions by the hour, told apart in one way at a time; those that were only tried are not counted.
CREATE TABLE decision_hours (
    tenant_id TEXT NOT NULL,
    dimension TEXT NOT NULL, -- all | agent | action | code
    hour_at BIGINT NOT NULL,
    name TEXT NOT NULL, -- of the agent, action or code; empty for none
    decisions BIGINT NOT NULL,
    denied BIGINT NOT NULL,
    CONSTRAINT decision_hours_pk PRIMARY KEY (tenant_id, dimension, hour_at, name)
);

-- What policies say where all of them are kept: once for the many decisions that say the same.
CREATE TABLE evaluation_policies (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL, -- a digest of the list
    policies JSONB NOT NULL,
    seen_at BIGINT NOT NULL, -- every decision that refers to it was made at most an hour later
    CONSTRAINT evaluation_policies_pk PRIMARY KEY (tenant_id, id)
);

CREATE TABLE events (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    agent_id TEXT NOT NULL,
    user_id TEXT,
    event_type TEXT NOT NULL,
    category TEXT NOT NULL, -- telemetry | audit | alert | compliance
    payload JSONB NOT NULL,
    digest TEXT NOT NULL, -- of the client's id, or of the content: a second one is the same event
    batch_id TEXT NOT NULL,
    raw_timestamp TEXT, -- kept when it could not be read
    occurred_at BIGINT NOT NULL,
    received_at BIGINT NOT NULL,
    CONSTRAINT events_pk PRIMARY KEY (tenant_id, id),
    CONSTRAINT events_digest UNIQUE (tenant_id, digest)
);
CREATE INDEX events_time ON events (tenant_id, occurred_at);
CREATE INDEX events_agent ON events (tenant_id, agent_id, occurred_at);
CREATE INDEX events_type ON events (tenant_id, event_type, occurred_at);

CREATE TABLE interactions (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    agent_id TEXT NOT NULL,
    user_id TEXT,
    interaction_type TEXT NOT NULL,
    session_id TEXT,
    request_id TEXT,
    provider TEXT,
    model TEXT,
    input_content TEXT NOT NULL,
    output_content TEXT NOT NULL,
    system_prompt TEXT NOT NULL,
    prompt_digest TEXT, -- of the whole system prompt, by which uses of a prompt of the library are counted
    tool_calls JSONB NOT NULL,
    classification JSONB NOT NULL,
    input_tokens BIGINT,
    output_tokens BIGINT,
    usd_micros BIGINT,
    latency_ms BIGINT,
    decision TEXT,
    scan_id TEXT,
    occurred_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    CONSTRAINT interactions_pk PRIMARY KEY (tenant_id, id)
);
CREATE INDEX interactions_time ON interactions (tenant_id, occurred_at);
CREATE INDEX interactions_prompt ON interactions (tenant_id, prompt_digest, occurred_at);
CREATE INDEX interactions_session ON interactions (tenant_id, session_id, occurred_at);

-- What model calls used, one row a call; rolled up by the hour.
CREATE TABLE usage_records (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    agent_id TEXT NOT NULL,
    user_id TEXT,
    provider TEXT NOT NULL,
    model TEXT NOT NULL,
    input_tokens BIGINT NOT NULL,
    cached_input_tokens BIGINT NOT NULL,
    cache_write_tokens BIGINT NOT NULL,
    output_tokens BIGINT NOT NULL,
    reasoning_tokens BIGINT NOT NULL,
    usd_micros BIGINT NOT NULL,
    estimated BOOLEAN NOT NULL,
    source TEXT NOT NULL, -- event | interaction | proxy
    occurred_at BIGINT NOT NULL,
    CONSTRAINT usage_records_pk PRIMARY KEY (tenant_id, id)
);
CREATE INDEX usage_records_time ON usage_records (tenant_id, occurred_at);

CREATE TABLE usage_hourly (
    tenant_id TEXT NOT NULL,
    hour_at BIGINT NOT NULL,
    agent_id TEXT NOT NULL,
    provider TEXT NOT NULL,
    model TEXT NOT NULL,
    calls BIGINT NOT NULL,
    input_tokens BIGINT NOT NULL,
    output_tokens BIGINT NOT NULL,
    usd_micros BIGINT NOT NULL,
    CONSTRAINT usage_hourly_pk PRIMARY KEY (tenant_id, hour_at, agent_id, provider, model)
);

CREATE TABLE content_rules (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    rule_type TEXT NOT NULL,
    scope_level TEXT NOT NULL,
    scope_id TEXT,
    config JSONB NOT NULL,
    severity TEXT NOT NULL, -- info | low | medium | high | critical
    enforcement TEXT NOT NULL, -- block | warn | log_only | redact | require_approval
    scan_mode TEXT NOT NULL, -- realtime | async | both
    scan_input BOOLEAN NOT NULL,
    scan_output BOOLEAN NOT NULL,
    scan_context BOOLEAN NOT NULL,
    priority BIGINT NOT NULL,
    enabled BOOLEAN NOT NULL,
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    CONSTRAINT content_rules_pk PRIMARY KEY (tenant_id, id),
    CONSTRAINT content_rules_name UNIQUE (tenant_id, name)
);

CREATE TABLE content_scans (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    agent_id TEXT NOT NULL,
    user_id TEXT,
    content_type TEXT NOT NULL,
    content_digest TEXT NOT NULL,
    content_length BIGINT NOT NULL,
    status TEXT NOT NULL, -- pending | scanning | completed | failed
    scan_mode TEXT NOT NULL,
    action_taken TEXT,
    max_severity TEXT,
    violation_count BIGINT NOT NULL,
    was_blocked BOOLEAN NOT NULL,
    was_redacted BOOLEAN NOT NULL,
    scan_duration_us BIGINT,
    session_id TEXT,
    request_id TEXT,
    scanned_at BIGINT,
    created_at BIGINT NOT NULL,
    CONSTRAINT content_scans_pk PRIMARY KEY (tenant_id, id)
);
CREATE INDEX content_scans_time ON content_scans (tenant_id, created_at);

-- What a scan found. The matched text itself is never kept: a digest, and where it stood.
CREATE TABLE content_violations (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    scan_id TEXT NOT NULL,
    rule_id TEXT,
    agent_id TEXT NOT NULL,
    user_id TEXT,
    rule_type TEXT NOT NULL,
    severity TEXT NOT NULL,
    enforcement TEXT NOT NULL,
    category TEXT NOT NULL,
    confidence DOUBLE PRECISION NOT NULL,
    match_start BIGINT,
    match_end BIGINT,
    match_digest TEXT,
    session_id TEXT,
    was_blocked BOOLEAN NOT NULL,
    was_redacted BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    CONSTRAINT content_violations_pk PRIMARY KEY (tenant_id, id)
);
CREATE INDEX content_violations_time ON content_violations (tenant_id, created_at);
CREATE INDEX content_violations_scan ON content_violations (tenant_id, scan_id);

CREATE TABLE alert_rules (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    condition JSONB NOT NULL,
    severity TEXT NOT NULL,
    enabled BOOLEAN NOT NULL,
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    CONSTRAINT alert_rules_pk PRIMARY KEY (tenant_id, id),
    CONSTRAINT alert_rules_name UNIQUE (tenant_id, name)
);

CREATE TABLE alerts (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    alert_type TEXT NOT NULL,
    severity TEXT NOT NULL,
    title TEXT NOT NULL,
    description TEXT NOT NULL,
    agent_id TEXT,
    user_id TEXT,
    dedup_key TEXT NOT NULL, -- an open alert with the same key is counted up, not repeated
    metadata JSONB NOT NULL,
    violation_count BIGINT NOT NULL,
    first_violation_at BIGINT,
    last_violation_at BIGINT,
    status TEXT NOT NULL, -- open | acknowledged | investigating | resolved | false_positive
    acknowledged_by TEXT,
    acknowledged_at BIGINT,
    resolved_by TEXT,
    resolved_at BIGINT,
    resolution_notes TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    CONSTRAINT alerts_pk PRIMARY KEY (tenant_id, id)
);
CREATE INDEX alerts_status ON alerts (tenant_id, status, id);
CREATE INDEX alerts_dedup ON alerts (tenant_id, dedup_key, status);

CREATE TABLE incidents (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    title TEXT NOT NULL,
    description TEXT NOT NULL,
    incident_type TEXT NOT NULL,
    severity TEXT NOT NULL, -- low | medium | high | critical
    status TEXT NOT NULL, -- open | investigating | mitigating | resolved | closed
    source TEXT NOT NULL, -- policy_violation | manual | anomaly | alert
    source_ref TEXT,
    dedup_key TEXT, -- an unresolved incident with the same key is counted up, not repeated
    occurrence_count BIGINT NOT NULL,
    agent_id TEXT,
    policy_id TEXT,
    deployment_id TEXT,
    affected_user TEXT NOT NULL,
    affected_user_count BIGINT NOT NULL,
    assignee_id TEXT,
    reporter_id TEXT NOT NULL,
    root_cause TEXT NOT NULL,
    impact TEXT NOT NULL,
    resolution TEXT NOT NULL,
    lessons TEXT NOT NULL,
    tags JSONB NOT NULL,
    evidence JSONB NOT NULL,
    occurred_at BIGINT NOT NULL,
    detected_at BIGINT NOT NULL,
    due_at BIGINT NOT NULL, -- when the service level for the severity ends
    acknowledged_at BIGINT,
    resolved_at BIGINT,
    closed_at BIGINT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    CONSTRAINT incidents_pk PRIMARY KEY (tenant_id, id)
);
CREATE INDEX incidents_status ON incidents (tenant_id, status, id);
CREATE INDEX incidents_dedup ON incidents (tenant_id, dedup_key, status);

CREATE TABLE incident_comments (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    incident_id TEXT NOT NULL,
    author_id TEXT NOT NULL,
    body TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    CONSTRAINT incident_comments_pk PRIMARY KEY (tenant_id, incident_id, id)
);

CREATE TABLE approvals (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    agent_id TEXT NOT NULL,
    user_id TEXT,
    action TEXT NOT NULL,
    resource TEXT,
    purpose TEXT NOT NULL,
    arguments_digest TEXT NOT NULL, -- of the exact call; the token is good for no other
    request JSONB NOT NULL, -- what the approver sees
    remedies JSONB NOT NULL, -- what the policies ask for
    reason TEXT NOT NULL,
    risk_score BIGINT NOT NULL,
    status TEXT NOT NULL, -- pending | approved | denied | expired | consumed | cancelled | merged
    requested_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    decided_by TEXT,
    decided_at BIGINT,
    decision_note TEXT NOT NULL,
    token_id TEXT, -- the id inside the minted token
    consumed_at BIGINT,
    merged_into TEXT, -- the open request for the same call that this one became part of
    CONSTRAINT approvals_pk PRIMARY KEY (tenant_id, id)
);
CREATE INDEX approvals_status ON approvals (tenant_id, status, id);
CREATE INDEX approvals_call ON approvals (tenant_id, arguments_digest, status);
CREATE INDEX approvals_expiry ON approvals (status, expires_at);
-- One call waits for one decision, however many replicas were asked.
CREATE UNIQUE INDEX approvals_pending ON approvals (tenant_id, arguments_digest) WHERE status = 'pending';

-- The audit chain. One writer a tenant: whoever appends locks the head first.
CREATE TABLE audit_heads (
    tenant_id TEXT NOT NULL CONSTRAINT audit_heads_pk PRIMARY KEY,
    size BIGINT NOT NULL,
    chain TEXT NOT NULL, -- the chain's state: head hash and Merkle frontier, as JSON
    updated_at BIGINT NOT NULL
);

CREATE TABLE audit_entries (
    tenant_id TEXT NOT NULL,
    sequence BIGINT NOT NULL,
    action TEXT NOT NULL,
    actor TEXT NOT NULL,
    resource_type TEXT NOT NULL,
    resource_id TEXT NOT NULL,
    entry TEXT NOT NULL, -- record and hashes as JSON, letter for letter what is verified
    recorded_at BIGINT NOT NULL,
    CONSTRAINT audit_entries_pk PRIMARY KEY (tenant_id, sequence)
);
CREATE INDEX audit_entries_time ON audit_entries (tenant_id, recorded_at);
CREATE INDEX audit_entries_resource ON audit_entries (tenant_id, resource_type, resource_id, sequence);

CREATE TABLE audit_checkpoints (
    tenant_id TEXT NOT NULL,
    size BIGINT NOT NULL,
    note TEXT NOT NULL, -- the signed checkpoint
    chain TEXT NOT NULL, -- the chain's state at this size, as JSON, to go on from
    signed_at BIGINT NOT NULL,
    CONSTRAINT audit_checkpoints_pk PRIMARY KEY (tenant_id, size)
);

CREATE TABLE secrets (
    tenant_id TEXT NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL, -- bundle | provider
    sealed TEXT NOT NULL, -- key id, nonce and ciphertext
    last_four TEXT NOT NULL,
    scope_level TEXT NOT NULL,
    scope_id TEXT,
    active BOOLEAN NOT NULL,
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    last_used_at BIGINT,
    CONSTRAINT secrets_pk PRIMARY KEY (tenant_id, kind, name)
);

CREATE TABLE webhooks (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    url TEXT NOT NULL,
    sealed_secret TEXT,
    event_types JSONB NOT NULL, -- empty for all
    severities JSONB NOT NULL, -- empty for all
    format TEXT NOT NULL, -- json | slack
    enabled BOOLEAN NOT NULL,
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    CONSTRAINT webhooks_pk PRIMARY KEY (tenant_id, id)
);

CREATE TABLE webhook_deliveries (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    webhook_id TEXT NOT NULL,
    event_type TEXT NOT NULL,
    body TEXT NOT NULL,
    status TEXT NOT NULL, -- pending | delivered | failed | dead
    attempts BIGINT NOT NULL,
    response_status BIGINT,
    last_error TEXT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    CONSTRAINT webhook_deliveries_pk PRIMARY KEY (tenant_id, id)
);
CREATE INDEX webhook_deliveries_hook ON webhook_deliveries (tenant_id, webhook_id, id);

CREATE TABLE notifications (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    kind TEXT NOT NULL,
    severity TEXT NOT NULL,
    subject TEXT NOT NULL,
    message TEXT NOT NULL,
    metadata JSONB NOT NULL,
    status TEXT NOT NULL, -- unread | read
    created_at BIGINT NOT NULL,
    read_at BIGINT,
    CONSTRAINT notifications_pk PRIMARY KEY (tenant_id, id)
);
CREATE INDEX notifications_time ON notifications (tenant_id, created_at);

CREATE TABLE system_prompts (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    slug TEXT NOT NULL,
    title TEXT NOT NULL,
    description TEXT NOT NULL,
    prompt_text TEXT NOT NULL,
    prompt_type TEXT NOT NULL, -- system | persona | task | chain | few_shot | safety | format
    status TEXT NOT NULL, -- draft | active | archived
    visibility TEXT NOT NULL, -- organization | private | public
    category TEXT NOT NULL, -- a slug; empty for none
    tags JSONB NOT NULL, -- slugs
    parent_id TEXT, -- the prompt it was forked from
    details JSONB NOT NULL, -- what people read beside the text
    applies_to JSONB NOT NULL,
    variables JSONB NOT NULL,
    version BIGINT NOT NULL,
    enabled BOOLEAN NOT NULL, -- whether agents get it: only while it is active
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    CONSTRAINT system_prompts_pk PRIMARY KEY (tenant_id, id),
    CONSTRAINT system_prompts_slug UNIQUE (tenant_id, slug)
);

CREATE TABLE system_prompt_revisions (
    tenant_id TEXT NOT NULL,
    prompt_id TEXT NOT NULL,
    version BIGINT NOT NULL,
    prompt_text TEXT NOT NULL,
    changed_by TEXT NOT NULL,
    changed_at BIGINT NOT NULL,
    CONSTRAINT system_prompt_revisions_pk PRIMARY KEY (tenant_id, prompt_id, version)
);

CREATE TABLE prompt_favorites (
    tenant_id TEXT NOT NULL,
    prompt_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    CONSTRAINT prompt_favorites_pk PRIMARY KEY (tenant_id, prompt_id, user_id)
);

CREATE TABLE prompt_ratings (
    tenant_id TEXT NOT NULL,
    prompt_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    id TEXT NOT NULL,
    rating BIGINT NOT NULL, -- 1 to 5
    review TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    CONSTRAINT prompt_ratings_pk PRIMARY KEY (tenant_id, prompt_id, user_id)
);

-- Models a tenant knows, whether it approved them, and what they cost. Prices have effective
-- dates; a tenant's own row wins over the built-in table.
CREATE TABLE models (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    provider TEXT NOT NULL,
    model TEXT NOT NULL,
    display_name TEXT NOT NULL,
    model_type TEXT NOT NULL,
    risk_level TEXT NOT NULL,
    capabilities JSONB NOT NULL,
    context_window BIGINT,
    approval TEXT NOT NULL, -- pending | approved | restricted | denied
    approval_note TEXT NOT NULL,
    decided_by TEXT,
    decided_at BIGINT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    CONSTRAINT models_pk PRIMARY KEY (tenant_id, id),
    CONSTRAINT models_name UNIQUE (tenant_id, provider, model)
);

CREATE TABLE model_prices (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    provider TEXT NOT NULL,
    model TEXT NOT NULL,
    input_usd_micros BIGINT NOT NULL, -- for a million tokens
    cached_input_usd_micros BIGINT,
    cache_write_usd_micros BIGINT,
    output_usd_micros BIGINT NOT NULL,
    effective_at BIGINT NOT NULL,
    source TEXT NOT NULL,
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    CONSTRAINT model_prices_pk PRIMARY KEY (tenant_id, id),
    CONSTRAINT model_prices_from UNIQUE (tenant_id, provider, model, effective_at)
);

CREATE TABLE legal_holds (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    reason TEXT NOT NULL,
    status TEXT NOT NULL, -- active | released
    entity_types JSONB NOT NULL, -- empty for all
    agent_ids JSONB NOT NULL, -- empty for all
    user_ids JSONB NOT NULL, -- empty for all
    data_from BIGINT,
    data_to BIGINT,
    hold_type TEXT NOT NULL, -- litigation | investigation | regulatory | audit | other
    reference_number TEXT NOT NULL,
    effective_at BIGINT NOT NULL, -- it holds from then on
    expires_at BIGINT, -- and no longer than until then
    custodian_email TEXT NOT NULL,
    notify_on_access BOOLEAN NOT NULL,
    notification_emails JSONB NOT NULL, -- who is told when it begins, changes or ends
    metadata JSONB NOT NULL,
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    released_by TEXT,
    released_at BIGINT,
    CONSTRAINT legal_holds_pk PRIMARY KEY (tenant_id, id)
);

CREATE TABLE behavioral_baselines (
    tenant_id TEXT NOT NULL,
    agent_id TEXT NOT NULL,
    baseline JSONB NOT NULL,
    sample_size BIGINT NOT NULL,
    computed_at BIGINT NOT NULL,
    CONSTRAINT behavioral_baselines_pk PRIMARY KEY (tenant_id, agent_id)
);

-- What may go wrong, and how bad that would be. Factors are 1, 2, 3, 5 or 8; a score is the product
-- of three of them.
CREATE TABLE risks (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    category TEXT NOT NULL, -- security | privacy | compliance | operational | reputational | financial | ethical
    status TEXT NOT NULL, -- identified | assessed | mitigating | accepted | transferred | closed
    severity BIGINT NOT NULL,
    likelihood BIGINT NOT NULL,
    impact BIGINT NOT NULL,
    score BIGINT NOT NULL, -- 1 to 512
    residual_severity BIGINT, -- what is left after mitigation
    residual_likelihood BIGINT,
    residual_impact BIGINT,
    mitigation_plan TEXT NOT NULL,
    mitigation_status TEXT NOT NULL, -- not_started | in_progress | completed | verified
    owner TEXT NOT NULL,
    tags JSONB NOT NULL,
    external_references JSONB NOT NULL,
    identified_at BIGINT NOT NULL,
    last_reviewed_at BIGINT,
    last_reviewed_by TEXT,
    next_review_at BIGINT, -- the first instant of the day, UTC
    closed_at BIGINT,
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    CONSTRAINT risks_pk PRIMARY KEY (tenant_id, id)
);
CREATE INDEX risks_status ON risks (tenant_id, status, score);

-- What a risk is about.
CREATE TABLE risk_links (
    tenant_id TEXT NOT NULL,
    risk_id TEXT NOT NULL,
    kind TEXT NOT NULL, -- policy | agent | incident
    target_id TEXT NOT NULL, -- of an agent: its own name for itself
    CONSTRAINT risk_links_pk PRIMARY KEY (tenant_id, risk_id, kind, target_id)
);
CREATE INDEX risk_links_target ON risk_links (tenant_id, kind, target_id);

-- The register at the end of each day on which it changed; a day without a row is as the one before.
CREATE TABLE risk_days (
    tenant_id TEXT NOT NULL,
    day_at BIGINT NOT NULL, -- the day's first instant, UTC
    open_count BIGINT NOT NULL,
    score_sum BIGINT NOT NULL,
    highest BIGINT NOT NULL,
    CONSTRAINT risk_days_pk PRIMARY KEY (tenant_id, day_at)
);

-- Which frameworks a tenant answers to, where that is not what the framework's file says.
CREATE TABLE framework_choices (
    tenant_id TEXT NOT NULL,
    framework_id TEXT NOT NULL,
    enabled BOOLEAN NOT NULL,
    changed_by TEXT NOT NULL,
    changed_at BIGINT NOT NULL,
    CONSTRAINT framework_choices_pk PRIMARY KEY (tenant_id, framework_id)
);

-- What a look at all controls came to.
CREATE TABLE assessments (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    assessment_type TEXT NOT NULL, -- manual | scheduled
    frameworks JSONB NOT NULL, -- of each enabled framework: its edition, and how many controls stand how
    score BIGINT NOT NULL, -- percent
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    CONSTRAINT assessments_pk PRIMARY KEY (tenant_id, id)
);

-- A control that a look found wanting: since when, and until when.
CREATE TABLE findings (
    tenant_id TEXT NOT NULL,
    framework_id TEXT NOT NULL,
    control_id TEXT NOT NULL,
    found_at BIGINT NOT NULL,
    title TEXT NOT NULL,
    severity TEXT NOT NULL, -- medium | high
    control_status TEXT NOT NULL, -- partial | not_met
    why TEXT NOT NULL,
    seen_at BIGINT NOT NULL,
    resolved_at BIGINT,
    CONSTRAINT findings_pk PRIMARY KEY (tenant_id, framework_id, control_id, found_at)
);
CREATE INDEX findings_open ON findings (tenant_id, resolved_at, found_at);

-- Who closes a gap, and by when.
CREATE TABLE gap_assignments (
    tenant_id TEXT NOT NULL,
    framework_id TEXT NOT NULL,
    control_id TEXT NOT NULL,
    owner TEXT NOT NULL,
    due_at BIGINT, -- the first instant of the day, in the organisation's time zone
    note TEXT NOT NULL,
    assigned_by TEXT NOT NULL,
    assigned_at BIGINT NOT NULL,
    CONSTRAINT gap_assignments_pk PRIMARY KEY (tenant_id, framework_id, control_id)
);

-- Days on which an agent used far more than in the days before.
CREATE TABLE anomalies (
    tenant_id TEXT NOT NULL,
    day_at BIGINT NOT NULL, -- the day's first instant, UTC
    agent_id TEXT NOT NULL,
    measure TEXT NOT NULL, -- calls | tokens | usd_micros
    id TEXT NOT NULL,
    severity TEXT NOT NULL, -- low | medium | high
    actual BIGINT NOT NULL,
    expected DOUBLE PRECISION NOT NULL, -- the mean of the seven days before
    sigma DOUBLE PRECISION NOT NULL, -- how many standard deviations above
    status TEXT NOT NULL, -- open | acknowledged | dismissed
    changed_by TEXT,
    changed_at BIGINT,
    found_at BIGINT NOT NULL,
    CONSTRAINT anomalies_pk PRIMARY KEY (tenant_id, day_at, agent_id, measure),
    CONSTRAINT anomalies_id UNIQUE (tenant_id, id)
);

-- Filters of a page that somebody wants again.
CREATE TABLE saved_views (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    page TEXT NOT NULL,
    name TEXT NOT NULL,
    query TEXT NOT NULL, -- the query string
    shared BOOLEAN NOT NULL,
    is_default BOOLEAN NOT NULL,
    owner TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    CONSTRAINT saved_views_pk PRIMARY KEY (tenant_id, id)
);
CREATE INDEX saved_views_page ON saved_views (tenant_id, page, owner);

CREATE TABLE reports (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    report_type TEXT NOT NULL,
    format TEXT NOT NULL,
    params JSONB NOT NULL,
    status TEXT NOT NULL, -- pending | generating | complete | failed
    progress BIGINT NOT NULL, -- how far it is built; percent
    content TEXT,
    error_message TEXT NOT NULL,
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    completed_at BIGINT,
    CONSTRAINT reports_pk PRIMARY KEY (tenant_id, id)
);

-- Running totals: the ledger itself where it is kept in SQL; else what the journals say of windows
-- of an hour or longer. Names are text, not JSONB: they may hold characters that JSONB refuses.
CREATE TABLE ledger_totals (
    id TEXT NOT NULL CONSTRAINT ledger_totals_pk PRIMARY KEY, -- window and counter in one text
    tenant_id TEXT NOT NULL,
    counter TEXT NOT NULL, -- JSON
    window_kind TEXT NOT NULL, -- fixed:SECONDS | sliding:SECONDS | month
    used BIGINT NOT NULL, -- an unsigned number in 64 bits
    started_at BIGINT NOT NULL,
    ends_at BIGINT NOT NULL, -- over from here on, and of no more use
    steps TEXT NOT NULL -- of a sliding window, JSON: [[step, amount], ...]
);
CREATE INDEX ledger_totals_tenant ON ledger_totals (tenant_id);
CREATE INDEX ledger_totals_end ON ledger_totals (ends_at);

CREATE TABLE ledger_reservations (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    reservation TEXT NOT NULL, -- the id as the caller wrote it, JSON
    lines TEXT NOT NULL, -- what was charged, JSON
    settled TEXT, -- the true usage, JSON, where that was learned of first
    charged_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    CONSTRAINT ledger_reservations_pk PRIMARY KEY (tenant_id, id)
);
CREATE INDEX ledger_reservations_end ON ledger_reservations (expires_at);

-- Background work. A job is enqueued in the transaction of the change that asks for it.
CREATE TABLE jobs (
    tenant_id TEXT, -- none for work of the whole installation
    id TEXT NOT NULL CONSTRAINT jobs_pk PRIMARY KEY,
    kind TEXT NOT NULL,
    payload JSONB NOT NULL,
    unique_key TEXT CONSTRAINT jobs_unique_key UNIQUE, -- a second job with the key is not enqueued
    status TEXT NOT NULL, -- queued | running | done | dead
    attempts BIGINT NOT NULL,
    max_attempts BIGINT NOT NULL,
    run_at BIGINT NOT NULL,
    leased_by TEXT,
    lease_until_at BIGINT,
    last_error TEXT,
    created_at BIGINT NOT NULL,
    finished_at BIGINT
);
CREATE INDEX jobs_due ON jobs (status, run_at);
CREATE INDEX jobs_tenant ON jobs (tenant_id, id);

CREATE TABLE schedules (
    name TEXT NOT NULL CONSTRAINT schedules_pk PRIMARY KEY,
    last_run_at BIGINT,
    last_status TEXT,
    next_run_at BIGINT NOT NULL
);

-- How far recurring work has come.
CREATE TABLE watermarks (
    tenant_id TEXT NOT NULL,
    name TEXT NOT NULL,
    reached_at BIGINT NOT NULL,
    detail JSONB NOT NULL, -- further facts of the last run
    updated_at BIGINT NOT NULL,
    CONSTRAINT watermarks_pk PRIMARY KEY (tenant_id, name)
);

-- How far each server has drained its journal: written in the transaction of what it drained.
CREATE TABLE journal_positions (
    node_id TEXT NOT NULL CONSTRAINT journal_positions_pk PRIMARY KEY,
    segment BIGINT NOT NULL,
    byte_offset BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE TABLE replicas (
    node_id TEXT NOT NULL CONSTRAINT replicas_pk PRIMARY KEY,
    address TEXT NOT NULL,
    version TEXT NOT NULL,
    started_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL
);

-- People who sign in. `email` is in lower case; a person of an identity provider is known by `oidc_subject`.
CREATE TABLE users (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    email TEXT NOT NULL,
    name TEXT NOT NULL,
    role TEXT NOT NULL, -- admin | operator | viewer
    source TEXT NOT NULL, -- local | oidc
    oidc_subject TEXT, -- issuer, a blank, and the subject there
    password_hash TEXT, -- Argon2id, as a PHC string
    password_temporary BOOLEAN NOT NULL, -- good only for choosing another
    password_expires_at BIGINT, -- of a temporary password
    password_changed_at BIGINT,
    sealed_totp TEXT, -- the secret of one-time codes, sealed
    totp_confirmed BOOLEAN NOT NULL, -- codes are asked for from then on
    totp_last_step BIGINT NOT NULL, -- the last code that was used, so that none is used twice
    failures BIGINT NOT NULL, -- sign-ins that failed since the last that did not
    locked_until BIGINT,
    disabled_at BIGINT,
    last_sign_in_at BIGINT,
    notify_by_email BOOLEAN NOT NULL, -- whether they get the organisation's messages by e-mail
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    CONSTRAINT users_pk PRIMARY KEY (tenant_id, id),
    CONSTRAINT users_email UNIQUE (tenant_id, email),
    CONSTRAINT users_oidc_subject UNIQUE (tenant_id, oidc_subject)
);

-- What signs a person in once in the place of a one-time code; taken away when it is used.
CREATE TABLE recovery_codes (
    tenant_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    code_hash TEXT NOT NULL, -- a keyed hash, lower-case hexadecimal
    created_at BIGINT NOT NULL,
    CONSTRAINT recovery_codes_pk PRIMARY KEY (tenant_id, user_id, code_hash)
);

-- Where people are signed in. Of the cookie only a keyed hash is kept.
CREATE TABLE user_sessions (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    token_hash TEXT NOT NULL CONSTRAINT user_sessions_token UNIQUE, -- lower-case hexadecimal
    signed_in_by TEXT NOT NULL, -- local | oidc
    created_at BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    revoked_at BIGINT,
    ip_address TEXT NOT NULL,
    user_agent TEXT NOT NULL,
    CONSTRAINT user_sessions_pk PRIMARY KEY (tenant_id, id)
);
CREATE INDEX user_sessions_user ON user_sessions (tenant_id, user_id, id);
CREATE INDEX user_sessions_end ON user_sessions (expires_at); -- ended ones are taken away
