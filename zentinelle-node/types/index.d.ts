/** Which engine runs: the addon, or the WebAssembly module where there is no addon for the platform. */
export declare const engineKind: "addon" | "wasm";
export * from "./api.js";
