// The scenario of benches/rivals in JavaScript: which of nine agents may call which of twelve tools. Every engine is used
// as its own documentation shows, with policies parsed once, and must answer all 108 questions alike before it is timed.
import { createRequire } from "node:module";
import { newEnforcer, newModel, StringAdapter } from "casbin";

const require = createRequire(import.meta.url);
const DENIED = ["shell_execute", "code_execute", "file_delete", "database_write", "payments_transfer", "user_delete"];
const TOOLS = [
  "crm_search", "ticket_read", "ticket_reply", "knowledge_search", "http_get", "calendar_read",
  "file_read", "file_write", "mail_send", "shell_execute", "database_read", "database_write",
];
const AGENTS = Array.from({ length: 9 }, (_, number) => `agent-${number}`);
const allowed = (agent) => Array.from({ length: 8 }, (_, step) => TOOLS[(agent + step) % TOOLS.length]);

/** Every question, with its answer. */
export const QUESTIONS = AGENTS.flatMap((agent, number) =>
  TOOLS.map((tool) => ({ agent, tool, expected: allowed(number).includes(tool) && !DENIED.includes(tool) })),
);

export function zentinelle({ Engine }) {
  const tenant_id = "acme";
  const floor = { id: "denied", type: "tool_permission", inheritance: "floor", config: { denied_tools: DENIED } };
  const own = AGENTS.map((id, number) => ({
    id, type: "tool_permission", scope: { type: "endpoint", id }, config: { allowed_tools: allowed(number) },
  }));
  const engine = Engine.fromPolicies([floor, ...own], { tenantId: tenant_id, clock: () => 1_773_230_400_000 });
  return ({ agent, tool }) => {
    const decision = engine.decide({ action: "tool_call", agent_id: agent, context: { tool_name: tool } });
    decision.dispose();
    return decision.allowed;
  };
}

/** Cedar's stateful interface: the policies stay inside, each call brings the entities it is about and no others. */
export function cedar() {
  const { preparsePolicySet, statefulIsAuthorized } = require("@cedar-policy/cedar-wasm/nodejs");
  const permits = AGENTS.map(
    (agent) => `permit(principal == Agent::"${agent}", action == Action::"call", resource in ToolSet::"${agent}");`,
  );
  const forbid = 'forbid(principal, action == Action::"call", resource in ToolSet::"denied");';
  const parsed = preparsePolicySet("bench", { staticPolicies: [forbid, ...permits].join("\n") });
  if (parsed.type !== "success") throw new Error(JSON.stringify(parsed));
  const entities = Object.fromEntries(
    TOOLS.map((tool) => {
      const sets = AGENTS.filter((_, number) => allowed(number).includes(tool));
      const parents = [...sets, ...(DENIED.includes(tool) ? ["denied"] : [])].map((id) => ({ type: "ToolSet", id }));
      return [tool, [{ uid: { type: "Tool", id: tool }, attrs: {}, parents }]];
    }),
  );
  const action = { type: "Action", id: "call" };
  return ({ agent, tool }) => {
    const answer = statefulIsAuthorized({
      principal: { type: "Agent", id: agent },
      action,
      resource: { type: "Tool", id: tool },
      context: {},
      preparsedPolicySetId: "bench",
      entities: entities[tool],
    });
    return answer.type === "success" && answer.response.decision === "allow";
  };
}

/** casbin: deny overrides, tools as members of tool sets, asked without waiting. */
export async function casbin() {
  const model = newModel(`
[request_definition]
r = sub, obj, act
[policy_definition]
p = sub, obj, act, eft
[role_definition]
g = _, _
[policy_effect]
e = some(where (p.eft == allow)) && !some(where (p.eft == deny))
[matchers]
m = (p.sub == "*" || r.sub == p.sub) && r.act == p.act && g(r.obj, p.obj)
`);
  const rules = ["p, *, denied, call, deny", ...AGENTS.map((agent) => `p, ${agent}, ${agent}, call, allow`)];
  const members = AGENTS.flatMap((agent, number) => allowed(number).map((tool) => `g, ${tool}, ${agent}`));
  const denied = DENIED.map((tool) => `g, ${tool}, denied`);
  const enforcer = await newEnforcer(model, new StringAdapter([...rules, ...members, ...denied].join("\n")));
  return ({ agent, tool }) => enforcer.enforceSync(agent, tool, "call");
}

/** Asks everything once. */
export function check(name, ask) {
  for (const question of QUESTIONS) {
    if (ask(question) !== question.expected) throw new Error(`${name}: may ${question.agent} call ${question.tool}?`);
  }
}
