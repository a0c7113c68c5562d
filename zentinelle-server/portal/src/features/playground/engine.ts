// The engine: loaded from our own address when the playground opens, and by no other page.
import { BASE } from "@/lib/url";

export interface EngineProblem {
  severity: "error" | "warning" | "info" | string;
  message: string;
  help?: string;
  line?: number;
  start?: number;
  end?: number;
}

export interface PolicySaid {
  id: string;
  name: string;
  type: string;
  passed: boolean;
  applicable: boolean;
  message?: string | null;
  code?: string | null;
  warnings: number;
  enforcement?: string;
}

export interface Decided {
  allowed: boolean;
  effect: "permit" | "deny" | "no_policy";
  reason?: string;
  code?: string;
  warnings: readonly string[];
  obligations: readonly { type: string }[];
  retryAt?: Date;
  document: { risk_score: number; policies_evaluated: PolicySaid[]; determining: string[] };
  explain(): string;
  smallestChange(): readonly string[];
  dispose(): void;
}

export interface EngineModule {
  init(): Promise<void>;
  validatePolicies(text: string): { usable: boolean; problems: EngineProblem[]; policies: { id: string; name: string; type: string }[] };
  Engine: { fromYaml(text: string, options?: { ledger?: unknown }): { decide(request: unknown): Decided } };
  MemoryLedger: new () => unknown;
}

let loaded: Promise<EngineModule> | undefined;

export function loadEngine(): Promise<EngineModule> {
  // By address, so that the bundler leaves it alone: it is a file of its own with the module beside it.
  const address = `${BASE}/engine/dist/esm/wasm-web.js`;
  loaded ??= (import(/* webpackIgnore: true */ /* turbopackIgnore: true */ address) as Promise<EngineModule>).then(async (engine) => {
    await engine.init();
    // The first decision compiles the module's code; it is made here, so that the times shown are the engine's own.
    const first = engine.Engine.fromYaml("policies: [{ name: a, type: tool_permission, config: { denied_tools: [b] } }]").decide({ action: "tool_call", context: { tool_name: "b" } });
    first.explain();
    first.dispose();
    return engine;
  });
  loaded.catch(() => (loaded = undefined));
  return loaded;
}
