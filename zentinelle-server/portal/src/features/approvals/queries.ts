import { graphql } from "./gql";

export const ApprovalsPage = graphql(`
  query ApprovalsPage($first: Int, $after: String, $last: Int, $before: String, $filter: ApprovalsFilter, $sort: Sort) {
    approvalsPage(first: $first, after: $after, last: $last, before: $before, filter: $filter, sort: $sort) {
      nodes { id status risk action reason agentId endpoint { id name } context userIdentifier requestedAt expiresAt resolvedAt resolvedBy policyName }
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
      totalCount
    }
  }
`);
export const Approval = graphql(`
  query Approval($id: ID!) {
    approval(id: $id) {
      id status risk action reason justification agentId userIdentifier requestedAt expiresAt resolvedAt resolvedBy comment digest context policyId policyName
      endpoint { id name health decisions24h denied24h }
    }
  }
`);
export const Approve = graphql(`
  mutation Approve($id: ID!, $comment: String) { approveAction(id: $id, comment: $comment) { success approval { id status } errors { code message path } } }
`);
export const Deny = graphql(`
  mutation Deny($id: ID!, $comment: String) { denyAction(id: $id, comment: $comment) { success approval { id status } errors { code message path } } }
`);
export const ApprovalChanged = graphql(`
  subscription ApprovalChanged { approvalChanged { id status } }
`);
