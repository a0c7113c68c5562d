import { describe, expect, it } from "vitest";
import { differences } from "../diff";
import { compactUsd, countdown, relative } from "../format";
import { outcomeOf } from "../outcome";
import { toCsv } from "../save-file";
import { covers } from "../session";
import { changed } from "../url";
import { filterOf } from "@/ui/table/state";
import { safeBack } from "@/features/shell/sign-in";
import { t } from "@/messages";

describe("the address", () => {
  it("keeps what is not changed and drops what is emptied", () => {
    expect(changed("?a=1&b=2", { a: null, c: ["x", "y"] })).toBe("b=2&c=x&c=y");
  });
  it("leads back to our own pages only", () => {
    for (const bad of ["//evil.example", "https://evil.example", "/\\evil.example", null]) expect(safeBack(bad)).toBe("/");
    expect(safeBack("/agents/?x=1")).toBe("/agents/?x=1");
  });
});

describe("permissions", () => {
  it("cover what they name, their resource and everything", () => {
    expect(covers(["policies:read"], "policies:write")).toBe(false);
    expect(covers(["policies:*"], "policies:write")).toBe(true);
    expect(covers(["*"], "keys:write")).toBe(true);
  });
});

describe("a filter", () => {
  it("turns chips into the server's input, spans into instants", () => {
    const made = filterOf({ search: "x", filters: { status: ["a", "b"], enabled: ["no"], since: ["1h"] } }, [
      { key: "status", label: "", kind: "many" }, { key: "enabled", label: "", kind: "yesno" }, { key: "since", label: "", kind: "since" },
    ], {}, Date.UTC(2026, 0, 1, 12, 0, 30));
    expect(made).toEqual({ search: "x", status: ["a", "b"], enabled: false, since: "2026-01-01T11:00:00.000Z" });
  });
});

describe("differences", () => {
  it("name each field by its pointer", () => {
    expect(differences({ a: 1, b: { "c/d": 2 } }, { b: { "c/d": 3 }, e: [1] })).toEqual([
      { path: "/a", kind: "removed", before: 1 }, { path: "/b/c~1d", kind: "changed", before: 2, after: 3 }, { path: "/e", kind: "added", after: [1] },
    ]);
  });
});

describe("an outcome", () => {
  it("reads every kind of payload", () => {
    expect(outcomeOf({ success: true, errors: [] }).success).toBe(true);
    expect(outcomeOf({ ok: false, error: "no" }).problems).toEqual([{ message: "no", path: [] }]);
    expect(outcomeOf({ success: false, errors: ["a"], problems: [{ code: "c", message: "b", path: ["name"] }] }).problems[0]?.path).toEqual(["name"]);
    expect(outcomeOf(undefined).success).toBe(false);
  });
});

describe("words and numbers", () => {
  it("count, quote and tick", () => {
    expect(t("table.rows", { count: 1 })).toBe("1 row");
    expect(t("table.rows", { count: 3 })).toBe("3 rows");
    expect(toCsv([["a,b", '"', "=1+1"], [1, null, { x: 1 }]])).toBe('"a,b","""",\'=1+1\r\n1,,"{""x"":1}"\r\n');
    expect(countdown(3661)).toBe("1:01:01");
    expect(relative(new Date(0).toISOString(), 120_000)).toBe("2 minutes ago");
  });
});

describe("sums on an axis", () => {
  it("have cents only where there are some", () => {
    expect([0, 0.65, 1.3, 25, 400, 12_400].map(compactUsd)).toEqual(["$0", "$0.65", "$1.30", "$25", "$400", "$12.4K"]);
  });
});
