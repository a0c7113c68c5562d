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
};
