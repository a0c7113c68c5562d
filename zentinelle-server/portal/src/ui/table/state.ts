// The table's state is the address. Here it is read, and turned into the server's variables.
"use client";
import { useCallback, useMemo } from "react";
import { useUrlState } from "@/lib/url";
import type { Filter } from "./types";

const SPANS: Record<string, number> = { "15m": 900, "1h": 3600, "24h": 86_400, "7d": 604_800, "30d": 2_592_000, "90d": 7_776_000 };
export const SPAN_NAMES = Object.keys(SPANS);
const STATE = ["search", "sort", "size", "after", "before", "columns"];
export const PAGE_SIZES = [20, 50, 100, 200];

export interface TableState {
  search: string;
  filters: Record<string, string[]>;
  active: number;
  sort?: { field: string; direction: "ASC" | "DESC" };
  size: number;
  after: string | null;
  before: string | null;
  columns: string[] | null;
}

/** The filter input as the server wants it. `now` is rounded to the minute so that a span does not ask anew each render. */
export function filterOf(state: Pick<TableState, "search" | "filters">, known: readonly Filter[], fixed: Record<string, unknown> = {}, now = Date.now()): Record<string, unknown> {
  const made: Record<string, unknown> = { ...fixed };
  if (state.search) made.search = state.search;
  for (const { key, kind } of known) {
    const values = state.filters[key] ?? [];
    const [first] = values;
    if (first === undefined) continue;
    if (kind === "many") made[key] = values;
    else if (kind === "yesno") made[key] = first === "yes";
    else if (kind === "since") {
      const seconds = SPANS[first];
      made[key] = seconds === undefined ? first : new Date(Math.floor(now / 60_000) * 60_000 - seconds * 1000).toISOString();
    } else made[key] = first;
  }
  return made;
}

export function useTableState(known: readonly Filter[], prefix = "", usualSort?: TableState["sort"]) {
  const url = useUrlState();
  const state = useMemo<TableState>(() => {
    const params = new URLSearchParams(url.query);
    const get = (name: string) => params.get(prefix + name);
    const filters = Object.fromEntries(known.map(({ key }) => [key, params.getAll(prefix + key)]).filter(([, values]) => (values?.length ?? 0) > 0)) as Record<string, string[]>;
    const [field, direction] = (get("sort") ?? "").split(":");
    const size = Number(get("size"));
    return {
      search: get("search") ?? "",
      filters,
      active: Object.keys(filters).length,
      sort: field ? { field, direction: direction === "desc" ? "DESC" : "ASC" } : usualSort,
      size: PAGE_SIZES.includes(size) ? size : 20,
      after: get("after"),
      before: get("before"),
      columns: get("columns")?.split(",") ?? null,
    };
  }, [url.query, known, prefix, usualSort]);
  // Whether the address says nothing of this table.
  const bare = useMemo(() => {
    const params = new URLSearchParams(url.query);
    return ![...STATE, ...known.map(({ key }) => key)].some((name) => params.has(prefix + name));
  }, [url.query, known, prefix]);
  const show = (how: "pushState" | "replaceState") => (query: string) => window.history[how](null, "", query ? `${location.pathname}?${query}` : location.pathname);
  const open = useCallback(show("replaceState"), []);
  const put = (change: Record<string, string | readonly string[] | number | null>, keepPlace = false) => {
    const whole = keepPlace ? change : { after: null, before: null, ...change };
    url.set(Object.fromEntries(Object.entries(whole).map(([name, value]) => [prefix + name, value])));
  };
  const clear = () => put({ search: null, ...Object.fromEntries(known.map(({ key }) => [key, null])) });
  return { state, bare, put, clear, query: url.query, open, setQuery: show("pushState") };
}
