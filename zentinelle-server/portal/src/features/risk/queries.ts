// The risk register and incidents.
import { graphql } from "./gql";

export const Risks = graphql(`
  query Risks($first: Int, $after: String, $last: Int, $before: String, $filter: RisksFilter, $sort: Sort) {
    risksPage(first: $first, after: $after, last: $last, before: $before, filter: $filter, sort: $sort) {
      nodes { id name description category status severity likelihood impact riskScore riskLevel residualSeverity residualLikelihood residualImpact residualRiskScore residualRiskLevel owner ownerName nextReviewDate lastReviewedAt mitigationPlan mitigationStatus tags incidentCount updatedAt }
      totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    }
  }
`);
export const RiskRecord = graphql(`
  query RiskRecord($id: ID!) {
    risk(id: $id) {
      id name description category status severity likelihood impact riskScore riskLevel residualSeverity residualLikelihood residualImpact residualRiskScore residualRiskLevel owner ownerName nextReviewDate lastReviewedAt mitigationPlan mitigationStatus tags incidentCount updatedAt identifiedAt createdAt lastReviewedByName
      policies { id name policyType enforcement enabled } agents { id name agentId status health } incidents { id title severity status occurredAt }
    }
  }
`);
export const RiskFigures = graphql(`
  query RiskFigures($days: Int!) {
    riskStats { totalRisks openRisks criticalRisks highRisks totalIncidents openIncidents slaMetCount slaBreachedCount risksByLevel { level count } risksByCategory { category count } incidentsBySeverity { severity count } }
    riskTrend(days: $days) { at open mean highest }
    due: risksPage(first: 1, filter: { reviewDue: true }) { totalCount }
  }
`);
export const Matrix = graphql(`
  query Matrix { riskMatrix { likelihood impact count highest } }
`);
export const RiskOptions = graphql(`
  query RiskOptions { riskOptions { categories { value label } statuses { value label } } }
`);
export const CreateRisk = graphql(`
  mutation CreateRisk($input: CreateRiskInput!) { createRisk(input: $input) { riskId success error errors problems { code message path } } }
`);
export const UpdateRisk = graphql(`
  mutation UpdateRisk($id: ID!, $input: UpdateRiskInput!) { updateRisk(id: $id, input: $input) { riskId success error errors problems { code message path } } }
`);
export const ReviewRisk = graphql(`
  mutation ReviewRisk($id: ID!) { reviewRisk(id: $id) { success error errors problems { code message path } } }
`);
export const DeleteRisk = graphql(`
  mutation DeleteRisk($id: ID!) { deleteRisk(id: $id) { success error errors problems { code message path } } }
`);
export const Incidents = graphql(`
  query Incidents($first: Int, $after: String, $last: Int, $before: String, $filter: IncidentsFilter, $sort: Sort) {
    incidentsPage(first: $first, after: $after, last: $last, before: $before, filter: $filter, sort: $sort) {
      nodes { id title incidentType severity status slaStatus slaDueAt assignee assignedToName occurredAt detectedAt resolvedAt endpointName rootCause }
      totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    }
  }
`);
export const IncidentRecord = graphql(`
  query IncidentRecord($id: ID!) {
    incident(id: $id) {
      id title description incidentType severity status slaStatus slaDueAt assignee assignedToName reportedByName occurredAt detectedAt acknowledgedAt resolvedAt closedAt
      affectedUser affectedUserCount rootCause impactAssessment resolution lessonsLearned tags evidence timelineEvents timeToAcknowledgeSeconds timeToResolveSeconds
      triggeringPolicyName endpoint { id name status health } risk { id name riskLevel riskScore } comments { id author body createdAt }
    }
  }
`);
export const IncidentOptions = graphql(`
  query IncidentOptions { incidentOptions { incidentTypes { value label } severities { value label } statuses { value label } } }
`);
export const AlertOrigin = graphql(`
  query AlertOrigin($id: ID!) { complianceAlert(id: $id) { id title description severity alertType userIdentifier firstViolationAt createdAt endpoint { id name } } }
`);
export const CreateIncident = graphql(`
  mutation CreateIncident($input: CreateIncidentInput!) { createIncident(input: $input) { incidentId success error errors problems { code message path } } }
`);
export const UpdateIncident = graphql(`
  mutation UpdateIncident($id: ID!, $input: UpdateIncidentInput!) { updateIncident(id: $id, input: $input) { incidentId success error errors problems { code message path } } }
`);
export const AcknowledgeIncident = graphql(`
  mutation AcknowledgeIncident($id: ID!) { acknowledgeIncident(id: $id) { success error errors problems { code message path } } }
`);
export const AssignIncident = graphql(`
  mutation AssignIncident($id: ID!, $assigneeId: String!) { assignIncident(id: $id, assigneeId: $assigneeId) { success error errors problems { code message path } } }
`);
export const ResolveIncident = graphql(`
  mutation ResolveIncident($id: ID!, $resolution: String!) { resolveIncident(id: $id, resolution: $resolution) { success error errors problems { code message path } } }
`);
export const CloseIncident = graphql(`
  mutation CloseIncident($id: ID!, $lessonsLearned: String!) { closeIncident(id: $id, lessonsLearned: $lessonsLearned) { success error errors problems { code message path } } }
`);
export const CommentIncident = graphql(`
  mutation CommentIncident($id: ID!, $body: String!) { commentIncident(id: $id, body: $body) { success id errors { code message path } } }
`);
export const AddEvidence = graphql(`
  mutation AddEvidence($id: ID!, $kind: String!, $reference: String!, $note: String) { addIncidentEvidence(id: $id, kind: $kind, reference: $reference, note: $note) { success id errors { code message path } } }
`);
export const SetIncidents = graphql(`
  mutation SetIncidents($ids: [ID!]!, $status: String, $assignee: String) { setIncidents(ids: $ids, status: $status, assignee: $assignee) { results { id success errors { code message path } } changed } }
`);
