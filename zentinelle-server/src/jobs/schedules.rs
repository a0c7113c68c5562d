//! What recurs, and when. However many servers there are, each slot starts once: whoever moves
//! the schedule to its next slot has started this one, in the same transaction.

use std::collections::BTreeMap;

use zentinelle_core::ids::TenantId;

use super::{Hooks, Job, Work, enqueue_again};
use crate::config::Interval;
use crate::store::{Store, StoreError, schedules as rows, tenants};

/// A schedule as it is built in.
struct Entry {
    name: &'static str,
    /// Unit: seconds.
    every: u64,
    work: Work,
}

/// Every schedule with its usual interval.
const TABLE: [Entry; 10] = [
    Entry { name: "usage_roll_up", every: 300, work: Work::RollUpUsage {} },
    Entry { name: "baselines", every: 900, work: Work::LearnBaselines {} },
    Entry { name: "agent_health", every: 60, work: Work::CheckAgents {} },
    Entry { name: "alert_rules", every: 60, work: Work::CheckAlertRules {} },
    Entry { name: "retention", every: 86_400, work: Work::EnforceRetention {} },
    Entry { name: "key_expiry", every: 3_600, work: Work::CheckKeys {} },
    Entry { name: "audit_checkpoint", every: 60, work: Work::SignCheckpoint {} },
    Entry { name: "anomalies", every: 3_600, work: Work::FindAnomalies {} },
    Entry { name: "compliance", every: 86_400, work: Work::AssessCompliance {} },
    Entry { name: "approval_expiry", every: 30, work: Work::ExpireApprovals {} },
];

/// Why the configured intervals cannot be used.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ScheduleError {
    /// No schedule has the name.
    #[error("there is no schedule `{name}`: known are {known}")]
    Unknown {
        /// The name.
        name: String,
        /// The names there are.
        known: String,
    },
}

/// One schedule as it is configured.
#[derive(Clone, Debug)]
pub(crate) struct Schedule {
    /// Its name.
    pub(crate) name: &'static str,
    /// How often it runs; zero for never. Unit: seconds.
    pub(crate) every: u64,
    work: Work,
}

/// What recurs.
#[derive(Clone, Debug)]
pub(crate) struct Schedules(Vec<Schedule>);

impl Schedules {
    /// The built-in schedules with intervals of the operator's own; zero switches a schedule off.
    pub(crate) fn new(intervals: &BTreeMap<String, Interval>) -> Result<Self, ScheduleError> {
        let known = || TABLE.iter().map(|entry| entry.name);
        if let Some(name) = intervals.keys().find(|name| !known().any(|known| known == *name)) {
            let known = known().collect::<Vec<_>>().join(", ");
            return Err(ScheduleError::Unknown { name: name.clone(), known });
        }
        let schedules = TABLE.into_iter().map(|Entry { name, every, work }| {
            let every = intervals.get(name).map_or(every, |interval| interval.0.as_secs());
            Schedule { name, every, work }
        });
        Ok(Self(schedules.collect()))
    }

    /// Each of them.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Schedule> {
        self.0.iter()
    }

    /// Those whose jobs somebody can do.
    pub(super) fn runnable(&self, hooks: &Hooks) -> Self {
        let missing = hooks.missing();
        Self(self.0.iter().filter(|schedule| !missing.contains(&schedule.work.name())).cloned().collect())
    }

    /// The names of those whose jobs nobody can do.
    pub(super) fn without_handler(&self, hooks: &Hooks) -> Vec<&'static str> {
        let missing = hooks.missing();
        self.0.iter().filter(|one| missing.contains(&one.work.name())).map(|one| one.name).collect()
    }

    /// Starts what is due, for every active tenant. Returns how many jobs it enqueued.
    pub(super) async fn tick(&self, store: &Store, now: i64) -> Result<u64, StoreError> {
        let known = rows::all(store.db()).await?;
        let mut enqueued = 0;
        for schedule in self.0.iter().filter(|schedule| schedule.every > 0) {
            let interval = i64::try_from(schedule.every).unwrap_or(i64::MAX).saturating_mul(1_000_000);
            let slot = match known.iter().find(|row| row.name == schedule.name) {
                // An interval that was shortened holds at once.
                Some(row) if row.next_run_at > now.saturating_add(interval) => {
                    rows::bring_forward(store.db(), schedule.name, now.saturating_add(interval)).await?;
                    continue;
                }
                Some(row) => row.next_run_at,
                None => {
                    rows::insert(store.db(), schedule.name, now).await?;
                    now
                }
            };
            if slot <= now {
                enqueued += schedule.start(store, interval, now).await?;
            }
        }
        Ok(enqueued)
    }
}

impl Schedule {
    /// The key of the one job a tenant has for this schedule.
    pub(crate) fn unique_key(&self, tenant: &TenantId) -> String {
        format!("schedule:{}:{tenant}", self.name)
    }

    async fn start(&self, store: &Store, interval: i64, now: i64) -> Result<u64, StoreError> {
        let txn = store.begin().await?;
        if !rows::claim(&txn, self.name, now, now.saturating_add(interval)).await? {
            return Ok(0); // another server has started this slot
        }
        let jobs: Vec<Job> = tenants::active(&txn)
            .await?
            .into_iter()
            .map(|tenant| {
                let key = self.unique_key(&tenant);
                Job::new(tenant, self.work.clone()).unique(key)
            })
            .collect();
        let enqueued = enqueue_again(&txn, &jobs).await?;
        txn.commit().await?;
        Ok(enqueued)
    }
}

#[cfg(test)]
mod tests {
    use super::{ScheduleError, Schedules, TABLE};
    use crate::jobs::Work;
    use std::collections::BTreeMap;

    #[test]
    fn an_interval_for_a_schedule_that_does_not_exist_is_an_error() {
        let minute = crate::config::Interval(std::time::Duration::from_secs(60));
        let error = Schedules::new(&BTreeMap::from([("retentoin".to_owned(), minute)])).expect_err("unknown");
        assert!(matches!(&error, ScheduleError::Unknown { known, .. } if known.contains("retention")), "{error}");
        let set = Schedules::new(&BTreeMap::from([("retention".to_owned(), minute)])).expect("known");
        assert!(set.iter().any(|schedule| schedule.name == "retention" && schedule.every == 60));
    }

    #[test]
    fn every_kind_of_work_is_either_scheduled_or_asked_for() {
        let asked_for = ["deliver_webhook", "send_email", "report", "scan"];
        for kind in Work::NAMES {
            let scheduled = TABLE.iter().any(|entry| entry.work.name() == kind);
            assert_ne!(scheduled, asked_for.contains(&kind), "{kind}");
        }
    }
}
