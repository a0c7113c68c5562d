// Frameworks, their controls, packs and reports.
import { graphql } from "./gql";

export const Frameworks = graphql(`
  query Frameworks { frameworks { id name version effectiveFrom source enabled met partial notMet notAssessed deadlines { date what source } } }
`);
export const Framework = graphql(`
  query Framework($id: ID!) { framework(id: $id) { id name version effectiveFrom source enabled met partial notMet notAssessed deadlines { date what source } controls { id title category required status why advice policyTypes evidence { kind summary reference observedAt supports } } } }
`);
export const Gaps = graphql(`
  query Gaps { frameworks { id name enabled controls { id title category required status why advice policyTypes } } }
`);
export const Packs = graphql(`
  query Packs { compliancePacks { id name description version policies activeVersion } }
`);
export const ActivatePack = graphql(`
  mutation ActivatePack($packId: String!) { activateCompliancePack(packId: $packId) { policiesCreated policiesUpdated packName packVersion success error errors problems { code message path } } }
`);
export const ToggleFramework = graphql(`
  mutation ToggleFramework($frameworkId: String!) { toggleFramework(frameworkId: $frameworkId) { framework { id enabled } success error errors problems { code message path } } }
`);
export const RunCheck = graphql(`
  mutation RunCheck { runComplianceCheck { checkId success error errors problems { code message path } } }
`);
export const RequestReport = graphql(`
  mutation RequestReport($kind: String!, $format: String!, $frameworkId: String, $since: DateTime, $until: DateTime) {
    requestReport(kind: $kind, format: $format, frameworkId: $frameworkId, since: $since, until: $until) { success report { id status } errors { code message path } }
  }
`);
export const Reports = graphql(`
  query Reports($first: Int, $after: String, $last: Int, $before: String, $filter: ComplianceReportsFilter, $sort: Sort) {
    complianceReportsPage(first: $first, after: $after, last: $last, before: $before, filter: $filter, sort: $sort) {
      nodes { id name kind format framework generatedAt period status downloadUrl }
      totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    }
  }
`);
