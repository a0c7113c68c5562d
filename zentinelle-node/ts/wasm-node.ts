// The entry of the WebAssembly package for Node.

import glue from "../../nodejs/zentinelle.js";
import { keepCallsWhole } from "./inlining.js";
import { use } from "./native.js";

keepCallsWhole();
use(glue);

export * from "./api.js";
