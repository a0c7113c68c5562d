import { graphql } from "./gql";

export const Models = graphql(`
  query Models($first: Int, $after: String, $last: Int, $before: String, $filter: ModelsFilter, $sort: Sort) {
    modelsPage(first: $first, after: $after, last: $last, before: $before, filter: $filter, sort: $sort) {
      nodes { id modelId name description modelType riskLevel contextWindow maxOutputTokens isAvailable deprecated deprecationDate releaseDate documentationUrl capabilities inputPricePerMillion outputPricePerMillion providerSlug fullModelId replacementModelName }
      totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    }
  }
`);
export const Approvals = graphql(`
  query Approvals { modelApprovals { id modelId status reviewNotes reviewedAt reviewedByUsername requestedByUsername isUsable } }
`);
export const Providers = graphql(`
  query Providers { aiProviders(activeOnly: true) { id slug } }
`);
export const SetModelApproval = graphql(`
  mutation SetModelApproval($modelId: ID!, $status: String!, $notes: String) { setModelApproval(modelId: $modelId, status: $status, notes: $notes) { success id errors { code message path } } }
`);
export const Model = graphql(`
  query Model($id: ID!) { aiModel(id: $id) { id modelId name description modelType riskLevel contextWindow maxOutputTokens isAvailable deprecated deprecationDate releaseDate documentationUrl capabilities inputPricePerMillion outputPricePerMillion providerSlug fullModelId replacementModelName } }
`);
