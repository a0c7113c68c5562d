// The entry of the WebAssembly package for Node.

import glue from "../../nodejs/zentinelle.js";
import { use } from "./native.js";

use(glue);

export * from "./api.js";
