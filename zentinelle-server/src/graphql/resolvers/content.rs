//! Content rules, scans, and what they found.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::shared::{agent_of, at, display, input, options, own_id, same_id};
use crate::clock;
use crate::graphql::ask::{Ask, ById, Id, Instant, Resolvers, optional};
use crate::graphql::page::{self, PageArgs};
use crate::http::error::ApiError;
use crate::service::content_rules::{self, ContentType, RuleSet, RuleType, ScanMode};
use crate::service::hold_access::{self, Access, Records};
use crate::store::entities::{content_rule, content_scan, content_violation};
use crate::store::{content_rules as rule_store, counts, keyset, scans as store, wire_name};

/// What rules look for; the reserved types are no choice.
const RULE_TYPES: [RuleType; 11] = [
    RuleType::SecretDetection,
    RuleType::PiiDetection,
    RuleType::PhiDetection,
    RuleType::ProfanityFilter,
    RuleType::CustomPattern,
    RuleType::KeywordBlock,
    RuleType::PromptInjection,
    RuleType::JailbreakAttempt,
    RuleType::OffTopic,
    RuleType::CostThreshold,
    RuleType::TokenLimit,
];
const SEVERITIES: [&str; 5] = ["info", "low", "medium", "high", "critical"];
const ENFORCEMENTS: [&str; 5] = ["block", "warn", "log_only", "redact", "require_approval"];

/// Unit: microseconds.
const DAY: i64 = 86_400_000_000;
/// The most days of a series. Whoever asks for more gets the newest.
const MOST_DAYS: i64 = 1_000;

pub(super) fn register(to: &mut Resolvers) {
    to.query("contentRules", rules);
    to.query("contentRulesPage", async |ask: Ask, args: PageArgs<rule_store::Listed>| {
        let select = args.filter().select(ask.tenant());
        args.read(&ask, "contentRules", select, rule_store::SORTS, content_rule::Column::Id, rule_view).await
    });
    to.query("contentRule", async |ask: Ask, args: ById| {
        optional(content_rules::get(&ask.app, &ask.caller, &args.id.0).await.map(rule_view))
    });
    to.query("contentRuleOptions", async |_: Ask, _: Value| {
        let types: Vec<String> = RULE_TYPES.iter().map(wire_name).collect();
        let types: Vec<&str> = types.iter().map(String::as_str).collect();
        let scopes = ["organization", "sub_organization", "deployment", "group", "endpoint", "user"];
        Ok::<_, ApiError>(json!({
            "ruleTypes": options(&types), "severities": options(&SEVERITIES), "enforcements": options(&ENFORCEMENTS),
            "scanModes": options(&["realtime", "async", "both"]), "scopeTypes": options(&scopes),
        }))
    });
    to.mutation("createContentRule", async |ask: Ask, args: Create| -> Result<Value, ApiError> {
        let row = content_rules::create(&ask.app, &ask.caller, written(&ask, args.input).await?).await?;
        Ok(json!({ "ruleId": row.id }))
    });
    to.mutation("updateContentRule", async |ask: Ask, args: Update| -> Result<Value, ApiError> {
        same_id(&args.id, &args.input)?;
        let written = written(&ask, args.input).await?;
        let row = content_rules::update(&ask.app, &ask.caller, args.id.known("content rule")?, written).await?;
        Ok(json!({ "ruleId": row.id }))
    });
    to.mutation("toggleContentRuleEnabled", async |ask: Ask, args: ById| -> Result<Value, ApiError> {
        let row = content_rules::get(&ask.app, &ask.caller, args.id.known("content rule")?).await?;
        let change = input(json!({ "enabled": !row.enabled }))?;
        let row = content_rules::update(&ask.app, &ask.caller, &row.id, change).await?;
        Ok(json!({ "ruleId": row.id }))
    });
    to.mutation("duplicateContentRule", async |ask: Ask, args: ById| -> Result<Value, ApiError> {
        let row = content_rules::get(&ask.app, &ask.caller, args.id.known("content rule")?).await?;
        let copy = input(json!({
            "name": format!("{} (copy {})", row.name, clock::iso(clock::now_micros())), "rule_type": row.rule_type,
            "scope_type": row.scope_level, "scope_id": row.scope_id, "config": row.config, "severity": row.severity,
            "enforcement": row.enforcement, "scan_mode": row.scan_mode, "scan_input": row.scan_input,
            "scan_output": row.scan_output, "scan_context": row.scan_context, "priority": row.priority,
            "enabled": false,
        }))?;
        let made = content_rules::create(&ask.app, &ask.caller, copy).await?;
        Ok(json!({ "ruleId": made.id }))
    });
    to.mutation("testContentRule", test);
    to.mutation("deleteContentRule", async |ask: Ask, args: ById| -> Result<Value, ApiError> {
        content_rules::delete(&ask.app, &ask.caller, args.id.known("content rule")?).await?;
        Ok(json!({}))
    });
    found(to);
}

/// Scans and violations.
fn found(to: &mut Resolvers) {
    to.query("contentScans", scans);
    to.query("contentScansPage", async |ask: Ask, args: PageArgs<store::Listed>| {
        let mut wanted = args.filter();
        own_id(&ask, &mut wanted.endpoint_id).await?;
        let select = wanted.select(ask.tenant());
        args.read(&ask, "contentScans", select, store::SORTS, content_scan::Column::Id, scan_view).await
    });
    to.query("contentScan", async |ask: Ask, args: ById| -> Result<Option<Value>, ApiError> {
        let Some(row) = store::by_id(ask.db(), ask.tenant(), &args.id.0).await? else { return Ok(None) };
        let records = Records::one("scans", row.created_at, &row.agent_id, row.user_id.as_deref());
        hold_access::tell(&ask.app, &ask.caller, Access::Opened, records).await?;
        Ok(Some(scan_view(row)))
    });
    to.query("contentViolations", async |ask: Ask, args: Violations| {
        let wanted = store::ViolationsListed {
            rule_type: keyset::word(args.rule_type),
            severity: keyset::word(args.severity),
            since: args.start_date,
            until: args.end_date,
            ..store::ViolationsListed::default()
        };
        let select = wanted.select(ask.tenant());
        page::list(&ask, select, store::VIOLATION_SORTS, content_violation::Column::Id, violation_view).await
    });
    to.query("contentViolationsPage", async |ask: Ask, args: PageArgs<store::ViolationsListed>| {
        let mut wanted = args.filter();
        own_id(&ask, &mut wanted.endpoint_id).await?;
        let (select, sorts) = (wanted.select(ask.tenant()), store::VIOLATION_SORTS);
        args.read(&ask, "contentViolations", select, sorts, content_violation::Column::Id, violation_view).await
    });
    to.query("contentSummary", summary);
    to.batch("scan_violations", async |app, tenant, ids| {
        let rows = store::violations_of_all(app.store.db(), &tenant, &ids).await?;
        let mut by_scan: hashbrown::HashMap<String, Value> = hashbrown::HashMap::new();
        for row in rows {
            let list = by_scan.entry(row.scan_id.clone()).or_insert_with(|| json!([]));
            if let Some(list) = list.as_array_mut() {
                list.push(violation_view(row));
            }
        }
        Ok(by_scan)
    });
    to.batch("scan", async |app, tenant, ids| {
        let rows = store::by_ids(app.store.db(), &tenant, &ids).await?;
        Ok(rows.into_iter().map(|row| (row.id.clone(), scan_view(row))).collect())
    });
    to.batch("rule_name", async |app, tenant, ids| {
        let rows = rule_store::by_ids(app.store.db(), &tenant, &ids).await?;
        Ok(rows.into_iter().map(|row| (row.id, json!(row.name))).collect())
    });
    to.batch("rule_violations", async |app, tenant, ids| {
        let rows = counts::violations_of_rules(app.store.db(), &tenant, &ids).await?;
        Ok(rows.into_iter().map(|(id, count)| (id, json!(count))).collect())
    });
    to.field("ContentRuleType", "violationCount", async |ask: Ask, _: Value| {
        let count = ask.load("rule_violations", ask.of_parent("id")).await?;
        Ok::<_, ApiError>(count.as_i64().unwrap_or_default())
    });
    to.field("ContentViolationType", "ruleName", async |ask: Ask, _: Value| {
        ask.load("rule_name", ask.of_parent("ruleId")).await
    });
    to.field("ContentScanType", "violations", async |ask: Ask, _: Value| {
        let found = ask.load("scan_violations", ask.of_parent("id")).await?;
        Ok::<_, ApiError>(if found.is_null() { json!([]) } else { found })
    });
    to.field("ContentScanType", "endpointName", async |ask: Ask, _: Value| {
        let agent = ask.load("agent", ask.of_parent("agentId")).await?;
        Ok::<_, ApiError>(agent.get("name").cloned().unwrap_or_default())
    });
}

fn rule_view(row: content_rule::Model) -> Value {
    json!({
        "id": row.id, "name": row.name, "description": "", "ruleType": row.rule_type, "config": row.config,
        "severity": row.severity, "enforcement": row.enforcement, "scanMode": row.scan_mode,
        "scanInput": row.scan_input, "scanOutput": row.scan_output, "scanContext": row.scan_context,
        "scopeType": row.scope_level, "scopeName": row.scope_id, "priority": row.priority, "enabled": row.enabled,
        "notifyUser": false, "notifyAdmins": false, "webhookUrl": "", "createdAt": clock::iso(row.created_at),
        "updatedAt": clock::iso(row.updated_at), "ruleTypeDisplay": display(&row.rule_type),
        "severityDisplay": display(&row.severity), "enforcementDisplay": display(&row.enforcement),
    })
}

fn scan_view(row: content_scan::Model) -> Value {
    json!({
        "id": row.id, "contentType": row.content_type, "contentHash": row.content_digest,
        "contentLength": row.content_length, "contentPreview": "", "contentStored": false, "status": row.status,
        "scanMode": row.scan_mode, "scannedAt": at(row.scanned_at),
        "scanDurationMs": row.scan_duration_us.map(|us| us / 1000), "hasViolations": row.violation_count > 0,
        "violationCount": row.violation_count, "maxSeverity": row.max_severity, "actionTaken": row.action_taken,
        "wasBlocked": row.was_blocked, "wasRedacted": row.was_redacted,
        "userIdentifier": row.user_id.unwrap_or_default(), "sessionId": row.session_id.unwrap_or_default(),
        "requestId": row.request_id.unwrap_or_default(), "userAgent": "", "createdAt": clock::iso(row.created_at),
        "contentTypeDisplay": display(&row.content_type), "statusDisplay": display(&row.status),
        "agentId": row.agent_id,
    })
}

/// What was found; the matched text itself is never kept, only its digest.
fn violation_view(row: content_violation::Model) -> Value {
    json!({
        "id": row.id, "ruleType": row.rule_type, "severity": row.severity, "enforcement": row.enforcement,
        "matchedPattern": row.category, "matchedText": row.match_digest.unwrap_or_default(),
        "matchStart": row.match_start, "matchEnd": row.match_end, "confidence": row.confidence,
        "category": row.category, "metadata": {}, "wasBlocked": row.was_blocked, "wasRedacted": row.was_redacted,
        "userNotified": false, "adminNotified": false, "createdAt": clock::iso(row.created_at),
        "ruleTypeDisplay": display(&row.rule_type), "severityDisplay": display(&row.severity), "ruleId": row.rule_id,
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Rules {
    search: Option<String>,
    rule_type: Option<String>,
    severity: Option<String>,
    enforcement: Option<String>,
    enabled: Option<bool>,
}

async fn rules(ask: Ask, args: Rules) -> Result<Vec<Value>, ApiError> {
    let wanted = rule_store::Listed {
        search: args.search,
        rule_type: keyset::word(args.rule_type),
        severity: keyset::word(args.severity),
        enforcement: keyset::word(args.enforcement),
        enabled: args.enabled,
    };
    page::list(&ask, wanted.select(ask.tenant()), rule_store::SORTS, content_rule::Column::Id, rule_view).await
}

#[derive(Deserialize)]
struct Create {
    input: Map<String, Value>,
}

#[derive(Deserialize)]
struct Update {
    id: Id,
    input: Map<String, Value>,
}

/// A rule as the service takes it. What has no effect here is refused rather than forgotten.
async fn written(ask: &Ask, given: Map<String, Value>) -> Result<content_rules::RuleInput, ApiError> {
    for key in ["notifyUser", "notifyAdmins", "webhookUrl"] {
        let asked =
            given.get(key).is_some_and(|value| *value != json!(false) && *value != json!("") && !value.is_null());
        if asked {
            let message = "has no effect on a rule: make an alert rule and a webhook for what should be told";
            return Err(ApiError::invalid(key, message));
        }
    }
    let of = |key: &str| given.get(key).cloned().unwrap_or_default();
    let scope = match given.get("scopeEndpointId").and_then(Value::as_str) {
        Some(id) => json!(agent_of(ask, id).await?.agent_id),
        None => of("scopeDeploymentId"),
    };
    input(json!({
        "name": of("name"), "rule_type": of("ruleType"), "severity": of("severity"), "enforcement": of("enforcement"),
        "scan_mode": of("scanMode"), "scan_input": of("scanInput"), "scan_output": of("scanOutput"),
        "scan_context": of("scanContext"), "scope_type": of("scopeType"), "scope_id": scope,
        "priority": of("priority"), "enabled": of("enabled"), "config": of("config"),
    }))
}

#[derive(Deserialize)]
struct Test {
    id: Id,
    content: String,
}

/// Runs one rule, as it would run if it were enabled and for everybody, over a text. Nothing is kept.
async fn test(ask: Ask, args: Test) -> Result<Value, ApiError> {
    crate::service::fields::text("content", &args.content, 100_000)?;
    let mut row = content_rules::get(&ask.app, &ask.caller, args.id.known("content rule")?).await?;
    (row.enabled, row.scan_input, row.scope_id) = (true, true, None);
    "both".clone_into(&mut row.scan_mode);
    "organization".clone_into(&mut row.scope_level);
    let agent = zentinelle_core::Agent::new(ask.tenant().clone(), "test");
    let set = RuleSet::compile(vec![row]);
    let scanned = set.scan(&content_rules::Question {
        chain: zentinelle_core::scope::ScopeChain::new(&agent, None),
        text: &args.content,
        content_type: ContentType::UserInput,
        mode: ScanMode::Realtime,
        tokens: None,
        usd_micros: None,
    });
    let matches: Vec<Value> = scanned
        .violations
        .iter()
        .map(|found| {
            let span = found.span.clone();
            json!({
                "category": found.category, "severity": wire_name(&found.severity), "confidence": found.confidence,
                "start": span.as_ref().map(|span| span.start), "end": span.as_ref().map(|span| span.end),
                "text": span.and_then(|span| args.content.get(span)),
            })
        })
        .collect();
    Ok(json!({ "matched": scanned.count > 0, "matches": matches }))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Scans {
    user_identifier: Option<String>,
    endpoint_id: Option<String>,
    has_violations: Option<bool>,
    content_type: Option<String>,
    start_date: Option<Instant>,
    end_date: Option<Instant>,
}

async fn scans(ask: Ask, args: Scans) -> Result<Vec<Value>, ApiError> {
    let mut wanted = store::Listed {
        content_type: keyset::word(args.content_type),
        endpoint_id: args.endpoint_id,
        has_violations: args.has_violations,
        user_identifier: args.user_identifier,
        since: args.start_date,
        until: args.end_date,
        ..store::Listed::default()
    };
    own_id(&ask, &mut wanted.endpoint_id).await?;
    page::list(&ask, wanted.select(ask.tenant()), store::SORTS, content_scan::Column::Id, scan_view).await
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Violations {
    rule_type: Option<String>,
    severity: Option<String>,
    start_date: Option<Instant>,
    end_date: Option<Instant>,
}

#[derive(Deserialize)]
struct Summary {
    since: Instant,
    until: Option<Instant>,
}

async fn summary(ask: Ask, args: Summary) -> Result<Value, ApiError> {
    let until = args.until.map_or_else(clock::now_micros, |until| until.0);
    let (db, tenant) = (ask.db(), ask.tenant());
    let sums = counts::scans(db, tenant, args.since.0, until).await?;
    let by = |groups: Vec<counts::Group>| -> Value {
        groups
            .into_iter()
            .map(|group| json!({ "key": group.name, "label": display(&group.name), "count": group.total }))
            .collect()
    };
    let severities =
        counts::violations_by(db, tenant, content_violation::Column::Severity, args.since.0, until).await?;
    let types = counts::violations_by(db, tenant, content_violation::Column::RuleType, args.since.0, until).await?;
    let found = counts::violations_by_day(db, tenant, args.since.0, until).await?;
    // Days without a finding are there, with zero: a line across a gap would show some on each.
    let first = (until - MOST_DAYS * DAY).max(args.since.0).div_euclid(DAY);
    let days = first..=(until - 1).max(args.since.0).div_euclid(DAY);
    let line = |key: &str, pick: fn(&counts::Day) -> i64| {
        let of = |at: i64| found.iter().find(|day| day.day == at).map_or(0, pick);
        let points = days.clone().map(|day| json!({ "at": clock::iso(day * DAY), "value": of(day) }));
        json!({
            "key": key, "label": display(key), "total": found.iter().map(pick).sum::<i64>(),
            "points": points.collect::<Vec<_>>(),
        })
    };
    Ok(json!({
        "scans": sums.total, "withViolations": sums.found, "blocked": sums.blocked, "redacted": sums.redacted,
        "bySeverity": by(severities), "byRuleType": by(types),
        "series": [line("violations", |day| day.total), line("blocked", |day| day.blocked)],
    }))
}
