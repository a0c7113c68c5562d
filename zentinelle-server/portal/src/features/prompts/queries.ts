// The library of system prompts.
import { graphql } from "./gql";

export const Prompts = graphql(`
  query Prompts($first: Int, $after: String, $last: Int, $before: String, $filter: SystemPromptsFilter, $sort: Sort) {
    systemPromptsPage(first: $first, after: $after, last: $last, before: $before, filter: $filter, sort: $sort) {
      nodes { id name slug description promptType status visibility version isFeatured isVerified usageCount favoriteCount forkCount avgRating isFavorited userRating createdByUsername createdAt updatedAt category { id name slug color } tags { id name slug color } }
      totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    }
  }
`);
export const Prompt = graphql(`
  query Prompt($id: UUID!) {
    systemPrompt(id: $id) {
      id name description promptText promptType status visibility version templateVariables variableDefaults compatibleProviders compatibleModels recommendedTemperature recommendedMaxTokens
      exampleInput exampleOutput useCases isFavorited userRating avgRating favoriteCount forkCount usageCount isVerified createdByUsername createdAt updatedAt category { id name } tags { id name }
    }
  }
`);
export const Versions = graphql(`
  query Versions($id: ID!) { promptVersions(id: $id) { version name promptText changedBy createdAt tokenCount } }
`);
export const PromptChanges = graphql(`
  query PromptChanges($id: ID!, $from: Int!, $to: Int!) { promptDiff(id: $id, from: $from, to: $to) { path kind before after } }
`);
export const PromptKinds = graphql(`
  query PromptKinds { promptCategories(activeOnly: true) { id name slug promptCount } promptTags { id name slug } }
`);
export const CreatePrompt = graphql(`
  mutation CreatePrompt($input: CreateSystemPromptInput!) { createSystemPrompt(input: $input) { prompt { id } success error errors problems { code message path } } }
`);
export const UpdatePrompt = graphql(`
  mutation UpdatePrompt($id: ID!, $input: UpdateSystemPromptInput!) { updateSystemPrompt(id: $id, input: $input) { prompt { id } success error errors problems { code message path } } }
`);
export const DeletePrompt = graphql(`
  mutation DeletePrompt($id: ID!) { deleteSystemPrompt(id: $id) { success error errors problems { code message path } } }
`);
export const ForkPrompt = graphql(`
  mutation ForkPrompt($id: ID!) { forkSystemPrompt(id: $id) { prompt { id } success error errors problems { code message path } } }
`);
export const FavoritePrompt = graphql(`
  mutation FavoritePrompt($promptId: ID!) { togglePromptFavorite(promptId: $promptId) { isFavorited success error errors problems { code message path } } }
`);
export const RatePrompt = graphql(`
  mutation RatePrompt($promptId: ID!, $rating: Int!, $review: String!) { rateSystemPrompt(promptId: $promptId, rating: $rating, review: $review) { success error errors problems { code message path } } }
`);
export const RestorePrompt = graphql(`
  mutation RestorePrompt($id: ID!, $version: Int!) { restorePrompt(id: $id, version: $version) { success id errors { code message path } } }
`);
export const AnalyzePrompt = graphql(`
  mutation AnalyzePrompt($promptText: String!, $promptType: String!) {
    analyzeSystemPrompt(promptText: $promptText, promptType: $promptType) { overallScore strengths improvements { category originalText suggestedText explanation severity } tokenEfficiency success error errors problems { code message path } }
  }
`);
