import { graphql } from "./gql";

export const Me = graphql(`
  query Me { me { id name email role permissions organization tenantId signedInBy csrfToken } }
`);
export const Find = graphql(`
  query Find($text: String!) { find(text: $text, first: 12) { kind id title detail } }
`);
export const Bell = graphql(`
  query Bell {
    unread: notificationsPage(first: 1, filter: { status: ["unread"] }) { totalCount }
    newest: notificationsPage(first: 15) { nodes { id type subject message status metadata createdAt } }
  }
`);
export const MarkNotification = graphql(`
  mutation MarkNotification($id: ID!, $status: String!) { updateNotification(id: $id, status: $status) { success errors } }
`);
export const MarkAllRead = graphql(`
  mutation MarkAllRead { markAllNotificationsRead { success errors } }
`);
export const Views = graphql(`
  query Views($page: String) { savedViews(page: $page) { id page name query shared isDefault mine } }
`);
export const SaveView = graphql(`
  mutation SaveView($id: ID, $page: String!, $name: String!, $query: String!, $shared: Boolean, $isDefault: Boolean) {
    saveView(id: $id, page: $page, name: $name, query: $query, shared: $shared, isDefault: $isDefault) { success id errors { code message path } }
  }
`);
export const DeleteView = graphql(`
  mutation DeleteView($id: ID!) { deleteView(id: $id) { success errors { code message path } } }
`);
export const Waiting = graphql(`
  query Waiting {
    approvals: approvalsPage(first: 1, filter: { status: ["pending"] }) { totalCount }
    alerts: alertsPage(first: 1, filter: { status: ["open"] }) { totalCount }
  }
`);
