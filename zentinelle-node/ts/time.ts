import { ArgumentError } from "./errors.js";

/** A moment: milliseconds since 1970, a Date, or an ISO 8601 text with its offset. */
export type Instant = number | Date | string;

/** @internal */
export function milliseconds(instant: Instant): number {
  const found = typeof instant === "number" ? instant : instant instanceof Date ? instant.getTime() : Date.parse(instant);
  if (Number.isNaN(found)) {
    throw new ArgumentError("the instant is no time", {
      code: "argument.invalid_instant",
      help: "give milliseconds since 1970, a Date, or a text such as 2026-03-11T12:00:00Z",
    });
  }
  return found;
}
