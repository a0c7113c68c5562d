/** A moment: milliseconds since 1970, a Date, or an ISO 8601 text with its offset. */
export type Instant = number | Date | string;
