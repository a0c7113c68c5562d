//! Who answers which field. One file a subject.

mod activity;
mod agents;
mod alerts;
mod anomalies;
mod approvals;
mod audit;
mod compliance;
mod content;
mod dashboard;
mod decisions;
mod incidents;
mod keys;
mod live;
mod model_approvals;
mod models;
mod notifications;
mod organization;
mod people;
mod policies;
mod prompts_library;
mod retention;
mod risks;
mod shared;
mod tools;
mod views;
mod webhooks;

use super::ask::Resolvers;

/// Root fields whose subject is still being built.
pub(crate) const NOT_YET: &[&str] = &[];

/// Every resolver of the contract.
pub(crate) fn register(resolvers: &mut Resolvers) {
    activity::register(resolvers);
    agents::register(resolvers);
    alerts::register(resolvers);
    anomalies::register(resolvers);
    approvals::register(resolvers);
    audit::register(resolvers);
    content::register(resolvers);
    dashboard::register(resolvers);
    compliance::register(resolvers);
    decisions::register(resolvers);
    incidents::register(resolvers);
    keys::register(resolvers);
    live::register(resolvers);
    models::register(resolvers);
    model_approvals::register(resolvers);
    notifications::register(resolvers);
    organization::register(resolvers);
    people::register(resolvers);
    policies::register(resolvers);
    retention::register(resolvers);
    tools::register(resolvers);
    webhooks::register(resolvers);
    prompts_library::register(resolvers);
    risks::register(resolvers);
    views::register(resolvers);
}
