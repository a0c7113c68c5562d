// What waits for a person, in words.
import { asFacts, asText, type Facts, subjectOf } from "@/lib/json";
import { word } from "@/messages";

interface Asked {
  action: string;
  context: unknown;
}

/** What the agent said of the call. */
export function factsOf({ context }: Asked): Facts {
  return asFacts(asFacts(context).context);
}

/** The call: its action, and what it is about. */
export function calledOf(asked: Asked): string {
  return [word(asked.action), subjectOf(factsOf(asked))].filter(Boolean).join(": ");
}

/** The decision that stopped it; nothing when it was asked for before it was tried. */
export function decisionOf({ context }: Asked): string {
  return asText(asFacts(context).evaluation_id);
}
