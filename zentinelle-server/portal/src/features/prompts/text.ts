// What can be said of a prompt's text before the server has seen it.

/** The names between double braces, in the order they come. */
export function variablesOf(text: string): string[] {
  return [...new Set([...text.matchAll(/\{\{\s*([A-Za-z_][\w.-]*)\s*\}\}/g)].map((found) => found[1] ?? ""))];
}

export function filledIn(text: string, values: Record<string, string>): string {
  return text.replace(/\{\{\s*([A-Za-z_][\w.-]*)\s*\}\}/g, (whole, name: string) => values[name] || whole);
}

/** About how many tokens: the server counts a kept version exactly. Words and signs, long words as several. */
export function aboutTokens(text: string): number {
  const parts = text.match(/[\p{L}\p{N}]+|[^\s\p{L}\p{N}]/gu) ?? [];
  return parts.reduce((sum, part) => sum + Math.max(1, Math.ceil(part.length / 6)), 0);
}
