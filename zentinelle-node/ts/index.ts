// The entry for Node.

import loaded from "./addon.cjs";
import { keepCallsWhole } from "./inlining.js";
import { use } from "./native.js";

if (loaded.kind === "wasm") keepCallsWhole();
use(loaded.native);

/** Which engine runs: the addon, or the WebAssembly module where there is no addon for the platform. */
export const engineKind: "addon" | "wasm" = loaded.kind;

export * from "./api.js";
