//! Policies as documents: everything in one transaction, or nothing.

use std::collections::BTreeSet;

use sea_orm::DatabaseTransaction;
use zentinelle_core::document::diagnostic::Severity;
use zentinelle_core::ids::{PolicyId, TenantId};
use zentinelle_core::policy_document::{self, WrittenPolicy};

use super::{Keeper, Step, content, diff, draft, fill, new_row, write, yaml};
use crate::app::App;
use crate::auth::Caller;
use crate::clock;
use crate::http::error::{ApiError, PolicyFault};
use crate::store::entities::policy;
use crate::store::policies as store;

/// Most policies one import holds.
const MOST_POLICIES: usize = 2_000;

/// How an import is done.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Manner {
    /// Who keeps the policies from now on.
    pub(crate) keeper: Keeper,
    /// Whether policies of an earlier import that the text no longer has are deleted.
    pub(crate) prune: bool,
    /// Whether nothing is kept.
    pub(crate) dry_run: bool,
}

/// What an import does to one policy.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// The policy as it is afterwards, or was before it was deleted.
    pub(crate) row: policy::Model,
    /// What happens to it.
    pub(crate) action: Action,
    /// What differs, when it is changed.
    pub(crate) fields: diff::Fields,
}

/// What happens to a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ImportAction)]
pub(crate) enum Action {
    /// It is new.
    Created,
    /// It is changed.
    Updated,
    /// It is as it was.
    Unchanged,
    /// It goes.
    Deleted,
}

/// Reads a text of policies. The faults are all there are, each with line and column.
pub(crate) fn read(text: &str, tenant: &TenantId) -> Result<Vec<WrittenPolicy>, Vec<PolicyFault>> {
    let (document, problems) = policy_document::read(text);
    let errors = problems.iter().filter(|problem| problem.severity == Severity::Error);
    let mut faults: Vec<PolicyFault> = errors.map(|problem| draft::of_problem(problem, Some(text))).collect();
    if document.policies().len() > MOST_POLICIES {
        let message = format!("{} policies, more than the {MOST_POLICIES} of one import", document.policies().len());
        faults.push(draft::fault("document.too_large", "", message, Some("split the text")));
    }
    for (index, written) in document.policies().iter().enumerate() {
        faults.extend(draft::own(written, tenant).into_iter().map(|mut fault| {
            fault.pointer = format!("/policies/{index}{}", fault.pointer);
            fault
        }));
    }
    if faults.is_empty() { Ok(document.policies().to_vec()) } else { Err(faults) }
}

/// Brings the tenant's policies to what the written ones say.
pub(crate) async fn apply(
    app: &App,
    caller: &Caller,
    written: &[WrittenPolicy],
    manner: Manner,
    why: &str,
) -> Result<Vec<Outcome>, ApiError> {
    let txn = super::begin(app, caller).await?;
    let outcomes = apply_in(&txn, caller, written, manner, why).await?;
    if manner.dry_run || outcomes.iter().all(|outcome| outcome.action == Action::Unchanged) {
        txn.rollback().await?;
    } else {
        super::finish(app, caller, txn).await?;
    }
    Ok(outcomes)
}

async fn apply_in(
    txn: &DatabaseTransaction,
    caller: &Caller,
    written: &[WrittenPolicy],
    manner: Manner,
    why: &str,
) -> Result<Vec<Outcome>, ApiError> {
    let present = store::all(txn, &caller.tenant).await?;
    let mut kept: BTreeSet<String> = BTreeSet::new();
    let mut outcomes = Vec::with_capacity(written.len());
    for (index, written) in written.iter().enumerate() {
        let known = known(written, &present, index)?;
        if let Some(known) = known
            && !kept.insert(known.id.clone())
        {
            let message = format!("a second policy for `{}`", known.name);
            return Err(ambiguous(index, message));
        }
        let (step, fields) = match known {
            Some(before) => {
                let mut after = before.clone();
                fill(&mut after, written);
                manner.keeper.name().clone_into(&mut after.source);
                let fields = diff::fields(&content(before), &content(&after));
                if fields.is_empty() {
                    outcomes.push(Outcome { row: after, action: Action::Unchanged, fields });
                    continue;
                }
                (Step::Update { before: Box::new(before.clone()), after: Box::new(after) }, fields)
            }
            None => {
                let id = new_id(written, &present, &kept);
                kept.insert(id.clone());
                let row = new_row(txn, caller, id, written, manner.keeper).await?;
                (Step::Create(row), diff::Fields::default())
            }
        };
        let action = if matches!(step, Step::Create(_)) { Action::Created } else { Action::Updated };
        let row = write(txn, caller, step, why).await?;
        outcomes.push(Outcome { row, action, fields });
    }
    if manner.prune {
        let gone = present.into_iter().filter(|row| row.source == manner.keeper.name() && !kept.contains(&row.id));
        for row in gone {
            let row = write(txn, caller, Step::Delete(row), why).await?;
            outcomes.push(Outcome { row, action: Action::Deleted, fields: diff::Fields::default() });
        }
    }
    Ok(outcomes)
}

/// The policy that a written one means: by its id, or else by its name.
fn known<'p>(
    written: &WrittenPolicy,
    present: &'p [policy::Model],
    index: usize,
) -> Result<Option<&'p policy::Model>, ApiError> {
    if let Some(id) = &written.id {
        return Ok(present.iter().find(|row| row.id == id.as_str()));
    }
    let name = written.name.as_deref().unwrap_or_default();
    let mut named = present.iter().filter(|row| row.name == name);
    match (named.next(), named.next()) {
        (found, None) => Ok(found),
        (_, Some(_)) => Err(ambiguous(index, format!("several policies are called `{name}`"))),
    }
}

fn ambiguous(index: usize, message: String) -> ApiError {
    let help = Some("give each policy in the text the `id` of the one it means");
    ApiError::Policies(vec![draft::fault("document.ambiguous", &format!("/policies/{index}"), message, help)])
}

/// The id of a new policy: as written, or made from its name while nobody has that one.
fn new_id(written: &WrittenPolicy, present: &[policy::Model], kept: &BTreeSet<String>) -> String {
    let id = written.id();
    let made = WrittenPolicy { id: Some(PolicyId::new(id.as_str())), ..written.clone() };
    let fits = !id.as_str().is_empty() && draft::own(&made, &TenantId::new("")).iter().all(|f| f.pointer != "/id");
    let taken = present.iter().any(|row| row.id == id.as_str()) || kept.contains(id.as_str());
    if written.id.is_some() || (fits && !taken) { id.as_str().to_owned() } else { clock::new_id() }
}

/// The policies as a document that an import reads back as the same policies.
pub(crate) fn export(rows: &[policy::Model]) -> String {
    let policies: Vec<_> = rows
        .iter()
        .map(|row| {
            let mut written = draft::of_row(row);
            written.insert("id".to_owned(), row.id.as_str().into());
            // What stands for itself need not be written.
            if row.description.is_empty() {
                written.remove("description");
            }
            if row.scope_id.is_none() {
                written.insert("scope".to_owned(), row.scope_level.as_str().into());
            }
            written
        })
        .collect();
    yaml::document(&policies)
}
