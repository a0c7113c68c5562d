//! What the audit trail says of a change. It is written in the transaction of the change.

use sea_orm::DatabaseTransaction;
use serde_json::Value;
use zentinelle_core::audit::{AuditAction, AuditRecord, Outcome};

use crate::auth::{Caller, Identity};
use crate::clock;
use crate::store::{StoreError, audit};

/// One change by one caller.
#[derive(Debug)]
pub(crate) struct Change<'c> {
    /// Who changes.
    pub(crate) caller: &'c Caller,
    /// What is done.
    pub(crate) action: AuditAction,
    /// To which kind of thing.
    pub(crate) resource_type: &'static str,
    /// Its id.
    pub(crate) resource_id: &'c str,
    /// Its name, for people.
    pub(crate) resource_name: &'c str,
    /// What changed: before and after. Never a secret.
    pub(crate) changes: Value,
}

impl Change<'_> {
    /// Puts the change on the caller's tenant's audit chain.
    pub(crate) async fn record(self, txn: &DatabaseTransaction) -> Result<(), StoreError> {
        let tenant = self.caller.tenant.clone();
        audit::append(txn, &tenant, vec![self.into_record()]).await
    }

    /// The record itself, for the chain or the journal.
    pub(crate) fn into_record(self) -> AuditRecord {
        let caller = self.caller;
        let mut record = AuditRecord::new(
            clock::new_id(),
            caller.tenant.as_str(),
            clock::now(),
            self.action,
            self.resource_type,
            Outcome::Success,
        );
        record.api_key_prefix =
            Some(caller.public_id.to_string()).filter(|id| !id.is_empty() && caller.signed_in.is_none());
        match &caller.identity {
            Identity::Agent(facts) => record.agent_id = Some(facts.agent.agent_id.as_str().to_owned()),
            Identity::Enrolment | Identity::Operator { .. } => record.ext_user_id = Some(caller.actor()),
        }
        record.resource_id = Some(self.resource_id.to_owned());
        record.resource_name = Some(self.resource_name.to_owned()).filter(|name| !name.is_empty());
        record.changes = self.changes;
        record
    }
}
