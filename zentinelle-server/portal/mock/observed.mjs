// Answers for monitoring, risk, compliance, the audit log, prompts and models.
const day = (back) => new Date(Date.now() - back * 86_400_000).toISOString();
const FACTORS = [1, 2, 3, 5, 8];
const level = (score) => (score >= 200 ? "critical" : score >= 75 ? "high" : score >= 18 ? "medium" : "low");
const number = (seed) => [...seed].reduce((sum, one) => (sum * 31 + one.codePointAt(0)) % 9973, 7);
const of = (list, seed) => list[number(seed) % list.length];
const options = (values) => () => values.map((value) => ({ value, label: value.replaceAll("_", " ").replace(/^./, (one) => one.toUpperCase()) }));

const RISKS = ["Prompt injection through customer mail", "Secrets in tool arguments", "Runaway spend of a looping agent", "Personal data in model prompts", "Unreviewed payment above the limit", "Model vendor outage", "Untested model in production", "Biased claim summaries"];
const factor = (name) => (source, args, seed) => of(FACTORS, seed + name);
const score = (seed) => of(FACTORS, `${seed}severity`) * of(FACTORS, `${seed}likelihood`) * of(FACTORS, `${seed}impact`);
const rest = (seed) => Math.max(1, Math.round(score(seed) / 4));

const DENIED = "Denied: the tool `shell` is not on the list of this agent.";
const CALLS = ["claude-sonnet-4-5", "gpt-5", "claude-haiku-4-5"];
const line = (key, label, scale) => ({ key, label, total: scale * 14, points: Array.from({ length: 14 }, (_, index) => ({ at: day(13 - index), value: Math.round(scale * (0.6 + 0.5 * Math.abs(Math.sin(index / 2 + scale)))) })) });
const GROUPS = { agent: ["support-triage", "invoice-reader", "code-reviewer", "claims-summary"], model: CALLS, provider: ["anthropic", "openai"], user: ["ines@example.com", "tom@example.com"], policy_type: ["tool_permission", "budget_limit"] };
const MONITORED = {
  "Query.activitySeries": (source, { by, measure, bucket }) => ({ bucket, unit: { cost_usd: "usd", latency_ms: "ms" }[measure] ?? measure, lines: by ? GROUPS[by].map((one, index) => line(one, one, 120 / (index + 1))) : [line("all", "All", 900)] }),
  "TimelineEntryType.kind": (source, args, seed) => of(["decision", "decision", "interaction", "event"], seed), "TimelineEntryType.title": (source, args, seed) => of(["tool_call: shell", "llm:invoke claude-sonnet-4-5", "data_access: customers", "tool_call: web_search", "heartbeat"], seed),
  "TimelineEntryType.status": (source, args, seed) => of(["allowed", "allowed", "allowed", "denied"], seed),
  "Query.timeline": () => Array.from({ length: 14 }, (_, index) => ({ __seed: `timeline${index}`, at: new Date(Date.now() - (14 - index) * 47_000).toISOString() })),
  "DecisionType.allowed": (source, args, seed) => seed.startsWith("id") ? false : number(seed) % 4 !== 0, "DecisionType.action": (source, args, seed) => of(["tool_call: shell", "llm:invoke", "data_access: customers", "tool_call: web_search"], seed), "DecisionType.dryRun": () => false,
  "DecisionType.reason": (source, args, seed) => (seed.startsWith("id") || number(seed) % 4 === 0 ? DENIED : null), "DecisionType.source": (source, args, seed) => of(["sdk", "proxy", "api"], seed), "DecisionType.warnings": () => ["Spend of this month passed 80 % of its limit."],
  "DecisionType.context": () => ({ tool: "shell", arguments: { command: "rm -rf build" }, session_id: "s1", user_id: "ines@example.com", api_key: "***" }), "DecisionType.interactions": () => [{ __seed: "call1" }],
  "DecisionType.policies": () => [
    { policyId: "p1", policyName: "Restrict shell tools", policyType: "tool_permission", version: 4, verdict: "violated", code: "tool_permission.denied", message: DENIED, enforcement: "enforce", pointer: "/config/denied_tools/0" },
    { policyId: "p2", policyName: "Cap model spend", policyType: "budget_limit", version: 2, verdict: "satisfied", code: null, message: null, enforcement: "enforce", pointer: null },
    { policyId: "p3", policyName: "Mask personal data", policyType: "output_filter", version: 1, verdict: "not_applicable", code: null, message: null, enforcement: "audit", pointer: null },
  ],
  "PolicyType.config": () => ({ denied_tools: ["shell", "file_delete"], allowed_tools: ["web_search", "calculator"] }),
  "InteractionLogType.aiModel": (source, args, seed) => of(CALLS, seed), "InteractionLogType.wasBlocked": (source, args, seed) => number(seed) % 9 === 0, "InteractionLogType.hasViolations": (source, args, seed) => number(seed) % 5 === 0,
  "InteractionLogType.violationCount": () => 2, "InteractionLogType.systemPrompt": () => "You answer questions of customers about their invoices.", "InteractionLogType.inputContent": () => "Why was invoice 4711 billed twice?", "InteractionLogType.outputContent": () => "Invoice 4711 was billed once; the second line is a credit note.", "InteractionLogType.toolCalls": () => [{ name: "search_invoices", arguments: { number: 4711 } }],
  "EventType.eventCategory": (source, args, seed) => of(["telemetry", "audit", "alert"], seed), "EventType.status": (source, args, seed) => of(["processed", "processed", "pending"], seed),
  "ContentSummaryType.scans": () => 18_214, "ContentSummaryType.withViolations": () => 342, "ContentSummaryType.blocked": () => 41, "ContentSummaryType.redacted": () => 187,
  "ContentSummaryType.bySeverity": () => [["critical", 12], ["high", 74], ["medium", 161], ["low", 95]].map(([key, count]) => ({ key, label: key, count })),
  "ContentSummaryType.byRuleType": () => [["pii_detection", 190], ["secret_detection", 61], ["prompt_injection", 58], ["keyword_block", 33]].map(([key, count]) => ({ key, label: key, count })),
  "ContentSummaryType.series": () => [line("critical", "critical", 2), line("high", "high", 8), line("medium", "medium", 14), line("low", "low", 7)],
  "ContentViolationType.ruleType": (source, args, seed) => of(["pii_detection", "secret_detection", "prompt_injection"], seed), "ContentViolationType.matchedText": (source, args, seed) => of(["i***@example.com", "sk_live_***", "ignore all previous orders", "4***-****-****-1111"], seed), "ContentViolationType.confidence": () => 0.92,
  "ContentViolationType.ruleName": (source, args, seed) => of(["Personal data in prompts", "Keys and tokens", "Injection in tickets"], seed), "ContentViolationType.wasBlocked": (source, args, seed) => number(seed) % 4 === 0,
  "ContentRuleType.name": (source, args, seed) => of(["Personal data in prompts", "Keys and tokens", "Injection in tickets", "Names of projects"], seed), "ContentRuleType.ruleType": (source, args, seed) => of(["pii_detection", "secret_detection", "prompt_injection", "keyword_block"], seed),
  "ContentRuleType.enforcement": (source, args, seed) => of(["block", "redact", "log_only"], seed), "ContentRuleType.config": () => ({ detect_emails: true, detect_phones: false }),
  "ContentScanType.contentType": (source, args, seed) => of(["user_input", "ai_output", "tool_call"], seed), "ContentScanType.contentPreview": () => "Why was invoice 4711 billed twice? My card ends in ****", "ContentScanType.maxSeverity": (source, args, seed) => of(["high", "medium", "low"], seed), "ContentScanType.hasViolations": (source, args, seed) => number(seed) % 3 === 0,
  "AnomalyType.kind": (source, args, seed) => of(["cost", "tokens", "denials"], seed), "AnomalyType.title": (source, args, seed) => of(["Cost of support-triage far above its week", "Denials of code-reviewer doubled", "Tokens of invoice-reader above its peers"], seed), "AnomalyType.actual": () => 412.6, "AnomalyType.expected": () => 138.2, "AnomalyType.sigma": () => 3.4, "AnomalyType.status": (source, args, seed) => of(["open", "acknowledged", "resolved"], seed),
  "ComplianceAlertType.title": (source, args, seed) => of(["Personal data sent by support-triage", "Secrets found three times in an hour", "Denials of code-reviewer reach 20"], seed), "ComplianceAlertType.alertType": (source, args, seed) => of(["single_violation", "repeated_violations", "threshold"], seed), "ComplianceAlertType.status": (source, args, seed) => of(["open", "acknowledged", "resolved"], seed), "ComplianceAlertType.resolutionNotes": () => "",
  "AlertRuleType.kind": (source, args, seed) => of(["denials", "denial_percent", "usd_micros"], seed), "AlertRuleType.config": () => ({ metric: "denials", threshold: 20, window_minutes: 15 }), "AlertRuleType.name": (source, args, seed) => of(["Many denials", "Half of all denied", "Spend in an hour"], seed),
};

export const OBSERVED = {
  "RiskType.name": (source, args, seed) => of(RISKS, seed), "RiskType.severity": factor("severity"), "RiskType.likelihood": factor("likelihood"), "RiskType.impact": factor("impact"),
  "RiskType.riskScore": (source, args, seed) => score(seed), "RiskType.riskLevel": (source, args, seed) => level(score(seed)),
  "RiskType.residualRiskScore": (source, args, seed) => (number(seed) % 4 === 0 ? null : rest(seed)), "RiskType.residualRiskLevel": (source, args, seed) => level(rest(seed)),
  "RiskType.status": (source, args, seed) => of(["identified", "assessed", "mitigating", "accepted"], seed), "RiskType.mitigationStatus": (source, args, seed) => of(["not_started", "in_progress", "completed"], seed),
  "RiskType.category": (source, args, seed) => of(["security", "privacy", "compliance", "operational", "financial"], seed),
  "RiskType.nextReviewDate": (source, args, seed) => day((number(seed) % 60) - 45).slice(0, 10), "RiskType.incidentCount": (source, args, seed) => number(seed) % 4, "RiskType.tags": () => ["llm", "payments"],
  "RiskType.description": () => "A text that an agent reads carries orders of its own, and the agent follows them with the rights it has.",
  "RiskType.policies": () => [{ __seed: "p1" }, { __seed: "p2" }], "RiskType.agents": () => [{ __seed: "a1" }], "RiskType.incidents": () => [{ __seed: "i1" }, { __seed: "i2" }],
  "Query.riskMatrix": () => [[2, 3, 4, 60], [3, 5, 3, 120], [5, 5, 2, 200], [8, 5, 1, 320], [1, 8, 2, 64], [5, 8, 1, 512], [3, 2, 6, 48], [1, 1, 2, 8]].map(([likelihood, impact, count, highest]) => ({ likelihood, impact, count, highest })),
  "Query.riskTrend": (source, { days }) => Array.from({ length: days }, (_, index) => ({ at: day(days - index - 1).slice(0, 10), open: 18 + Math.round(4 * Math.sin(index / 6)), mean: 74 - index * 0.4, highest: index < days / 2 ? 512 : 320 })),
  "Query.riskOptions": () => ({ __seed: "options" }), "RiskOptionsType.categories": options(["security", "privacy", "compliance", "operational", "reputational", "financial", "ethical"]),
  "RiskOptionsType.statuses": options(["identified", "assessed", "mitigating", "accepted", "transferred", "closed"]),
  "RiskStatsType.openRisks": () => 21, "RiskStatsType.criticalRisks": () => 2, "RiskStatsType.highRisks": () => 5, "RiskStatsType.openIncidents": () => 4, "RiskStatsType.slaBreachedCount": () => 1,
  "RiskStatsType.risksByLevel": () => [["critical", 2], ["high", 5], ["medium", 9], ["low", 5]].map(([key, count]) => ({ level: key, count })),
  "RiskStatsType.risksByCategory": () => [["security", 8], ["privacy", 5], ["compliance", 3], ["operational", 3], ["financial", 2]].map(([category, count]) => ({ category, count })),
  "RiskStatsType.incidentsBySeverity": () => [["critical", 1], ["high", 4], ["medium", 9], ["low", 7]].map(([severity, count]) => ({ severity, count })),
  "IncidentType.title": (source, args, seed) => of(["Customer list sent to an outside model", "Agent deleted a staging table", "Spend limit passed overnight", "Injection in a support ticket", "Wrong refund approved"], seed),
  "IncidentType.status": (source, args, seed) => of(["open", "investigating", "mitigating", "resolved", "closed"], seed), "IncidentType.incidentType": (source, args, seed) => of(["data_leak", "policy_violation", "cost_overrun", "harmful_output"], seed),
  "IncidentType.slaStatus": (source, args, seed) => of(["on_track", "breached", "met"], seed), "IncidentType.resolvedAt": (source, args, seed) => (of(["on_track", "breached", "met"], seed) === "met" ? day(0.4) : null),
  "IncidentType.slaDueAt": (source, args, seed) => (of(["on_track", "breached", "met"], seed) === "on_track" ? day(-0.2) : day(0.3)), "IncidentType.tags": () => ["privacy"],
  "IncidentType.evidence": () => [{ kind: "decision", reference: "0198c0de-0000-7000-a000-000000000001", note: "The call that was let through", by: "Ines Kowal", at: day(0.6) }, { kind: "link", reference: "https://example.com/ticket/4711" }],
  "IncidentType.timelineEvents": () => [{ event: "detected", at: day(0.9) }, { event: "acknowledged", at: day(0.7) }],
  "IncidentType.comments": () => [{ __seed: "c1", body: "The key has been rotated; the vendor was told." }, { __seed: "c2", body: "Second agent checked, not affected." }],
  "IncidentOptionsType.incidentTypes": options(["policy_violation", "security_breach", "data_leak", "service_disruption", "compliance_breach", "cost_overrun", "harmful_output", "other"]),
  "IncidentOptionsType.severities": options(["critical", "high", "medium", "low"]), "IncidentOptionsType.statuses": options(["open", "investigating", "mitigating", "resolved", "closed"]),
  ...MONITORED,
};
