import { graphql } from "./gql";

export const PoliciesPage = graphql(`
  query PoliciesPage($first: Int, $after: String, $last: Int, $before: String, $filter: PoliciesFilter, $sort: Sort) {
    policiesPage(first: $first, after: $after, last: $last, before: $before, filter: $filter, sort: $sort) {
      nodes { id name description policyType scopeType scopeName priority enforcement enabled version updatedAt createdByUsername }
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
      totalCount
    }
  }
`);
export const PolicyOptions = graphql(`
  query PolicyOptions {
    policyOptions {
      policyTypes { value label description category }
      scopeTypes { value label }
      enforcementLevels { value label description }
    }
  }
`);
export const PolicySchema = graphql(`
  query PolicySchema($policyType: String!) { policySchema(policyType: $policyType) }
`);
export const Policy = graphql(`
  query Policy($id: ID!) {
    policy(id: $id) { id name description policyType scopeType scopeId scopeName config priority enforcement enabled version inheritance source createdAt updatedAt createdByUsername }
  }
`);
export const PolicyRevisions = graphql(`
  query PolicyRevisions($id: String!) {
    policyRevisions(policyId: $id) { id version name enforcement enabled priority scopeType config changedBy changeSummary createdAt }
  }
`);
export const PolicyDiff = graphql(`
  query PolicyDiff($id: ID!, $from: Int!, $to: Int!) { policyDiff(id: $id, from: $from, to: $to) { path kind before after } }
`);
export const PolicyDecisions = graphql(`
  query PolicyDecisions($filter: DecisionsFilter) {
    decisionsPage(first: 50, filter: $filter) { nodes { id action reason agentId decidedAt policies { policyId verdict } } totalCount }
  }
`);
export const CreatePolicy = graphql(`
  mutation CreatePolicy($input: CreatePolicyInput!) {
    createPolicy(input: $input) { success policy { id } errors problems { code message path } }
  }
`);
export const UpdatePolicy = graphql(`
  mutation UpdatePolicy($input: UpdatePolicyInput!) {
    updatePolicy(input: $input) { success policy { id version } errors problems { code message path } }
  }
`);
export const TogglePolicy = graphql(`
  mutation TogglePolicy($id: ID!) { togglePolicyEnabled(id: $id) { success policy { id enabled } errors problems { code message path } } }
`);
export const DuplicatePolicy = graphql(`
  mutation DuplicatePolicy($id: ID!) { duplicatePolicy(id: $id) { success policy { id } errors problems { code message path } } }
`);
export const DeletePolicy = graphql(`
  mutation DeletePolicy($id: ID!) { deletePolicy(id: $id) { success errors problems { code message path } } }
`);
export const RestorePolicy = graphql(`
  mutation RestorePolicy($id: ID!, $version: Int!) {
    restorePolicy(id: $id, version: $version) { success policy { id version } errors problems { code message path } }
  }
`);
export const SetPolicies = graphql(`
  mutation SetPolicies($ids: [ID!]!, $enabled: Boolean, $enforcement: String) {
    setPolicies(ids: $ids, enabled: $enabled, enforcement: $enforcement) { changed results { id success errors { code message path } } }
  }
`);
export const ValidatePolicy = graphql(`
  mutation ValidatePolicy($input: PolicyDraftInput!) { validatePolicy(input: $input) { success errors { code message path } } }
`);
export const PolicyImpact = graphql(`
  query PolicyImpact($input: PolicyDraftInput!, $days: Int) {
    policyImpact(input: $input, lookbackDays: $days) {
      examined truncated unchanged newlyDenied newlyAllowed failed
      byAgent { agentId newlyDenied newlyAllowed }
      samples { decisionId agentId action decidedAt before after reason }
    }
  }
`);
export const EffectiveLadder = graphql(`
  query EffectiveLadder($endpointId: ID, $userId: String) {
    effectiveLadder(endpointId: $endpointId, userId: $userId) {
      policyType
      winner { id name }
      rungs { wins floor why policy { id name scopeType scopeName enforcement enabled priority config } }
    }
  }
`);
export const PolicyHealthOf = graphql(`
  query PolicyHealthOf {
    policyHealth {
      covered { key label count }
      missingTypes
      conflicts { code message policies { id name } }
      broken { id name policyType }
    }
  }
`);
export const PolicyExport = graphql(`
  query PolicyExport($ids: [ID!]) { policyExport(ids: $ids) }
`);
export const ImportPolicies = graphql(`
  mutation ImportPolicies($document: String!, $dryRun: Boolean) {
    importPolicies(document: $document, dryRun: $dryRun) { success created updated unchanged errors { code message path } }
  }
`);
export const AgentChoices = graphql(`
  query AgentChoices($search: String) { agentsPage(first: 50, filter: { search: $search }) { nodes { id agentId name } } }
`);
export const GroupChoices = graphql(`
  query GroupChoices { agentGroupsPage(first: 100) { nodes { id name slug } } }
`);
