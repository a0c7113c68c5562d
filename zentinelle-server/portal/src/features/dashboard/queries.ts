import { graphql } from "./gql";

export const Overview = graphql(`
  query Overview($days: Int) {
    overview(days: $days) {
      days
      decisions { total previous points { at value } }
      denied { total previous points { at value } }
      tokens { total previous points { at value } }
      costUsd { total previous points { at value } }
      pendingApprovals breachedSla
      openAlerts { key label count }
      openIncidents { key label count }
      agentsByHealth { key label count }
      policiesByEnforcement { key label count }
      topDenials { key label count }
      topAgentsByCost { key label costUsd tokens }
      budgets { policyId policyName scope limitUsd spentUsd }
      chain { valid entries checkedAt brokenAt message }
      firstSteps { key done }
    }
  }
`);
export const WaitingNow = graphql(`
  query WaitingNow {
    approvalsPage(first: 5, filter: { status: ["pending"] }) { nodes { id action agentId endpoint { id name } context risk expiresAt } totalCount }
  }
`);
