// One HTTP call: retries, time limits, and errors by status.

import { ArgumentError } from "../errors.js";
import { CircuitBreaker } from "./breaker.js";
import { ZentinelleAuthError, ZentinelleConnectionError, ZentinelleRateLimitError } from "./errors.js";
import type { ClientOptions } from "./types.js";

/** The version that the server sees. */
const VERSION = "0.1.0";
const LONGEST_WAIT_MS = 60_000;
const JITTER = 0.25;

/** @internal */
export type Json = Record<string, unknown>;

/** @internal */
export class Transport {
  readonly breaker = new CircuitBreaker();
  readonly #base: string;
  readonly #orgId: string | undefined;
  readonly #timeoutMs: number;
  readonly #maxRetries: number;
  readonly #retryBaseMs: number;
  readonly #fetch: typeof fetch;
  #apiKey: string;

  constructor(options: ClientOptions) {
    this.#base = `${checked(options.endpoint)}/api/v1`;
    if (!options.apiKey) {
      throw new ArgumentError("there is no key", { code: "argument.no_key", pointer: "/apiKey" });
    }
    this.#apiKey = options.apiKey;
    this.#orgId = options.orgId;
    this.#timeoutMs = options.timeoutMs ?? 30_000;
    this.#maxRetries = options.maxRetries ?? 3;
    this.#retryBaseMs = options.retryBaseMs ?? 1_000;
    // Called as a method of this object, the global one would complain about its `this`.
    this.#fetch = options.fetch ?? ((...request) => globalThis.fetch(...request));
  }

  /** Uses another key from now on. */
  useKey(apiKey: string): void {
    this.#apiKey = apiKey;
  }

  /** Asks, as often as it takes. */
  async call(method: "GET" | "POST", path: string, body?: Json): Promise<Json> {
    return this.breaker.run(
      () => this.#persist(method, path, body),
      (error) => error instanceof ZentinelleConnectionError && (error.status === undefined || error.status >= 500),
    );
  }

  async #persist(method: string, path: string, body: Json | undefined): Promise<Json> {
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await this.#once(method, path, body);
      } catch (error) {
        const retriable =
          error instanceof ZentinelleConnectionError && (error.status === undefined || error.status >= 500);
        if (!retriable || attempt >= this.#maxRetries) throw error;
        const wait = Math.min(this.#retryBaseMs * 2 ** attempt, LONGEST_WAIT_MS);
        await new Promise((done) => setTimeout(done, wait * (1 + JITTER * (2 * Math.random() - 1))));
      }
    }
  }

  async #once(method: string, path: string, body: Json | undefined): Promise<Json> {
    const headers: Record<string, string> = { "X-Zentinelle-Key": this.#apiKey };
    if (body !== undefined) headers["Content-Type"] = "application/json";
    if (this.#orgId !== undefined) headers["X-Zentinelle-Org"] = this.#orgId;
    // A browser names itself, and would ask the server for leave to say something else.
    if (!("document" in globalThis)) headers["User-Agent"] = `zentinelle-js/${VERSION}`;
    let response: Response;
    let text: string;
    try {
      response = await this.#fetch(this.#base + path, {
        method,
        headers,
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(this.#timeoutMs),
      });
      text = await response.text();
    } catch (cause) {
      const why = cause instanceof Error && cause.name === "TimeoutError" ? "did not answer in time" : "cannot be reached";
      throw new ZentinelleConnectionError(`the server ${why}`, { cause });
    }
    if (response.ok) return parsed(text, response.status);
    throw refused(response, text);
  }
}

function checked(endpoint: string): string {
  let url: URL;
  try {
    url = new URL(endpoint);
  } catch {
    throw new ArgumentError("the endpoint is no address", {
      code: "argument.invalid_endpoint",
      pointer: "/endpoint",
      help: "give an address such as https://zentinelle.example.com",
    });
  }
  const local = ["localhost", "127.0.0.1", "[::1]"].includes(url.hostname);
  if (url.protocol !== "https:" && !(url.protocol === "http:" && local)) {
    throw new ArgumentError("the endpoint would carry the key in the clear", {
      code: "argument.insecure_endpoint",
      pointer: "/endpoint",
      help: "use https, or http to localhost only",
    });
  }
  return url.origin + url.pathname.replace(/\/+$/, "");
}

function parsed(text: string, status: number): Json {
  try {
    const value: unknown = JSON.parse(text);
    if (value !== null && typeof value === "object" && !Array.isArray(value)) return value as Json;
  } catch {
    // Falls through: an answer that is not JSON is no answer.
  }
  throw new ZentinelleConnectionError("the server answered something that is no JSON object", {
    status: Math.max(status, 500),
    code: "client.malformed_answer",
  });
}

function refused(response: Response, text: string): Error {
  const { status } = response;
  let body: Json = {};
  try {
    body = (JSON.parse(text) as Json | null) ?? {};
  } catch {
    // The status says enough.
  }
  const message = [body["message"], body["detail"], body["error"]].find((found) => typeof found === "string");
  const code = typeof body["error"] === "string" ? body["error"] : undefined;
  const said = typeof message === "string" ? `: ${message}` : "";
  if (status === 401 || status === 403) {
    return new ZentinelleAuthError(`the server refuses the key (${status})${said}`, status, code);
  }
  if (status === 429) {
    const seconds = Number.parseInt(response.headers.get("retry-after") ?? "", 10);
    return new ZentinelleRateLimitError(Number.isFinite(seconds) ? seconds : 60);
  }
  return new ZentinelleConnectionError(`the server answered ${status}${said}`, { status, code });
}
