// A worker at the edge that decides before it lets an agent's call through: `fetch` in, `fetch` out, no server of
// ours. Bundle it with the module, as your runtime wants it (`import module from "@zentinelle/wasm/zentinelle.wasm"`).
import { Engine, initSync, RequestError } from "@zentinelle/wasm/web";

const POLICIES = `
policies:
  - name: no shells
    type: tool_permission
    config: { denied_tools: [shell, code_execute] }
  - name: ten calls a minute
    type: rate_limit
    config: { requests_per_minute: 10 }
`;

/** Makes the worker. Runtimes hand over the compiled module; the engine is made once and kept. */
export function createWorker(module) {
  initSync(module);
  const engine = Engine.fromYaml(POLICIES, { tenantId: "acme" });
  return {
    async fetch(request) {
      if (request.method !== "POST") return json(405, { error: "method_not_allowed" });
      // Behind your own authentication: an agent never says itself who it is.
      const agent_id = request.headers.get("x-authenticated-agent");
      if (agent_id === null) return json(401, { error: "unauthenticated" });
      let decision;
      try {
        const { tool, ...facts } = await request.json();
        decision = engine.decide({ action: "tool_call", agent_id, context: { ...facts, tool_name: tool } });
      } catch (error) {
        // What cannot be read is not let through.
        const code = error instanceof RequestError ? error.code : "request.malformed";
        return json(400, { error: code });
      }
      const { effect, reason, code, retryAt } = decision;
      const status = decision.allowed ? 200 : retryAt === undefined ? 403 : 429;
      decision.dispose();
      return json(status, { effect, reason, code, retry_at: retryAt });
    },
  };
}

function json(status, body) {
  return new Response(JSON.stringify(body), { status, headers: { "Content-Type": "application/json" } });
}
