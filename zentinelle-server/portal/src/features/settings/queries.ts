import { graphql } from "./gql";

export const Organization = graphql(`
  query Organization { myOrganization { id name slug website deploymentModel zentinelleTier aiBudgetUsd aiBudgetSpentUsd settings createdAt } }
`);
export const UpdateOrganization = graphql(`
  mutation UpdateOrganization($settings: OrganizationSettingsInput!) { updateOrganizationSettings(settings: $settings) { success errors problems { code message path } } }
`);
export const ApiKeysPage = graphql(`
  query ApiKeysPage($first: Int, $after: String, $last: Int, $before: String, $filter: ApiKeysFilter, $sort: Sort) {
    apiKeysPage(first: $first, after: $after, last: $last, before: $before, filter: $filter, sort: $sort) {
      nodes { id name description role status scopes keyPrefix expiresAt lastUsedAt usageCount createdAt createdByUsername }
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
      totalCount
    }
  }
`);
export const CreateKey = graphql(`
  mutation CreateKey($name: String!, $scopes: [String!]!) { createPlatformApiKey(name: $name, scopes: $scopes) { success apiKey keyId errors problems { code message path } } }
`);
export const RevokeKey = graphql(`
  mutation RevokeKey($id: ID!) { revokeApiKey(id: $id) { success errors problems { code message path } } }
`);
export const DeleteKey = graphql(`
  mutation DeleteKey($id: ID!) { deleteApiKey(id: $id) { success errors problems { code message path } } }
`);
export const UsersPage = graphql(`
  query UsersPage($first: Int, $after: String, $last: Int, $before: String, $filter: UsersFilter, $sort: Sort) {
    usersPage(first: $first, after: $after, last: $last, before: $before, filter: $filter, sort: $sort) {
      nodes { id email name role disabled totpEnabled lockedUntil lastSignInAt createdAt }
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
      totalCount
    }
  }
`);
export const CreateUser = graphql(`
  mutation CreateUser($email: String!, $name: String!, $role: Role!) { createUser(email: $email, name: $name, role: $role) { success temporaryPassword user { id } errors { code message path } } }
`);
export const UpdateUser = graphql(`
  mutation UpdateUser($id: ID!, $name: String, $role: Role, $disabled: Boolean) { updateUser(id: $id, name: $name, role: $role, disabled: $disabled) { success errors { code message path } } }
`);
export const ResetPassword = graphql(`
  mutation ResetPassword($id: ID!) { resetPassword(id: $id) { success temporaryPassword errors { code message path } } }
`);
export const Sessions = graphql(`
  query Sessions { sessions { id userId userName current createdAt lastSeenAt expiresAt ipAddress userAgent } }
`);
export const RevokeSession = graphql(`
  mutation RevokeSession($id: ID!) { revokeSession(id: $id) { success errors { code message path } } }
`);
export const ChangePassword = graphql(`
  mutation ChangePassword($current: String!, $new: String!) { changePassword(current: $current, new: $new) { success errors { code message path } } }
`);
export const BeginTotp = graphql(`
  mutation BeginTotp { beginTotp { success uri errors { code message path } } }
`);
export const ConfirmTotp = graphql(`
  mutation ConfirmTotp($code: String!) { confirmTotp(code: $code) { success recoveryCodes errors { code message path } } }
`);
export const RenewRecoveryCodes = graphql(`
  mutation RenewRecoveryCodes($code: String!) { renewRecoveryCodes(code: $code) { success recoveryCodes errors { code message path } } }
`);
export const DisableTotp = graphql(`
  mutation DisableTotp($code: String!) { disableTotp(code: $code) { success errors { code message path } } }
`);
export const ProviderKeys = graphql(`
  query ProviderKeys { providerKeys { name provider updatedAt } aiProviders(activeOnly: true) { slug name keyPrefix } }
`);
export const SaveProviderKey = graphql(`
  mutation SaveProviderKey($name: String!, $provider: String!, $key: String!) { saveProviderKey(name: $name, provider: $provider, key: $key) { success errors { code message path } } }
`);
export const DeleteProviderKey = graphql(`
  mutation DeleteProviderKey($name: String!) { deleteProviderKey(name: $name) { success errors { code message path } } }
`);
export const RetentionPage = graphql(`
  query RetentionPage($first: Int, $after: String, $last: Int, $before: String, $filter: RetentionPoliciesFilter, $sort: Sort) {
    retentionPoliciesPage(first: $first, after: $after, last: $last, before: $before, filter: $filter, sort: $sort) {
      nodes { id name description entityType retentionDays minimumRetentionDays expirationAction complianceRequirement complianceRequirementDisplay enabled priority updatedAt }
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
      totalCount
    }
  }
`);
export const RetentionPreview = graphql(`
  query RetentionPreview { retentionPreview { entityType retentionDays wouldDelete held oldest } }
`);
export const RetentionChoices = graphql(`
  query RetentionChoices {
    retentionOptions { entityTypes { value label } expirationActions { value label } complianceRequirements { value label } }
    legalHoldOptions { holdTypes { value label } }
  }
`);
export const CreateRetention = graphql(`
  mutation CreateRetention($input: CreateRetentionPolicyInput!) { createRetentionPolicy(input: $input) { success errors problems { code message path } } }
`);
export const UpdateRetention = graphql(`
  mutation UpdateRetention($input: UpdateRetentionPolicyInput!) { updateRetentionPolicy(input: $input) { success errors problems { code message path } } }
`);
export const ToggleRetention = graphql(`
  mutation ToggleRetention($id: ID!) { toggleRetentionPolicyEnabled(id: $id) { success errors problems { code message path } } }
`);
export const DeleteRetention = graphql(`
  mutation DeleteRetention($id: ID!) { deleteRetentionPolicy(id: $id) { success errors problems { code message path } } }
`);
export const HoldsPage = graphql(`
  query HoldsPage($first: Int, $after: String, $last: Int, $before: String, $filter: LegalHoldsFilter, $sort: Sort) {
    legalHoldsPage(first: $first, after: $after, last: $last, before: $before, filter: $filter, sort: $sort) {
      nodes { id name description referenceNumber holdType status isActive appliesToAll entityTypes userIdentifiers effectiveDate expirationDate releasedAt custodianEmail notifyOnAccess createdAt }
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
      totalCount
    }
  }
`);
export const CreateHold = graphql(`
  mutation CreateHold($input: CreateLegalHoldInput!) { createLegalHold(input: $input) { success errors problems { code message path } } }
`);
export const ReleaseHold = graphql(`
  mutation ReleaseHold($id: ID!) { releaseLegalHold(id: $id) { success errors problems { code message path } } }
`);
export const DeleteHold = graphql(`
  mutation DeleteHold($id: ID!) { deleteLegalHold(id: $id) { success errors problems { code message path } } }
`);
export const WebhooksPage = graphql(`
  query WebhooksPage($first: Int, $after: String, $last: Int, $before: String, $filter: WebhooksFilter, $sort: Sort) {
    webhooksPage(first: $first, after: $after, last: $last, before: $before, filter: $filter, sort: $sort) {
      nodes { id name url events enabled createdAt lastDeliveryAt lastStatus }
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
      totalCount
    }
  }
`);
export const SaveWebhook = graphql(`
  mutation SaveWebhook($id: ID, $name: String!, $url: String!, $events: [String!]!, $enabled: Boolean) {
    saveWebhook(id: $id, name: $name, url: $url, events: $events, enabled: $enabled) { success signingSecret webhook { id } errors { code message path } }
  }
`);
export const DeleteWebhook = graphql(`
  mutation DeleteWebhook($id: ID!) { deleteWebhook(id: $id) { success errors { code message path } } }
`);
export const TestWebhook = graphql(`
  mutation TestWebhook($id: ID!) { testWebhook(id: $id) { success errors { code message path } } }
`);
