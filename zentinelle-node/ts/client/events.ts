// Events on their way to the server.

import type { Json } from "./transport.js";

/** @internal */
export class EventBuffer {
  readonly #size: number;
  readonly #most: number;
  #events: Json[] = [];
  #dropped = 0;

  constructor(size: number) {
    this.#size = size;
    this.#most = Math.max(10 * size, 1_000);
  }

  /** Adds an event; says whether it is time to send. The oldest makes room. */
  add(event: Json): boolean {
    this.#events.push(event);
    this.#trim();
    return this.#events.length >= this.#size;
  }

  /** Takes the next events to send. */
  take(): Json[] {
    return this.#events.splice(0, this.#size);
  }

  /** Puts events back that could not be sent. */
  putBack(events: Json[]): void {
    this.#events.unshift(...events);
    this.#trim();
  }

  get length(): number {
    return this.#events.length;
  }

  /** How many were lost since this was last asked. */
  takeDropped(): number {
    const dropped = this.#dropped;
    this.#dropped = 0;
    return dropped;
  }

  #trim(): void {
    const over = this.#events.length - this.#most;
    if (over > 0) {
      this.#events.splice(0, over);
      this.#dropped += over;
    }
  }
}
