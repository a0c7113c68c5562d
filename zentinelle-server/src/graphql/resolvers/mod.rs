//! Who answers which field. One file a subject.

mod agents;
mod alerts;
mod anomalies;
mod approvals;
mod compliance;
mod decisions;
mod incidents;
mod model_approvals;
mod notifications;
mod organization;
mod policies;
mod prompts_library;
mod risks;
mod shared;
mod views;

use super::ask::Resolvers;

/// Root fields whose subject is still being built.
pub(crate) const NOT_YET: &[&str] = &[
    "events",
    "eventStream",
    "eventsByCorrelation",
    "deadLetterQueue",
    "deadLetterQueueStats",
    "interactionLogs",
    "interactionLog",
    "monitoringStats",
    "eventsPage",
    "interactionsPage",
    "activitySeries",
    "overview",
    "endpoints",
    "endpoint",
    "agentGroups",
    "agentGroup",
    "agentsPage",
    "agentGroupsPage",
    "createAgentEndpoint",
    "updateAgentEndpoint",
    "updateEndpointStatus",
    "suspendAgentEndpoint",
    "activateAgentEndpoint",
    "regenerateEndpointApiKey",
    "deleteAgentEndpoint",
    "createAgentGroup",
    "updateAgentGroup",
    "deleteAgentGroup",
    "assignAgentToGroup",
    "removeAgentFromGroup",
    "setAgents",
    "complianceAlerts",
    "alertsPage",
    "complianceAlert",
    "alertRules",
    "acknowledgeComplianceAlert",
    "resolveComplianceAlert",
    "dismissComplianceAlert",
    "setAlerts",
    "saveAlertRule",
    "deleteAlertRule",
    "approvalsPage",
    "approval",
    "approveAction",
    "denyAction",
    "auditLogs",
    "auditAnalytics",
    "auditLogsPage",
    "chainStatus",
    "auditReceipt",
    "exportAuditLogs",
    "contentRules",
    "contentRule",
    "contentRuleOptions",
    "contentScans",
    "contentScan",
    "contentViolations",
    "contentRulesPage",
    "contentScansPage",
    "contentViolationsPage",
    "contentSummary",
    "createContentRule",
    "updateContentRule",
    "toggleContentRuleEnabled",
    "duplicateContentRule",
    "testContentRule",
    "deleteContentRule",
    "decisionsPage",
    "decision",
    "timeline",
    "activity",
    "alertChanged",
    "incidentChanged",
    "approvalChanged",
    "notificationAdded",
    "incidents",
    "incident",
    "incidentOptions",
    "incidentsPage",
    "createIncident",
    "updateIncident",
    "acknowledgeIncident",
    "assignIncident",
    "resolveIncident",
    "closeIncident",
    "commentIncident",
    "setIncidents",
    "apiKeys",
    "apiKey",
    "apiKeysPage",
    "providerKeys",
    "createPlatformApiKey",
    "revokeApiKey",
    "deleteApiKey",
    "saveProviderKey",
    "deleteProviderKey",
    "createEnrolmentToken",
    "usageMetrics",
    "usageAlerts",
    "aiProviders",
    "aiProvider",
    "aiModels",
    "aiModel",
    "modelsPage",
    "myOrganization",
    "dashboardStats",
    "notifications",
    "notificationsPage",
    "me",
    "find",
    "updateOrganizationSettings",
    "updateNotification",
    "markAllNotificationsRead",
    "usersPage",
    "jobsPage",
    "webhooksPage",
    "sessions",
    "createUser",
    "updateUser",
    "resetPassword",
    "changePassword",
    "beginTotp",
    "confirmTotp",
    "disableTotp",
    "revokeSession",
    "saveWebhook",
    "deleteWebhook",
    "testWebhook",
    "policies",
    "policy",
    "policyOptions",
    "policyRevisions",
    "simulatePolicy",
    "effectivePolicies",
    "policyGraph",
    "policiesPage",
    "policySchema",
    "policyDiff",
    "effectiveLadder",
    "policyHealth",
    "policyExport",
    "policyImpact",
    "createPolicy",
    "updatePolicy",
    "togglePolicyEnabled",
    "duplicatePolicy",
    "deletePolicy",
    "validatePolicy",
    "restorePolicy",
    "importPolicies",
    "setPolicies",
    "retentionPolicies",
    "retentionPolicy",
    "retentionOptions",
    "legalHolds",
    "legalHold",
    "legalHoldOptions",
    "retentionPoliciesPage",
    "legalHoldsPage",
    "retentionPreview",
    "createRetentionPolicy",
    "updateRetentionPolicy",
    "toggleRetentionPolicyEnabled",
    "deleteRetentionPolicy",
    "createLegalHold",
    "updateLegalHold",
    "releaseLegalHold",
    "deleteLegalHold",
];

/// Every resolver of the contract.
pub(crate) fn register(resolvers: &mut Resolvers) {
    agents::register(resolvers);
    alerts::register(resolvers);
    anomalies::register(resolvers);
    approvals::register(resolvers);
    compliance::register(resolvers);
    decisions::register(resolvers);
    incidents::register(resolvers);
    model_approvals::register(resolvers);
    notifications::register(resolvers);
    organization::register(resolvers);
    policies::register(resolvers);
    prompts_library::register(resolvers);
    risks::register(resolvers);
    views::register(resolvers);
}
