// Choices of a select: what the server offers, or the known words until it has answered.
import { word } from "@/messages";

export function choicesOf(offered: readonly { value?: string | null; label?: string | null }[] | null | undefined, known: readonly string[]): { value: string; label: string }[] {
  const found = (offered ?? []).flatMap(({ value, label }) => (value ? [{ value, label: label || word(value) }] : []));
  return found.length > 0 ? found : known.map((value) => ({ value, label: word(value) }));
}
