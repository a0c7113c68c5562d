// What wasm-bindgen writes, by the folder it is written to.

declare module "*/web/zentinelle.js" {
  type Source = RequestInfo | URL | Response | BufferSource | WebAssembly.Module;
  export default function start(options?: { module_or_path?: Source | Promise<Source> }): Promise<unknown>;
  export function initSync(options: { module: BufferSource | WebAssembly.Module }): unknown;
}

declare module "*/bundler/zentinelle.js" {}

declare module "*/nodejs/zentinelle.js" {
  const glue: import("./native.js").Native;
  export default glue;
}
