import { graphql } from "./gql";

export const PoliciesInForce = graphql(`
  query PoliciesInForce($ids: [ID!]) { policyExport(ids: $ids) }
`);
export const PastDecisions = graphql(`
  query PastDecisions($search: String) {
    decisionsPage(first: 20, filter: { search: $search }) { nodes { id action agentId allowed code context decidedAt } }
  }
`);
export const PastDecision = graphql(`
  query PastDecision($id: ID!) { decision(id: $id) { id action agentId userIdentifier allowed code context decidedAt } }
`);
