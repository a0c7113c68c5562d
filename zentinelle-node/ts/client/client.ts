import { ArgumentError } from "../errors.js";
import { PolicyViolationError, ZentinelleAuthError, ZentinelleConnectionError } from "./errors.js";
import { EventBuffer } from "./events.js";
import { type Json, Transport } from "./transport.js";
import type {
  AgentConfig,
  ClientOptions,
  EvaluateResult,
  EventCategory,
  HeartbeatResult,
  ModelUsage,
  PolicyConfig,
  PolicyResult,
  RegisterResult,
} from "./types.js";

/** A timer that does not keep a program alive, where programs end by themselves. */
function every(milliseconds: number, run: () => void): ReturnType<typeof setInterval> {
  const timer = setInterval(run, milliseconds);
  (timer as { unref?: () => void }).unref?.();
  return timer;
}

/**
 * An agent's line to a Zentinelle server: decisions, configuration, secrets, events, heartbeats.
 *
 * Needs nothing but `fetch`: works in Node, Deno, Bun, browsers, workers and at the edge. To decide without a
 * server, use `Engine`.
 */
export class ZentinelleClient {
  readonly #transport: Transport;
  readonly #options: ClientOptions;
  readonly #events: EventBuffer;
  #agentId: string | undefined;
  #config: { value: AgentConfig; until: number } | undefined;
  #secrets: { value: Record<string, string>; until: number } | undefined;
  #flushing: Promise<void> | undefined;
  #timers: ReturnType<typeof setInterval>[] = [];
  #closed = false;

  constructor(options: ClientOptions) {
    this.#options = options;
    this.#transport = new Transport(options);
    this.#events = new EventBuffer(options.bufferSize ?? 100);
    this.#agentId = options.agentId;
  }

  /** The agent's id: as given, or as the server gave it. */
  get agentId(): string | undefined {
    return this.#agentId;
  }

  /** Whether the server is asked at all at present. */
  get circuitState(): "closed" | "open" | "half-open" {
    return this.#transport.breaker.state;
  }

  /** Tells the server of this agent, and starts to send events and heartbeats. */
  async register(
    about: { capabilities?: string[]; metadata?: Record<string, unknown>; name?: string } = {},
  ): Promise<RegisterResult> {
    const reply = await this.#transport.call("POST", "/agents/register", {
      agent_id: this.#agentId ?? null,
      agent_type: this.#options.agentType ?? "custom",
      capabilities: about.capabilities ?? [],
      metadata: about.metadata ?? {},
      name: about.name ?? null,
    });
    const agentId = reply["agent_id"];
    if (typeof agentId !== "string") {
      throw new ZentinelleConnectionError("the server registered nobody", { code: "client.malformed_answer" });
    }
    this.#agentId = agentId;
    const apiKey = typeof reply["api_key"] === "string" && reply["api_key"] !== "" ? reply["api_key"] : undefined;
    if (apiKey !== undefined) this.#transport.useKey(apiKey);
    this.#start();
    return { agentId, apiKey, config: object(reply["config"]), policies: policies(reply["policies"]) };
  }

  /** The agent's configuration and policies. Believed for five minutes. */
  async getConfig({ forceRefresh = false } = {}): Promise<AgentConfig> {
    if (!forceRefresh && this.#config !== undefined && this.#config.until > Date.now()) return this.#config.value;
    const reply = await this.#transport.call("GET", `/agents/${this.#path()}/config`);
    const value: AgentConfig = {
      agentId: String(reply["agent_id"] ?? this.#agentId),
      config: object(reply["config"]),
      policies: policies(reply["policies"]),
      updatedAt: new Date(String(reply["updated_at"])),
    };
    this.#config = { value, until: Date.now() + (this.#options.configTtlMs ?? 300_000) };
    return value;
  }

  /** The agent's policies, all or those of some types. */
  async getPolicies(types?: readonly string[]): Promise<PolicyConfig[]> {
    const { policies: all } = await this.getConfig();
    return types === undefined ? all : all.filter((policy) => types.includes(policy.type));
  }

  /** The secrets the agent may use. Kept for a minute. */
  async getSecrets(): Promise<Record<string, string>> {
    if (this.#secrets !== undefined && this.#secrets.until > Date.now()) return this.#secrets.value;
    const reply = await this.#transport.call("GET", `/agents/${this.#path()}/secrets`);
    const value = object(reply["secrets"]) as Record<string, string>;
    if (Object.keys(value).length > 0) {
      this.#secrets = { value, until: Date.now() + (this.#options.secretsTtlMs ?? 60_000) };
    }
    return value;
  }

  /** One secret, or what to use without it. */
  async getSecret(key: string, fallback?: string): Promise<string | undefined> {
    const secrets = await this.getSecrets();
    return Object.hasOwn(secrets, key) ? secrets[key] : fallback;
  }

  /**
   * Asks whether the agent may do a thing. A denial is a result. A server that cannot be reached is an error,
   * unless `failOpen` was chosen; a refused key always is.
   */
  async evaluate(
    action: string,
    { userId, context = {} }: { userId?: string | undefined; context?: Record<string, unknown> } = {},
  ): Promise<EvaluateResult> {
    let reply: Json;
    try {
      reply = await this.#transport.call("POST", "/evaluate", {
        ...(this.#agentId === undefined ? {} : { agent_id: this.#agentId }),
        action,
        user_id: userId ?? "",
        context,
      });
    } catch (error) {
      const away = error instanceof ZentinelleConnectionError && (error.status === undefined || error.status >= 500);
      if (!away || this.#options.failOpen !== true) throw error;
      return {
        allowed: true,
        reason: "fail_open",
        code: undefined,
        policiesEvaluated: [],
        warnings: [`nobody decided this: ${error.message}`],
        context: {},
        failOpen: true,
        blockedPolicies: [],
        requiresApproval: false,
      };
    }
    return result(reply);
  }

  /** As `evaluate`, but a denial is thrown as a `PolicyViolationError`. */
  async enforce(
    action: string,
    about: { userId?: string | undefined; context?: Record<string, unknown> } = {},
  ): Promise<EvaluateResult> {
    const decided = await this.evaluate(action, about);
    if (!decided.allowed) throw new PolicyViolationError(decided);
    return decided;
  }

  /** Whether the agent may use a model. */
  async canUseModel(model: string, provider = "openai"): Promise<EvaluateResult> {
    return this.evaluate("model_request", { context: { model, provider } });
  }

  /** Whether the agent may call a tool. */
  async canCallTool(tool: string, userId?: string): Promise<EvaluateResult> {
    return this.evaluate("tool_call", { userId, context: { tool } });
  }

  /** Puts an event on its way to the server. Never waits and never throws. */
  emit(
    type: string,
    payload: Record<string, unknown> = {},
    { category = "telemetry", userId }: { category?: EventCategory; userId?: string | undefined } = {},
  ): void {
    const event: Json = { type, category, payload, timestamp: new Date().toISOString() };
    if (userId !== undefined) event["user_id"] = userId;
    if (this.#events.add(event) && this.#agentId !== undefined) void this.flushEvents();
    const dropped = this.#events.takeDropped();
    if (dropped > 0) this.#options.onWarning?.(`${dropped} events were lost: the buffer is full`);
  }

  /** Reports a tool call. */
  emitToolCall(
    tool: string,
    about: { inputs?: unknown; outputs?: unknown; durationMs?: number; userId?: string } = {},
  ): void {
    const { inputs, outputs, durationMs, userId } = about;
    this.emit("tool_call", { tool, inputs, outputs, duration_ms: durationMs }, { category: "audit", userId });
  }

  /** Reports a model call. */
  emitModelRequest(usage: ModelUsage & { durationMs?: number; userId?: string }): void {
    const { provider, model, inputTokens, outputTokens, durationMs, userId } = usage;
    const payload = { provider, model, input_tokens: inputTokens, output_tokens: outputTokens, duration_ms: durationMs };
    this.emit("model_request", payload, { userId });
  }

  /** Reports what a model call used and cost. */
  trackUsage({ provider, model, inputTokens, outputTokens, estimatedCost }: ModelUsage): void {
    this.emit("model_usage", {
      provider,
      model,
      input_tokens: inputTokens,
      output_tokens: outputTokens,
      estimated_cost: estimatedCost,
    });
  }

  /** Sends what was emitted. What cannot be sent is kept for the next time; told by `onWarning`. */
  flushEvents(): Promise<void> {
    this.#flushing ??= this.#flush().finally(() => {
      this.#flushing = undefined;
    });
    return this.#flushing;
  }

  /** Tells the server that the agent is alive, and learns whether its configuration changed. */
  async heartbeat(status = "healthy", metrics?: Record<string, unknown>): Promise<HeartbeatResult> {
    const reply = await this.#transport.call("POST", "/heartbeat", {
      agent_id: this.#known(),
      status,
      metrics: metrics ?? null,
    });
    const configChanged = reply["config_changed"] === true;
    if (configChanged) this.#config = undefined;
    const next = reply["next_heartbeat_seconds"];
    return {
      acknowledged: reply["acknowledged"] === true,
      configChanged,
      nextHeartbeatSeconds: typeof next === "number" ? next : undefined,
    };
  }

  /** Sends what is left and stops. */
  async shutdown(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#timers.forEach(clearInterval);
    this.#timers = [];
    if (this.#agentId !== undefined) await this.flushEvents();
    this.#config = undefined;
    this.#secrets = undefined;
  }

  /** See `shutdown`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.shutdown();
  }

  #start(): void {
    if (this.#closed || this.#timers.length > 0) return;
    const { flushIntervalMs = 5_000, heartbeatIntervalMs = 60_000 } = this.#options;
    if (flushIntervalMs > 0) this.#timers.push(every(flushIntervalMs, () => void this.flushEvents()));
    if (heartbeatIntervalMs > 0) this.#beat(heartbeatIntervalMs);
  }

  #beat(interval: number): void {
    const timer = every(interval, () => {
      this.heartbeat().then(
        ({ nextHeartbeatSeconds }) => {
          const wanted = (nextHeartbeatSeconds ?? 0) * 1000;
          if (this.#closed || wanted <= 0 || wanted === interval) return;
          clearInterval(timer);
          this.#timers = this.#timers.filter((other) => other !== timer);
          this.#beat(wanted);
        },
        (error: unknown) => this.#warn("a heartbeat failed", error),
      );
    });
    this.#timers.push(timer);
  }

  async #flush(): Promise<void> {
    while (this.#events.length > 0) {
      const events = this.#events.take();
      try {
        await this.#transport.call("POST", "/events", { agent_id: this.#known(), events });
      } catch (error) {
        // A refused key is refused the next time as well, and would fill the buffer for ever.
        if (!(error instanceof ZentinelleAuthError)) this.#events.putBack(events);
        this.#warn(`${events.length} events could not be sent`, error);
        return;
      }
    }
  }

  #warn(what: string, error: unknown): void {
    this.#options.onWarning?.(`${what}: ${error instanceof Error ? error.message : String(error)}`);
  }

  #known(): string {
    if (this.#agentId !== undefined) return this.#agentId;
    throw new ArgumentError("the client does not know which agent it is", {
      code: "argument.no_agent",
      help: "give `agentId`, or call `register` first",
    });
  }

  #path(): string {
    return encodeURIComponent(this.#known());
  }
}

function object(value: unknown): Record<string, unknown> {
  return value !== null && typeof value === "object" && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}

function policies(value: unknown): PolicyConfig[] {
  return Array.isArray(value) ? (value as PolicyConfig[]) : [];
}

function result(reply: Json): EvaluateResult {
  if (typeof reply["allowed"] !== "boolean") {
    throw new ZentinelleConnectionError("the server did not say whether it is allowed", {
      code: "client.malformed_answer",
    });
  }
  const evaluated = (Array.isArray(reply["policies_evaluated"]) ? reply["policies_evaluated"] : []).map(
    (found: unknown): PolicyResult => {
      const { id, name, type, passed, message } = object(found);
      return {
        id: String(id ?? ""),
        name: String(name ?? ""),
        type: String(type ?? ""),
        passed: passed === true,
        message: typeof message === "string" ? message : null,
      };
    },
  );
  const context = object(reply["context"]);
  return {
    allowed: reply["allowed"],
    reason: typeof reply["reason"] === "string" ? reply["reason"] : undefined,
    code: typeof reply["code"] === "string" ? reply["code"] : undefined,
    policiesEvaluated: evaluated,
    warnings: Array.isArray(reply["warnings"]) ? reply["warnings"].map(String) : [],
    context,
    failOpen: false,
    blockedPolicies: evaluated.filter((policy) => !policy.passed).map((policy) => policy.name),
    requiresApproval: reply["requires_approval"] === true || context["require_human_approval"] === true,
  };
}
