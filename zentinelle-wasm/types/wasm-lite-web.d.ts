/** Where the module comes from: an address, a response, its bytes, or the compiled module. */
export type ModuleSource = RequestInfo | URL | Response | BufferSource | WebAssembly.Module;
/**
 * Loads the engine; call it once, before anything else. Without `source` the module is fetched from beside
 * this file.
 */
export declare function init(source?: ModuleSource | Promise<ModuleSource>): Promise<void>;
/** As `init`, for runtimes that hand over a compiled module and do not let a start wait. */
export declare function initSync(module: BufferSource | WebAssembly.Module): void;
export * from "./api-lite.js";
