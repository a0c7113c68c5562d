// Of the small build: the entry for browsers without a bundler, and for edge runtimes.

import * as glue from "../../lite/web/zentinelle.js";
import { type Native, use } from "./native.js";

/** Where the module comes from: an address, a response, its bytes, or the compiled module. */
export type ModuleSource = RequestInfo | URL | Response | BufferSource | WebAssembly.Module;

/**
 * Loads the engine; call it once, before anything else. Without `source` the module is fetched from beside
 * this file.
 */
export async function init(source?: ModuleSource | Promise<ModuleSource>): Promise<void> {
  await glue.default(source === undefined ? undefined : { module_or_path: source });
  use(glue as unknown as Native);
}

/** As `init`, for runtimes that hand over a compiled module and do not let a start wait. */
export function initSync(module: BufferSource | WebAssembly.Module): void {
  glue.initSync({ module });
  use(glue as unknown as Native);
}

export * from "./api-lite.js";
