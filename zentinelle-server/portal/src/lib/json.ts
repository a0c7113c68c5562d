// JSON of the contract whose shape the schema leaves open, read without trust.

export type Facts = Record<string, unknown>;

export function asFacts(value: unknown): Facts {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Facts) : {};
}

export function asList(value: unknown): Facts[] {
  return Array.isArray(value) ? value.map((one) => (typeof one === "string" ? { reference: one } : asFacts(one))) : [];
}

export function asWords(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((one) => one !== null && one !== undefined).map(String) : [];
}

export function asText(value: unknown): string {
  return value === null || value === undefined ? "" : typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** Words as a person writes them in one field, parted by commas. */
export function splitWords(text: string): string[] {
  return [...new Set(text.split(",").map((one) => one.trim()).filter(Boolean))];
}

/** The tool, model or source a call is about, from what its agent said of it. */
export function subjectOf(context: unknown): string {
  const facts = asFacts(context);
  return asText(facts.tool_name ?? facts.tool ?? facts.model ?? facts.datasource);
}
