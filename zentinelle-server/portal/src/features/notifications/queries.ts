import { graphql } from "./gql";

export const Notifications = graphql(`
  query Notifications($first: Int, $after: String, $last: Int, $before: String, $filter: NotificationsFilter, $sort: Sort) {
    notificationsPage(first: $first, after: $after, last: $last, before: $before, filter: $filter, sort: $sort) {
      nodes { id type subject message status statusDate metadata createdAt }
      totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    }
  }
`);
