import { graphql } from "./gql";

export const AgentsPage = graphql(`
  query AgentsPage($first: Int, $after: String, $last: Int, $before: String, $filter: AgentsFilter, $sort: Sort) {
    agentsPage(first: $first, after: $after, last: $last, before: $before, filter: $filter, sort: $sort) {
      nodes { id agentId name agentType status health lastHeartbeat decisions24h denied24h costUsd30d apiKeyPrefix createdAt agentGroup { id name color tier } }
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
      totalCount
    }
  }
`);
export const Agent = graphql(`
  query Agent($id: ID!) {
    endpoint(id: $id) {
      id agentId name description agentType status health capabilities metadata lastHeartbeat apiKeyPrefix keyExpiresAt createdAt updatedAt
      decisions24h denied24h costUsd30d
      agentGroup { id name color tier }
      sessions(first: 10) { sessionId userIdentifier startedAt lastSeenAt decisions denied }
    }
  }
`);
export const AgentActivity = graphql(`
  query AgentActivity($id: ID!, $since: DateTime!) {
    denied: decisionsPage(first: 10, filter: { endpointId: $id, allowed: false, since: $since }) { nodes { id action reason code decidedAt } totalCount }
  }
`);
export const AgentGroups = graphql(`
  query AgentGroups($first: Int, $after: String, $last: Int, $before: String, $filter: AgentGroupsFilter, $sort: Sort) {
    agentGroupsPage(first: $first, after: $after, last: $last, before: $before, filter: $filter, sort: $sort) {
      nodes { id name slug description tier color agentCount createdAt }
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
      totalCount
    }
  }
`);
export const GroupMembers = graphql(`
  query GroupMembers($id: ID!) { agentsPage(first: 50, filter: { groupId: $id }) { nodes { id name agentId status health } totalCount } }
`);
export const AgentsToAdd = graphql(`
  query AgentsToAdd($search: String) { agentsPage(first: 20, filter: { search: $search }) { nodes { id name agentId agentGroup { id } } } }
`);
export const CreateAgent = graphql(`
  mutation CreateAgent($input: CreateAgentEndpointInput!) {
    createAgentEndpoint(input: $input) { success apiKey endpoint { id } errors problems { code message path } }
  }
`);
export const UpdateAgent = graphql(`
  mutation UpdateAgent($input: UpdateAgentEndpointInput!) {
    updateAgentEndpoint(input: $input) { success endpoint { id name agentType capabilities metadata } errors problems { code message path } }
  }
`);
export const SuspendAgent = graphql(`
  mutation SuspendAgent($id: ID!) { suspendAgentEndpoint(id: $id) { success endpoint { id status } errors problems { code message path } } }
`);
export const ActivateAgent = graphql(`
  mutation ActivateAgent($id: ID!) { activateAgentEndpoint(id: $id) { success endpoint { id status } errors problems { code message path } } }
`);
export const NewAgentKey = graphql(`
  mutation NewAgentKey($id: ID!) { regenerateEndpointApiKey(id: $id) { success apiKey errors problems { code message path } } }
`);
export const DeleteAgent = graphql(`
  mutation DeleteAgent($id: ID!) { deleteAgentEndpoint(id: $id) { success errors problems { code message path } } }
`);
export const SetAgents = graphql(`
  mutation SetAgents($ids: [ID!]!, $status: String, $groupId: ID) {
    setAgents(ids: $ids, status: $status, groupId: $groupId) { changed results { id success errors { code message path } } }
  }
`);
export const CreateGroup = graphql(`
  mutation CreateGroup($name: String!, $description: String!, $tier: String!, $color: String!) {
    createAgentGroup(name: $name, description: $description, tier: $tier, color: $color) { success group { id } errors problems { code message path } }
  }
`);
export const UpdateGroup = graphql(`
  mutation UpdateGroup($id: ID!, $name: String!, $description: String!, $tier: String!, $color: String!) {
    updateAgentGroup(id: $id, name: $name, description: $description, tier: $tier, color: $color) { success group { id } errors problems { code message path } }
  }
`);
export const DeleteGroup = graphql(`
  mutation DeleteGroup($id: ID!) { deleteAgentGroup(id: $id) { success errors problems { code message path } } }
`);
export const AssignAgent = graphql(`
  mutation AssignAgent($agentId: ID!, $groupId: ID!) { assignAgentToGroup(agentId: $agentId, groupId: $groupId) { success errors problems { code message path } } }
`);
export const RemoveFromGroup = graphql(`
  mutation RemoveFromGroup($agentId: ID!) { removeAgentFromGroup(agentId: $agentId) { success errors { code message path } } }
`);
export const CreateEnrolment = graphql(`
  mutation CreateEnrolment($name: String!, $hours: Int) { createEnrolmentToken(name: $name, expiresInHours: $hours) { success apiKey errors problems { code message path } } }
`);
