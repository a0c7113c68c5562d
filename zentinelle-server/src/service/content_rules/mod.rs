//! Content rules: what a tenant wants found in the texts its agents handle, and what then happens.

mod config;
mod detector;
mod ruleset;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use zentinelle_core::audit::AuditAction;
use zentinelle_core::scope::ScopeLevel;

pub(crate) use self::config::RuleType;
pub(crate) use self::ruleset::{Question, RuleSet, ScanAction, Scanned, Violation};
use super::change::Change;
use super::fields;
use crate::app::App;
use crate::auth::Caller;
use crate::clock;
use crate::http::error::ApiError;
use crate::store::entities::content_rule;
use crate::store::page::{Page, Paged};
use crate::store::{StoreError, content_rules as store, wire_name};

/// How bad a violation is, least first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ContentSeverity)]
pub(crate) enum Severity {
    /// Good to know.
    Info,
    /// Worth a note.
    Low,
    /// Worth a look.
    #[default]
    Medium,
    /// Harmful.
    High,
    /// Cannot be undone.
    Critical,
}

/// What a violation does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ContentEnforcement)]
pub(crate) enum Enforcement {
    /// The content is refused.
    Block,
    /// The agent is warned.
    Warn,
    /// It is written down.
    #[default]
    LogOnly,
    /// What was found is replaced by markers.
    Redact,
    /// The content is refused; a person would have to approve.
    RequireApproval,
}

/// In which scans a rule takes part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ScanMode {
    /// Where the agent waits for the answer.
    Realtime,
    /// Where it does not.
    Async,
    /// In all.
    #[default]
    Both,
}

/// What a scanned text is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ContentType {
    /// What a user said.
    #[default]
    UserInput,
    /// What a model answered.
    AiOutput,
    /// What is given to the model besides.
    Context,
    /// A file a user brought.
    FileUpload,
    /// The arguments of a tool call.
    ToolCall,
}

/// A content rule as an operator writes it. In a change, what is left out stays.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
#[schema(as = ContentRuleInput)]
pub(crate) struct RuleInput {
    /// Its name, unique in the tenant.
    name: Option<String>,
    /// What it looks for.
    rule_type: Option<RuleType>,
    /// Where it applies: `organization`, `sub_organization`, `deployment`, `group`, `endpoint` or `user`.
    #[schema(value_type = Option<String>)]
    scope_type: Option<ScopeLevel>,
    /// The team, deployment, group, agent or user; none for the organisation.
    scope_id: Option<String>,
    /// What the type can be told.
    #[schema(value_type = Option<Object>)]
    config: Option<Value>,
    /// How bad a violation is. Default: medium.
    severity: Option<Severity>,
    /// What a violation does. Default: `log_only`.
    enforcement: Option<Enforcement>,
    /// In which scans it takes part. Default: both.
    scan_mode: Option<ScanMode>,
    /// Whether it reads what users say and upload. Default: true.
    scan_input: Option<bool>,
    /// Whether it reads what models answer. Default: false.
    scan_output: Option<bool>,
    /// Whether it reads what models are given besides. Default: false.
    scan_context: Option<bool>,
    /// Of several rules of a type and scope, the highest counts. Default: 0.
    priority: Option<i64>,
    /// Whether it is in force. Default: true.
    enabled: Option<bool>,
}

impl RuleInput {
    /// Puts what was given into a row and checks the whole.
    fn write_to(self, row: &mut content_rule::Model) -> Result<(), ApiError> {
        if let Some(name) = &self.name {
            row.name = fields::required("name", Some(name), fields::MOST_NAME)?;
        }
        if let Some(level) = self.scope_type {
            level.name().clone_into(&mut row.scope_level);
            row.scope_id = None;
        }
        if let Some(id) = self.scope_id.filter(|id| !id.is_empty()) {
            row.scope_id = Some(id);
        }
        fields::optional("scope_id", row.scope_id.as_deref(), fields::MOST_NAME)?;
        match (row.scope_level == ScopeLevel::Organization.name(), &row.scope_id) {
            (true, Some(_)) => return Err(ApiError::invalid("scope_id", "the scope `organization` takes no id")),
            (false, None) => {
                return Err(ApiError::invalid("scope_id", format!("is missing: which {}?", row.scope_level)));
            }
            _ => {}
        }
        if let Some(config) = self.config {
            row.config = if config.is_null() { json!({}) } else { config };
        }
        fields::json("config", &row.config)?;
        let rule_type = self.rule_type.or_else(|| named(&row.rule_type));
        let rule_type = rule_type.ok_or_else(|| ApiError::invalid("rule_type", "is missing"))?;
        row.rule_type = wire_name(&rule_type);
        config::detector(rule_type, &row.config)
            .map_err(|faults| ApiError::Invalid([("config".to_owned(), faults)].into()))?;
        set(&mut row.severity, self.severity.as_ref().map(wire_name));
        set(&mut row.enforcement, self.enforcement.as_ref().map(wire_name));
        set(&mut row.scan_mode, self.scan_mode.as_ref().map(wire_name));
        set(&mut row.scan_input, self.scan_input);
        set(&mut row.scan_output, self.scan_output);
        set(&mut row.scan_context, self.scan_context);
        set(&mut row.priority, self.priority);
        set(&mut row.enabled, self.enabled);
        Ok(())
    }
}

fn set<T>(place: &mut T, given: Option<T>) {
    if let Some(given) = given {
        *place = given;
    }
}

/// The enumeration's value that is written so, if there is one.
fn named<T: serde::de::DeserializeOwned>(name: &str) -> Option<T> {
    serde_json::from_value(Value::from(name)).ok()
}

fn blank(caller: &Caller) -> content_rule::Model {
    let now = clock::now_micros();
    content_rule::Model {
        tenant_id: caller.tenant.as_str().to_owned(),
        id: clock::new_id(),
        name: String::new(),
        rule_type: String::new(),
        scope_level: ScopeLevel::Organization.name().to_owned(),
        scope_id: None,
        config: json!({}),
        severity: wire_name(&Severity::default()),
        enforcement: wire_name(&Enforcement::default()),
        scan_mode: wire_name(&ScanMode::default()),
        scan_input: true,
        scan_output: false,
        scan_context: false,
        priority: 0,
        enabled: true,
        created_by: caller.actor(),
        created_at: now,
        updated_at: now,
    }
}

/// The rules of the caller's tenant.
pub(crate) async fn list(app: &App, caller: &Caller, page: &Page) -> Result<Paged<content_rule::Model>, ApiError> {
    Ok(store::page(app.store.db(), &caller.tenant, page).await?)
}

/// One rule.
pub(crate) async fn get(app: &App, caller: &Caller, id: &str) -> Result<content_rule::Model, ApiError> {
    Ok(store::by_id(app.store.db(), &caller.tenant, id).await?)
}

/// Makes a rule.
pub(crate) async fn create(app: &App, caller: &Caller, input: RuleInput) -> Result<content_rule::Model, ApiError> {
    let mut row = blank(caller);
    row.name = fields::required("name", input.name.as_deref(), fields::MOST_NAME)?;
    input.write_to(&mut row)?;
    let txn = app.store.begin().await?;
    store::insert(&txn, row.clone()).await?;
    change(caller, AuditAction::Create, &row, json!({ "after": shown(&row) })).record(&txn).await?;
    txn.commit().await?;
    app.content_rules_changed(&caller.tenant).await;
    Ok(row)
}

/// Changes a rule.
pub(crate) async fn update(
    app: &App,
    caller: &Caller,
    id: &str,
    input: RuleInput,
) -> Result<content_rule::Model, ApiError> {
    let txn = app.store.begin().await?;
    let before = store::locked(&txn, &caller.tenant, id).await?;
    let mut row = before.clone();
    input.write_to(&mut row)?;
    row.updated_at = clock::now_micros();
    store::update(&txn, row.clone()).await?;
    let changes = json!({ "before": shown(&before), "after": shown(&row) });
    change(caller, AuditAction::Update, &row, changes).record(&txn).await?;
    txn.commit().await?;
    app.content_rules_changed(&caller.tenant).await;
    Ok(row)
}

/// Removes a rule.
pub(crate) async fn delete(app: &App, caller: &Caller, id: &str) -> Result<(), ApiError> {
    let txn = app.store.begin().await?;
    let row = store::by_id(&txn, &caller.tenant, id).await?;
    store::delete(&txn, &caller.tenant, id).await?;
    change(caller, AuditAction::Delete, &row, json!({ "before": shown(&row) })).record(&txn).await?;
    txn.commit().await?;
    app.content_rules_changed(&caller.tenant).await;
    Ok(())
}

fn change<'c>(caller: &'c Caller, action: AuditAction, row: &'c content_rule::Model, changes: Value) -> Change<'c> {
    Change { caller, action, resource_type: "content_rule", resource_id: &row.id, resource_name: &row.name, changes }
}

/// What the audit trail says of a rule.
fn shown(row: &content_rule::Model) -> Value {
    json!({
        "rule_type": row.rule_type, "scope_type": row.scope_level, "scope_id": row.scope_id, "config": row.config,
        "severity": row.severity, "enforcement": row.enforcement, "scan_mode": row.scan_mode,
        "scan_input": row.scan_input, "scan_output": row.scan_output, "scan_context": row.scan_context,
        "priority": row.priority, "enabled": row.enabled,
    })
}

/// The compiled rules of a tenant.
pub(crate) async fn compiled(
    app: &App,
    tenant: &zentinelle_core::ids::TenantId,
) -> Result<std::sync::Arc<RuleSet>, StoreError> {
    let load = async || {
        let rows = store::all(app.store.db(), tenant).await?;
        // Compiling many patterns takes too long for a thread that answers requests.
        tokio::task::spawn_blocking(|| RuleSet::compile(rows))
            .await
            .map_err(|error| StoreError::Unreadable { what: "content rules", why: error.to_string() })
    };
    app.content_rules.get(tenant, load).await
}
