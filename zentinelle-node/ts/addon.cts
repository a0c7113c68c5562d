// Finds the engine for Node: the addon for this platform, else the WebAssembly module, so that installing
// never needs a Rust compiler. CommonJS in both builds, because only `require` loads an addon.

import type { Native } from "./native.js" with { "resolution-mode": "import" };

/** Which engine runs. */
type Kind = "addon" | "wasm";

/** The name of the addon of this platform, as it is published: `linux-x64-gnu`, `darwin-arm64` and so on. */
function platform(): string {
  const { platform: system, arch } = process;
  if (system === "linux") {
    const report = process.report?.getReport() as { header?: { glibcVersionRuntime?: string } } | undefined;
    return `${system}-${arch}-${report?.header?.glibcVersionRuntime === undefined ? "musl" : "gnu"}`;
  }
  return system === "win32" ? `${system}-${arch}-msvc` : `${system}-${arch}`;
}

/** Loads the engine. `ZENTINELLE_ENGINE=wasm` or `addon` insists on one of the two. */
function load(): { native: Native; kind: Kind } {
  const wanted = process.env["ZENTINELLE_ENGINE"];
  const name = platform();
  const places: [Kind, string][] = [
    ["addon", `../../zentinelle.${name}.node`],
    ["addon", `@zentinelle/agent-${name}`],
    ["wasm", "../../wasm/zentinelle.js"],
  ];
  const reasons: string[] = [];
  for (const [kind, place] of places) {
    if (wanted !== undefined && wanted !== kind) continue;
    try {
      return { native: require(place) as Native, kind };
    } catch (error) {
      reasons.push(`${place} (${error instanceof Error ? error.message.split("\n")[0] : String(error)})`);
    }
  }
  const help = wanted === undefined ? "reinstall @zentinelle/agent" : "unset ZENTINELLE_ENGINE";
  throw new Error(`no engine could be loaded for ${name}; ${help}; tried ${reasons.join(", ")}`);
}

export = load();
