// Of the small build: the entry of the WebAssembly package for Node.

import glue from "../../lite/nodejs/zentinelle.js";
import { keepCallsWhole } from "./inlining.js";
import { use } from "./native.js";

keepCallsWhole();
use(glue);

export * from "./api-lite.js";
