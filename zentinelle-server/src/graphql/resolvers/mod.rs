//! Who answers which field. One file a subject.

mod activity;
mod agents;
mod alerts;
mod approvals;
mod audit;
mod compliance;
mod content;
mod dashboard;
mod decisions;
mod incidents;
mod keys;
mod live;
mod models;
mod notifications;
mod organization;
mod people;
mod policies;
mod retention;
mod risks;
mod shared;
mod tools;
mod webhooks;

use super::ask::Resolvers;

/// Root fields whose subject is still being built.
pub(crate) const NOT_YET: &[&str] = &[
    "anomalies",
    "setAnomaly",
    "addIncidentEvidence",
    "modelApprovals",
    "modelApproval",
    "setModelApproval",
    "savedViews",
    "saveView",
    "deleteView",
    "systemPrompts",
    "systemPrompt",
    "promptCategories",
    "promptCategory",
    "promptTags",
    "featuredPrompts",
    "popularPrompts",
    "myPrompts",
    "myFavorites",
    "systemPromptsPage",
    "promptVersions",
    "promptDiff",
    "createSystemPrompt",
    "updateSystemPrompt",
    "deleteSystemPrompt",
    "forkSystemPrompt",
    "togglePromptFavorite",
    "rateSystemPrompt",
    "testSystemPrompt",
    "analyzeSystemPrompt",
    "restorePrompt",
];

/// Every resolver of the contract.
pub(crate) fn register(resolvers: &mut Resolvers) {
    activity::register(resolvers);
    agents::register(resolvers);
    alerts::register(resolvers);
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
    notifications::register(resolvers);
    organization::register(resolvers);
    people::register(resolvers);
    policies::register(resolvers);
    retention::register(resolvers);
    tools::register(resolvers);
    webhooks::register(resolvers);
    risks::register(resolvers);
}
