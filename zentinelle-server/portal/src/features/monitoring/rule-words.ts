// What a content rule can be told, type by type. The server checks the same and says what is wrong.
import type { ContentRulesQuery } from "./gql/graphql";

export type Rule = ContentRulesQuery["contentRulesPage"]["nodes"][number];
export const RULE_TYPES = ["secret_detection", "pii_detection", "phi_detection", "profanity_filter", "custom_pattern", "keyword_block", "prompt_injection", "jailbreak_attempt", "off_topic", "cost_threshold", "token_limit"];
export const RULE_SEVERITIES = ["critical", "high", "medium", "low", "info"];
export const RULE_ENFORCEMENTS = ["block", "redact", "require_approval", "warn", "log_only"];
export const SCAN_MODES = ["realtime", "async", "both"];

export interface Setting {
  key: string;
  kind: "yes" | "no" | "lines" | "number" | "sensitivity";
}

const yes = (...keys: string[]): Setting[] => keys.map((key) => ({ key, kind: "yes" }));
const lines = (...keys: string[]): Setting[] => keys.map((key) => ({ key, kind: "lines" }));
const attack: Setting[] = [{ key: "sensitivity", kind: "sensitivity" }, ...lines("custom_signatures")];

export const SETTINGS: Record<string, readonly Setting[]> = {
  secret_detection: [...yes("detect_aws_keys", "detect_api_keys", "detect_tokens", "detect_private_keys", "detect_passwords", "detect_connection_strings"), ...lines("custom_patterns", "disabled_kinds")],
  pii_detection: [...yes("detect_emails", "detect_phones", "detect_ssn", "detect_credit_cards", "detect_dob", "detect_passport"), ...lines("disabled_kinds")],
  phi_detection: [...yes("detect_diagnoses", "detect_medications"), ...lines("disabled_kinds")],
  profanity_filter: lines("custom_patterns"),
  custom_pattern: [...lines("patterns"), { key: "case_sensitive", kind: "no" }],
  keyword_block: [...lines("keywords", "phrases"), { key: "case_sensitive", kind: "no" }],
  prompt_injection: attack,
  jailbreak_attempt: attack,
  off_topic: lines("blocked_topics", "personal_keywords"),
  cost_threshold: [{ key: "max_cost_usd", kind: "number" }],
  token_limit: [{ key: "max_input_tokens", kind: "number" }],
};
