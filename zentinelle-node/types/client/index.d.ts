export { CircuitBreaker } from "./breaker.js";
export type { BreakerOptions } from "./breaker.js";
export { ZentinelleClient } from "./client.js";
export { PolicyViolationError, ZentinelleAuthError, ZentinelleConnectionError, ZentinelleRateLimitError, } from "./errors.js";
export type { AgentConfig, ClientOptions, EvaluateResult, EventCategory, HeartbeatResult, ModelUsage, PolicyConfig, PolicyResult, RegisterResult, } from "./types.js";
export { ZentinelleError } from "../errors.js";
