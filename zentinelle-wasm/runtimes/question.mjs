// What is asked of every runtime and every bundle: the engine's answers, and the client's over HTTP.

export const POLICIES = `
policies:
  - name: no shells
    type: tool_permission
    config: { denied_tools: [shell] }
  - name: no secrets
    type: output_filter
    config: { block_secrets: true }
`;

/** `api` is the package, `endpoint` a server that permits what is not called `forbidden`. */
export async function ask(api, endpoint) {
  const engine = api.Engine.fromYaml(POLICIES, { clock: () => 1_773_230_400_000 });
  const judge = (context) => {
    const decision = engine.decide({ action: "tool_call", context });
    return decision.allowed ? "permit" : decision.code;
  };
  const client = new api.ZentinelleClient({ endpoint, apiKey: "sk_agent_test", agentId: "a", retryBaseMs: 1 });
  return {
    engine: [
      judge({ tool_name: "search" }),
      judge({ tool_name: "shell" }),
      judge({ tool_name: "search", output_text: "the key is AKIAZ7Q2M4X9B3K8T5WD" }),
    ],
    mistake: mistake(() => api.Engine.fromYaml("policies: [{ name: a, type: nonsense, config: {} }]")),
    client: [(await client.evaluate("search")).allowed, (await client.evaluate("forbidden")).allowed],
  };
}

function mistake(call) {
  try {
    call();
    return "none";
  } catch (error) {
    return error.code;
  }
}

export const EXPECTED = {
  engine: ["permit", "tool_permission.denied", "output_filter.secret"],
  mistake: "policy.unknown_type",
  client: [true, false],
};
