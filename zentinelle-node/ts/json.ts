// Writing requests as JSON without silently changing them.
//
// `JSON.stringify` turns NaN into null, a Map into {} and drops functions: a fact that was there would be
// absent, and a policy that needs it could not object. Such values are refused here, with their place.

import { RequestError } from "./errors.js";

const DEEPEST = 120;

/** Writes a value as JSON. Integers of type bigint keep every digit. @internal */
export function toJson(value: unknown): string {
  return isPlain(value, 0) ? JSON.stringify(value) : write(value, "", 0);
}

/** Whether `JSON.stringify` writes the value as it is meant. */
function isPlain(value: unknown, depth: number): boolean {
  switch (typeof value) {
    case "string":
    case "boolean":
    case "undefined":
      return true;
    case "number":
      return Number.isFinite(value);
    case "object": {
      if (value === null) return true;
      if (depth > DEEPEST) return false;
      if (Array.isArray(value)) {
        for (let index = 0; index < value.length; index += 1) {
          if (value[index] === undefined || !isPlain(value[index], depth + 1)) return false;
        }
        return true;
      }
      const prototype: unknown = Object.getPrototypeOf(value);
      if ((prototype !== Object.prototype && prototype !== null) || "toJSON" in value) return false;
      for (const key in value) {
        if (!isPlain((value as Record<string, unknown>)[key], depth + 1)) return false;
      }
      return true;
    }
    default:
      return false;
  }
}

function refuse(pointer: string, found: string, help: string): never {
  throw new RequestError(`${found} cannot be judged`, { code: "request.unrepresentable", pointer, help });
}

function write(value: unknown, pointer: string, depth: number): string {
  switch (typeof value) {
    case "string":
    case "boolean":
      return JSON.stringify(value);
    case "bigint":
      return value.toString();
    case "number":
      if (Number.isFinite(value)) return JSON.stringify(value);
      return refuse(pointer, `the number ${value}`, "send a finite number, or leave the key out");
    case "object":
      return value === null ? "null" : writeObject(value, pointer, depth);
    default:
      return refuse(pointer, `a value of type ${typeof value}`, "send text, numbers, booleans, lists and plain objects");
  }
}

function writeObject(value: object, pointer: string, depth: number): string {
  if (depth > DEEPEST) {
    return refuse(pointer, "a value nested this deeply", "nest less, and make sure that nothing contains itself");
  }
  if ("toJSON" in value && typeof value.toJSON === "function") {
    return write((value.toJSON as () => unknown)(), pointer, depth + 1);
  }
  if (Array.isArray(value)) {
    return `[${value.map((item: unknown, index) => write(item, `${pointer}/${index}`, depth + 1)).join(",")}]`;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) {
    const name = value.constructor?.name ?? "object";
    return refuse(pointer, `an object of class ${name}`, "send plain objects, lists and texts");
  }
  const entries = Object.entries(value).filter(([, entry]) => entry !== undefined);
  const written = entries.map(([key, entry]) => {
    const below = `${pointer}/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`;
    return `${JSON.stringify(key)}:${write(entry, below, depth + 1)}`;
  });
  return `{${written.join(",")}}`;
}
