// Of the small build: the entry for bundlers that import WebAssembly as a module.

import * as glue from "../../lite/bundler/zentinelle.js";
import { type Native, use } from "./native.js";

use(glue as unknown as Native);

export * from "./api-lite.js";
