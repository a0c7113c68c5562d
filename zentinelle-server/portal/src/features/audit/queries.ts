import { graphql } from "./gql";

export const AuditLog = graphql(`
  query AuditLog($first: Int, $after: String, $last: Int, $before: String, $filter: AuditLogsFilter, $sort: Sort) {
    auditLogsPage(first: $first, after: $after, last: $last, before: $before, filter: $filter, sort: $sort) {
      nodes { id sequence action resourceType resourceId resourceName metadata apiKeyPrefix ipAddress userAgent timestamp status actor { id email name type } changes { field oldValue newValue } }
      totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    }
  }
`);
export const Chain = graphql(`
  query Chain($verify: Boolean!) { chainStatus(verify: $verify) { valid entries head checkedAt checkpointAt brokenAt message } }
`);
export const Receipt = graphql(`
  query Receipt($sequence: Int!) { auditReceipt(sequence: $sequence) }
`);
export const ExportAudit = graphql(`
  mutation ExportAudit($format: String!, $startDate: String!, $endDate: String!) {
    exportAuditLogs(format: $format, startDate: $startDate, endDate: $endDate) { downloadUrl success error errors problems { code message path } }
  }
`);
