//! How long records are kept, and what must be kept whatever its age.
//!
//! A retention policy is a policy of the type `data_retention`, which the retention job obeys;
//! here it has the words of the contract.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::shared::{at, display, input, options};
use crate::clock;
use crate::graphql::ask::{Ask, ById, Id, Resolvers, optional};
use crate::graphql::page::{self, PageArgs};
use crate::http::error::ApiError;
use crate::service::legal_holds::{self, Input};
use crate::service::policies::{self, draft};
#[cfg(test)]
use crate::service::retention as service;
use crate::store::entities::{legal_hold, policy};
use crate::store::{keyset, legal_holds as store, policies as policy_store};

/// The kinds of records, and the key of a policy's config for each.
const KEYS: [(&str, &str); 5] = [
    ("events", "event_retention_days"),
    ("evaluations", "evaluation_retention_days"),
    ("interactions", "interaction_retention_days"),
    ("scans", "scan_retention_days"),
    ("usage", "usage_retention_days"),
];
const REQUIREMENTS: [&str; 7] = ["none", "gdpr", "hipaa", "soc2", "pci_dss", "eu_ai_act", "internal"];
/// Stands before the requirement in a description.
const REQUIRED_BY: &str = "Required by: ";

pub(super) fn register(to: &mut Resolvers) {
    to.query("retentionPolicies", async |ask: Ask, args: Policies| -> Result<Value, ApiError> {
        Ok(rows(&ask, &args.wanted()).await?.into_iter().map(view).collect())
    });
    to.query("retentionPoliciesPage", async |ask: Ask, args: PageArgs<Wanted>| {
        let found = rows(&ask, &args.filter()).await?.into_iter().map(view).collect();
        page::of_rows(&args, "retentionPolicies", found, "id")
    });
    to.query("retentionPolicy", async |ask: Ask, args: ById| optional(known(&ask, &args.id).await.map(view)));
    to.query("retentionOptions", async |_: Ask, _: Value| {
        let kinds: Vec<&str> = KEYS.iter().map(|(kind, _)| *kind).collect();
        Ok::<_, ApiError>(json!({
            "entityTypes": options(&kinds), "expirationActions": options(&["delete", "anonymize"]),
            "complianceRequirements": options(&REQUIREMENTS),
        }))
    });
    to.query("retentionPreview", async |ask: Ask, _: Value| -> Result<Value, ApiError> {
        let found = crate::jobs::tasks::retention::preview(&ask.app, ask.tenant()).await?;
        let view = |one: &crate::jobs::tasks::retention::Preview| {
            json!({
                "entityType": one.entity_type, "retentionDays": one.days.round() as i64,
                "wouldDelete": one.would_delete, "held": one.held, "oldest": at(one.oldest),
            })
        };
        Ok(found.iter().map(view).collect())
    });
    to.mutation("createRetentionPolicy", async |ask: Ask, args: Write| -> Result<Value, ApiError> {
        let written = draft::read(written(&args.input, None)?, ask.tenant())?;
        let row = policies::create(&ask.app, &ask.caller, &written, "").await?;
        Ok(json!({ "policyId": row.id }))
    });
    to.mutation("updateRetentionPolicy", async |ask: Ask, args: Write| -> Result<Value, ApiError> {
        let id: ById = input(json!({ "id": args.input.get("id") }))?;
        change(&ask, &id.id, |row| written(&args.input, Some(row))).await
    });
    to.mutation("toggleRetentionPolicyEnabled", async |ask: Ask, args: ById| -> Result<Value, ApiError> {
        change(&ask, &args.id, |row| {
            let mut written = draft::of_row(row);
            written.insert("enabled".to_owned(), (!row.enabled).into());
            Ok(Value::Object(written))
        })
        .await
    });
    to.mutation("deleteRetentionPolicy", async |ask: Ask, args: ById| -> Result<Value, ApiError> {
        let row = known(&ask, &args.id).await?;
        policies::delete(&ask.app, &ask.caller, &row.id, None).await?;
        Ok(json!({}))
    });
    holds(to);
}

fn holds(to: &mut Resolvers) {
    to.query("legalHolds", async |ask: Ask, args: Holds| {
        let (status, hold_type) = (keyset::word(args.status), keyset::word(args.hold_type));
        let wanted = store::Listed { status, hold_type, ..store::Listed::default() };
        page::list(&ask, wanted.select(ask.tenant()), store::SORTS, legal_hold::Column::Id, hold_view).await
    });
    to.query("legalHoldsPage", async |ask: Ask, args: PageArgs<store::Listed>| {
        let select = args.filter().select(ask.tenant());
        args.read(&ask, "legalHolds", select, store::SORTS, legal_hold::Column::Id, hold_view).await
    });
    to.query("legalHold", async |ask: Ask, args: ById| {
        optional(legal_holds::get(&ask.app, &ask.caller, &args.id.0).await.map(hold_view))
    });
    to.query("legalHoldOptions", async |_: Ask, _: Value| {
        let kinds = options(&legal_holds::TYPES);
        Ok::<_, ApiError>(json!({ "holdTypes": kinds, "statuses": options(&["active", "released", "expired"]) }))
    });
    to.mutation("createLegalHold", async |ask: Ask, args: Hold| -> Result<Value, ApiError> {
        let mut written = args.input.written();
        // Why data is held must be said; the contract leaves the description out.
        let reason = written.reason.take().filter(|reason| !reason.trim().is_empty());
        written.reason = reason.or_else(|| written.name.clone());
        let row = legal_holds::create(&ask.app, &ask.caller, written).await?;
        Ok(json!({ "holdId": row.id }))
    });
    to.mutation("updateLegalHold", async |ask: Ask, args: Hold| -> Result<Value, ApiError> {
        let id = args.input.id.clone();
        let row = legal_holds::update(&ask.app, &ask.caller, id.known("legal hold")?, args.input.written()).await?;
        Ok(json!({ "holdId": row.id }))
    });
    to.mutation("releaseLegalHold", async |ask: Ask, args: ById| -> Result<Value, ApiError> {
        let row = legal_holds::release(&ask.app, &ask.caller, args.id.known("legal hold")?).await?;
        Ok(json!({ "holdId": row.id }))
    });
    to.mutation("deleteLegalHold", async |ask: Ask, args: ById| -> Result<Value, ApiError> {
        legal_holds::delete(&ask.app, &ask.caller, args.id.known("legal hold")?).await?;
        Ok(json!({}))
    });
}

/// Which retention policies a list shows.
#[derive(Clone, Debug, Default, Deserialize, serde::Serialize)]
#[serde(default, rename_all = "camelCase")]
struct Wanted {
    search: Option<String>,
    entity_type: keyset::Words,
    enabled: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Policies {
    search: Option<String>,
    entity_type: Option<String>,
    enabled: Option<bool>,
}

impl Policies {
    fn wanted(self) -> Wanted {
        Wanted { search: self.search, entity_type: keyset::word(self.entity_type), enabled: self.enabled }
    }
}

/// The policies of the type that fit. A tenant has few of them.
async fn rows(ask: &Ask, wanted: &Wanted) -> Result<Vec<policy::Model>, ApiError> {
    let listed = policy_store::Listed {
        search: wanted.search.clone(),
        policy_type: Some(vec!["data_retention".to_owned()]),
        enabled: wanted.enabled,
        ..policy_store::Listed::default()
    };
    let order = keyset::Order::By(policy::Column::CreatedAt);
    let window = keyset::Window { limit: page::MOST_LIST, descending: true, backwards: false, from: None };
    let select = listed.select(ask.tenant());
    let (mut rows, _) = keyset::read(ask.db(), select, order, policy::Column::Id, window).await?;
    if let Some(kinds) = wanted.entity_type.as_ref().filter(|kinds| !kinds.is_empty()) {
        rows.retain(|row| kinds.iter().any(|kind| speaks_of(row).contains(&kind.as_str())));
    }
    Ok(rows)
}

/// The kinds of records a policy speaks of.
fn speaks_of(row: &policy::Model) -> Vec<&'static str> {
    KEYS.iter().filter(|(_, key)| row.config.get(*key).is_some_and(Value::is_number)).map(|(kind, _)| *kind).collect()
}

async fn known(ask: &Ask, id: &Id) -> Result<policy::Model, ApiError> {
    crate::service::fields::text("id", &id.0, 255)?;
    let row = policy_store::by_id(ask.db(), ask.tenant(), &id.0).await?;
    row.filter(|row| row.policy_type == "data_retention").ok_or(ApiError::NotFound { what: "retention policy" })
}

async fn change(
    ask: &Ask,
    id: &Id,
    written: impl FnOnce(&policy::Model) -> Result<Value, ApiError>,
) -> Result<Value, ApiError> {
    let row = known(ask, id).await?;
    let becomes = |before: &policy::Model| draft::read(written(before)?, ask.tenant());
    let row = policies::change(&ask.app, &ask.caller, &row.id, None, "", becomes).await?;
    Ok(json!({ "policyId": row.id }))
}

fn view(row: policy::Model) -> Value {
    let kinds = speaks_of(&row);
    let kind = if let [one] = kinds.as_slice() { (*one).to_owned() } else { kinds.join(",") };
    let days = KEYS.iter().filter_map(|(_, key)| row.config.get(*key)?.as_f64()).fold(f64::INFINITY, f64::min);
    let anonymizes = row.config.get("auto_delete_user_data").and_then(Value::as_bool).unwrap_or_default();
    let action = if anonymizes { "anonymize" } else { "delete" };
    let (words, required) = row.description.rsplit_once(REQUIRED_BY).unwrap_or((&row.description, "none"));
    let (requirement, notes) = required.split_once(". ").unwrap_or((required, ""));
    json!({
        "id": row.id, "name": row.name, "description": words.trim_end(), "entityType": kind,
        "deploymentIdExt": if row.scope_level == "deployment" { row.scope_id.clone() } else { None }.unwrap_or_default(),
        "retentionDays": if days.is_finite() { days.round() as i64 } else { 0 }, "minimumRetentionDays": null,
        "expirationAction": action, "archiveLocation": "", "complianceRequirement": requirement,
        "complianceNotes": notes, "enabled": row.enabled && row.enforcement == "enforce", "priority": row.priority,
        "createdAt": clock::iso(row.created_at), "updatedAt": clock::iso(row.updated_at),
        "entityTypeDisplay": display(&kind), "expirationActionDisplay": display(action),
        "complianceRequirementDisplay": display(requirement), "createdByName": row.created_by,
    })
}

#[derive(Deserialize)]
struct Write {
    input: Map<String, Value>,
}

/// A retention policy as a policy document writes it.
fn written(given: &Map<String, Value>, before: Option<&policy::Model>) -> Result<Value, ApiError> {
    let text = |key: &str| given.get(key).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty());
    let present = before.map(|row| view(row.clone())).unwrap_or_default();
    let kept = |key: &str| present.get(key).and_then(Value::as_str).unwrap_or_default();
    if text("archiveLocation").is_some() {
        return Err(ApiError::invalid(
            "archiveLocation",
            "nothing is archived here: export before records are deleted",
        ));
    }
    let mut document = before.map(draft::of_row).unwrap_or_default();
    document.insert("type".to_owned(), "data_retention".into());
    for key in ["name", "priority", "enabled"] {
        if let Some(value) = given.get(key).filter(|value| !value.is_null()) {
            document.insert(key.to_owned(), value.clone());
        }
    }
    let mut config = before.and_then(|row| row.config.as_object().cloned()).unwrap_or_default();
    let kind = text("entityType").unwrap_or(if before.is_some() { kept("entityType") } else { "events" });
    let key = KEYS.iter().find(|(known, _)| *known == kind).map(|(_, key)| *key);
    let days = given.get("retentionDays").and_then(Value::as_i64);
    if let (Some(least), Some(days)) = (given.get("minimumRetentionDays").and_then(Value::as_i64), days)
        && days < least
    {
        return Err(ApiError::invalid("retentionDays", format!("is less than the minimum of {least}")));
    }
    match (key, days) {
        (Some(key), Some(days)) => {
            if text("entityType").is_some() {
                config.retain(|known, _| !KEYS.iter().any(|(_, key)| key == known));
            }
            config.insert(key.to_owned(), days.into());
        }
        (Some(key), None) if before.is_none() => {
            config.insert(key.to_owned(), 90.into());
        }
        (None, Some(_)) => {
            let kinds = KEYS.map(|(kind, _)| kind).join(", ");
            return Err(ApiError::invalid("entityType", format!("expected one of {kinds}")));
        }
        _ => {}
    }
    match text("expirationAction") {
        None | Some("delete") => drop(config.remove("auto_delete_user_data")),
        Some("anonymize") => drop(config.insert("auto_delete_user_data".to_owned(), true.into())),
        Some(_) => return Err(ApiError::invalid("expirationAction", "expected delete or anonymize")),
    }
    document.insert("config".to_owned(), Value::Object(config));
    if let Some(deployment) = text("deploymentId") {
        document.insert("scope".to_owned(), json!({ "type": "deployment", "id": deployment }));
    }
    let words = given.get("description").and_then(Value::as_str).unwrap_or_else(|| kept("description"));
    let requirement = text("complianceRequirement").unwrap_or_else(|| kept("complianceRequirement"));
    let notes = text("complianceNotes").unwrap_or_else(|| kept("complianceNotes"));
    let mut description = words.to_owned();
    if !requirement.is_empty() && requirement != "none" {
        description = format!("{words}\n{REQUIRED_BY}{requirement}");
        if !notes.is_empty() {
            description.push_str(&format!(". {notes}"));
        }
    }
    document.insert("description".to_owned(), description.trim().into());
    Ok(Value::Object(document))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Holds {
    hold_type: Option<String>,
    status: Option<String>,
}

fn hold_view(row: legal_hold::Model) -> Value {
    let all = row.entity_types.as_array().is_none_or(Vec::is_empty);
    let now = clock::now_micros();
    let status = store::standing(&row, now);
    json!({
        "id": row.id, "name": row.name, "description": row.reason, "referenceNumber": row.reference_number,
        "holdType": row.hold_type, "status": status, "appliesToAll": all, "entityTypes": row.entity_types,
        "userIdentifiers": row.user_ids, "dataFrom": at(row.data_from), "dataTo": at(row.data_to),
        "effectiveDate": clock::iso(row.effective_at), "expirationDate": at(row.expires_at),
        "releasedAt": at(row.released_at), "custodianEmail": row.custodian_email,
        "notifyOnAccess": row.notify_on_access, "notificationEmails": row.notification_emails,
        "metadata": row.metadata, "createdAt": clock::iso(row.created_at), "updatedAt": clock::iso(row.updated_at),
        "holdTypeDisplay": display(&row.hold_type), "statusDisplay": display(status),
        "isActive": store::holds(&row, now), "custodianName": row.custodian_email, "createdByName": row.created_by,
    })
}

#[derive(Deserialize)]
struct Hold {
    input: HoldInput,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct HoldInput {
    #[serde(default)]
    id: Id,
    name: Option<String>,
    description: Option<String>,
    reference_number: Option<String>,
    applies_to_all: Option<bool>,
    entity_types: Option<Vec<String>>,
    user_identifiers: Option<Vec<String>>,
    data_from: Option<String>,
    data_to: Option<String>,
    hold_type: Option<String>,
    effective_date: Option<String>,
    expiration_date: Option<String>,
    custodian_email: Option<String>,
    notify_on_access: Option<bool>,
    notification_emails: Option<Vec<String>>,
    metadata: Option<Map<String, Value>>,
}

impl HoldInput {
    fn written(self) -> Input {
        let entity_types = if self.applies_to_all == Some(true) { Some(Vec::new()) } else { self.entity_types };
        Input {
            name: self.name,
            reason: self.description,
            entity_types,
            agent_ids: None,
            user_ids: self.user_identifiers,
            data_from: self.data_from,
            data_to: self.data_to,
            hold_type: self.hold_type.filter(|kind| !kind.is_empty()),
            reference_number: self.reference_number,
            effective_at: self.effective_date,
            expires_at: self.expiration_date,
            custodian_email: self.custodian_email,
            notify_on_access: self.notify_on_access,
            notification_emails: self.notification_emails,
            metadata: self.metadata,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{KEYS, service};

    #[test]
    fn every_kind_that_a_hold_may_name_can_have_a_policy() {
        assert_eq!(KEYS.map(|(kind, _)| kind), service::ENTITY_TYPES);
    }
}
