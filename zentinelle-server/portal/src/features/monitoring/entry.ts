// What an entry of the activity leads to.
import { hrefFor } from "@/lib/url";
import type { Entry } from "./use-activity";

/** Where an entry's own page is; none: its detail is shown beside the list. */
export function entryHref(entry: Pick<Entry, "id" | "kind">): string | undefined {
  return ["decision", "approval", "alert", "incident"].includes(entry.kind) ? hrefFor(entry.kind, entry.id) : undefined;
}
