// Decisions, calls and events; content rules and what they found; alerts and anomalies.
import { graphql } from "./gql";

export const Activity = graphql(`
  subscription Activity($after: ID) { activity(after: $after) { id kind at title status agentId userIdentifier detail } }
`);
export const AlertChanged = graphql(`
  subscription AlertChanged { alertChanged { id title severity status } }
`);
export const Decisions = graphql(`
  query Decisions($first: Int, $after: String, $last: Int, $before: String, $filter: DecisionsFilter, $sort: Sort) {
    decisionsPage(first: $first, after: $after, last: $last, before: $before, filter: $filter, sort: $sort) {
      nodes { id allowed action context reason code riskScore userIdentifier sessionId correlationId agentId source dryRun durationUs decidedAt endpoint { id name } }
      totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    }
  }
`);
export const Interactions = graphql(`
  query Interactions($first: Int, $after: String, $last: Int, $before: String, $filter: InteractionsFilter, $sort: Sort) {
    interactionsPage(first: $first, after: $after, last: $last, before: $before, filter: $filter, sort: $sort) {
      nodes { id interactionType sessionId aiProvider aiModel inputTokenCount outputTokenCount totalTokens latencyMs estimatedCostUsd userIdentifier occurredAt endpointName hasViolations violationCount wasBlocked }
      totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    }
  }
`);
export const Events = graphql(`
  query Events($first: Int, $after: String, $last: Int, $before: String, $filter: EventsFilter, $sort: Sort) {
    eventsPage(first: $first, after: $after, last: $last, before: $before, filter: $filter, sort: $sort) {
      nodes { id eventType eventCategory status userIdentifier occurredAt correlationId endpointName payload }
      totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    }
  }
`);
export const Interaction = graphql(`
  query Interaction($id: ID!) {
    interactionLog(id: $id) {
      id interactionType sessionId requestId aiProvider aiModel inputContent outputContent systemPrompt inputTokenCount outputTokenCount totalTokens latencyMs
      estimatedCostUsd toolCalls classification topics userIdentifier ipAddress occurredAt endpointName hasViolations violationCount wasBlocked
    }
  }
`);
export const Series = graphql(`
  query Series($since: DateTime!, $bucket: String!, $by: String, $measure: String!) {
    activitySeries(since: $since, bucket: $bucket, by: $by, measure: $measure) { bucket unit lines { key label total points { at value } } }
  }
`);
export const Decision = graphql(`
  query Decision($id: ID!) {
    decision(id: $id) {
      id allowed action reason code warnings riskScore userIdentifier sessionId correlationId agentId source dryRun durationUs decidedAt context
      endpoint { id name agentType status health agentGroup { id name tier } }
      policies { policyId policyName policyType version verdict code message enforcement pointer }
      interactions { id interactionType aiProvider aiModel totalTokens latencyMs estimatedCostUsd occurredAt wasBlocked }
      approval { id status risk requestedAt resolvedAt resolvedBy comment }
    }
  }
`);
export const PolicyNow = graphql(`
  query PolicyNow($id: ID!) { policy(id: $id) { id name enforcement config } }
`);
export const Timeline = graphql(`
  query Timeline($sessionId: String, $correlationId: String) {
    timeline(sessionId: $sessionId, correlationId: $correlationId, first: 200) { id kind at title status agentId userIdentifier detail }
  }
`);
export const ContentSummary = graphql(`
  query ContentSummary($since: DateTime!) {
    contentSummary(since: $since) {
      scans withViolations blocked redacted bySeverity { key label count } byRuleType { key label count } series { key label total points { at value } }
    }
  }
`);
export const Violations = graphql(`
  query Violations($first: Int, $after: String, $last: Int, $before: String, $filter: ContentViolationsFilter, $sort: Sort) {
    contentViolationsPage(first: $first, after: $after, last: $last, before: $before, filter: $filter, sort: $sort) {
      nodes { id ruleType severity enforcement matchedPattern matchedText matchStart matchEnd confidence category wasBlocked wasRedacted userNotified adminNotified createdAt ruleName metadata }
      totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    }
  }
`);
export const Scans = graphql(`
  query Scans($first: Int, $after: String, $last: Int, $before: String, $filter: ContentScansFilter, $sort: Sort) {
    contentScansPage(first: $first, after: $after, last: $last, before: $before, filter: $filter, sort: $sort) {
      nodes { id contentType contentLength contentPreview status scanMode scannedAt scanDurationMs hasViolations violationCount maxSeverity actionTaken wasBlocked wasRedacted userIdentifier sessionId endpointName createdAt violations { id ruleType severity matchedText ruleName createdAt } }
      totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    }
  }
`);
export const ContentRules = graphql(`
  query ContentRules($first: Int, $after: String, $last: Int, $before: String, $filter: ContentRulesFilter, $sort: Sort) {
    contentRulesPage(first: $first, after: $after, last: $last, before: $before, filter: $filter, sort: $sort) {
      nodes { id name description ruleType config severity enforcement scanMode scanInput scanOutput scanContext scopeType priority enabled notifyUser notifyAdmins webhookUrl violationCount updatedAt }
      totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    }
  }
`);
export const RuleOptions = graphql(`
  query RuleOptions {
    contentRuleOptions {
      ruleTypes { value label } severities { value label } enforcements { value label } scanModes { value label }
    }
  }
`);
export const CreateRule = graphql(`
  mutation CreateRule($input: CreateContentRuleInput!) { createContentRule(input: $input) { ruleId success error errors problems { code message path } } }
`);
export const UpdateRule = graphql(`
  mutation UpdateRule($id: ID!, $input: UpdateContentRuleInput!) { updateContentRule(id: $id, input: $input) { ruleId success error errors problems { code message path } } }
`);
export const ToggleRule = graphql(`
  mutation ToggleRule($id: ID!) { toggleContentRuleEnabled(id: $id) { success error errors problems { code message path } } }
`);
export const DuplicateRule = graphql(`
  mutation DuplicateRule($id: ID!) { duplicateContentRule(id: $id) { success error errors problems { code message path } } }
`);
export const DeleteRule = graphql(`
  mutation DeleteRule($id: ID!) { deleteContentRule(id: $id) { success error errors problems { code message path } } }
`);
export const TestRule = graphql(`
  mutation TestRule($id: ID!, $content: String!) { testContentRule(id: $id, content: $content) { matched matches success error errors problems { code message path } } }
`);
export const Anomalies = graphql(`
  query Anomalies($since: DateTime, $status: [String!]) { anomalies(since: $since, status: $status) { id kind severity title agentId at actual expected sigma status } }
`);
export const SetAnomaly = graphql(`
  mutation SetAnomaly($id: ID!, $status: String!) { setAnomaly(id: $id, status: $status) { success id errors { code message path } } }
`);
export const Alerts = graphql(`
  query Alerts($first: Int, $after: String, $last: Int, $before: String, $filter: AlertsFilter, $sort: Sort) {
    alertsPage(first: $first, after: $after, last: $last, before: $before, filter: $filter, sort: $sort) {
      nodes { id alertType severity title description userIdentifier violationCount lastViolationAt status createdAt endpointName acknowledgedByUsername resolvedByUsername }
      totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    }
  }
`);
export const Alert = graphql(`
  query Alert($id: ID!) {
    complianceAlert(id: $id) {
      id alertType severity title description userIdentifier violationCount firstViolationAt lastViolationAt status acknowledgedAt resolvedAt resolutionNotes metadata createdAt
      acknowledgedByUsername resolvedByUsername endpoint { id name status health }
      violations { id ruleType severity enforcement matchedText wasBlocked wasRedacted createdAt ruleName }
    }
  }
`);
export const SetAlerts = graphql(`
  mutation SetAlerts($ids: [ID!]!, $status: String!, $notes: String) { setAlerts(ids: $ids, status: $status, notes: $notes) { results { id success errors { code message path } } changed } }
`);
export const AcknowledgeAlert = graphql(`
  mutation AcknowledgeAlert($id: ID!) { acknowledgeComplianceAlert(id: $id) { success error errors problems { code message path } } }
`);
export const ResolveAlert = graphql(`
  mutation ResolveAlert($id: ID!, $notes: String!) { resolveComplianceAlert(id: $id, notes: $notes) { success error errors problems { code message path } } }
`);
export const DismissAlert = graphql(`
  mutation DismissAlert($id: ID!) { dismissComplianceAlert(id: $id) { success error errors problems { code message path } } }
`);
export const AlertRules = graphql(`
  query AlertRules { alertRules { id name kind config severity enabled createdAt } }
`);
export const SaveAlertRule = graphql(`
  mutation SaveAlertRule($id: ID, $name: String!, $kind: String!, $config: JSON!, $severity: String!, $enabled: Boolean) {
    saveAlertRule(id: $id, name: $name, kind: $kind, config: $config, severity: $severity, enabled: $enabled) { success id errors { code message path } }
  }
`);
export const DeleteAlertRule = graphql(`
  mutation DeleteAlertRule($id: ID!) { deleteAlertRule(id: $id) { success id errors { code message path } } }
`);
