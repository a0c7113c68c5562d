// What goes over the wire between the client and the server (`/api/v1`), in JavaScript's spelling.

/** How to reach the server, and as whom. */
export interface ClientOptions {
  /** The server's address, such as `https://zentinelle.example.com`. Plain HTTP only to this machine. */
  endpoint: string;
  /** An agent's key, or one that may enrol agents. */
  apiKey: string;
  /** What kind of software the agent is. Default: `custom`. */
  agentType?: string;
  /** The agent's id, where it is known. Else `register` learns it. */
  agentId?: string;
  /** The organisation the key belongs to. Checked by the server, never used to choose one. */
  orgId?: string;
  /** What an unreachable server means: deny (an error), or go on. Default: false. */
  failOpen?: boolean;
  /** Longest wait for an answer. Unit: milliseconds. Default: 30,000. */
  timeoutMs?: number;
  /** Tries after the first. Default: 3. */
  maxRetries?: number;
  /** First wait between tries; doubled each time. Unit: milliseconds. Default: 1,000. */
  retryBaseMs?: number;
  /** Events sent at once. Default: 100. */
  bufferSize?: number;
  /** How often events are sent. Unit: milliseconds. Default: 5,000; 0 leaves it to `flushEvents`. */
  flushIntervalMs?: number;
  /** How often the server hears that the agent is alive, unless it asks for another pace. Default: 60,000; 0: never. */
  heartbeatIntervalMs?: number;
  /** How long configuration is believed. Unit: milliseconds. Default: 300,000. */
  configTtlMs?: number;
  /** How long secrets are kept. Unit: milliseconds. Default: 60,000. */
  secretsTtlMs?: number;
  /** Another `fetch`, for tests and proxies. */
  fetch?: typeof fetch;
  /** Told of events that were lost and heartbeats that failed. Default: nobody is. */
  onWarning?: (message: string) => void;
}

/** A policy as the server tells agents of it. */
export interface PolicyConfig {
  id: string;
  name: string;
  type: string;
  enforcement: string;
  config: Record<string, unknown>;
  priority?: number;
}

/** What registering gave. */
export interface RegisterResult {
  agentId: string;
  /** A key of the agent's own, where one was issued. The client uses it from then on. */
  apiKey: string | undefined;
  config: Record<string, unknown>;
  policies: PolicyConfig[];
}

/** Configuration of an agent. */
export interface AgentConfig {
  agentId: string;
  config: Record<string, unknown>;
  policies: PolicyConfig[];
  updatedAt: Date;
}

/** What one policy said. */
export interface PolicyResult {
  id: string;
  name: string;
  type: string;
  passed: boolean;
  message: string | null;
}

/** The server's decision. */
export interface EvaluateResult {
  /** Whether to go on. */
  allowed: boolean;
  /** Why not, in words. */
  reason: string | undefined;
  /** The stable code of the reason. */
  code: string | undefined;
  policiesEvaluated: PolicyResult[];
  warnings: string[];
  context: Record<string, unknown>;
  /** Set when nobody decided: the server was away, and `failOpen` let the request through. */
  failOpen: boolean;
  /** The names of the policies that deny. */
  blockedPolicies: string[];
  /** Whether a human must say yes first. */
  requiresApproval: boolean;
}

/** What an event is kept for. */
export type EventCategory = "telemetry" | "audit" | "alert" | "compliance";

/** Tokens and cost of one model call. */
export interface ModelUsage {
  provider: string;
  model: string;
  inputTokens: number;
  outputTokens: number;
  /** US dollars. */
  estimatedCost?: number;
}

/** What a heartbeat gave. */
export interface HeartbeatResult {
  acknowledged: boolean;
  configChanged: boolean;
  nextHeartbeatSeconds: number | undefined;
}
