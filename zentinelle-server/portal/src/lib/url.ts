// The address holds what a page shows: filters, order, place, tab, record.
"use client";
import { usePathname, useSearchParams } from "next/navigation";
import { useCallback } from "react";

export const BASE = "/zentinelle";

export type UrlChange = Record<string, string | readonly string[] | number | boolean | null | undefined>;

/** The query string with these changes made. An empty value takes the parameter away. */
export function changed(query: string, change: UrlChange): string {
  const params = new URLSearchParams(query);
  for (const [name, value] of Object.entries(change)) {
    params.delete(name);
    if (Array.isArray(value)) for (const one of value) params.append(name, String(one));
    else if (value !== null && value !== undefined && value !== "" && value !== false) params.set(name, String(value));
  }
  params.sort();
  return params.toString();
}

/** What the address says, and a way to change it without loading anything anew. */
export function useUrlState() {
  const params = useSearchParams();
  const path = usePathname();
  const query = params.toString();
  const set = useCallback(
    (change: UrlChange, how: "push" | "replace" = "replace") => {
      const next = changed(location.search, change);
      const address = next ? `${location.pathname}?${next}` : location.pathname;
      if (how === "push") window.history.pushState(null, "", address);
      else window.history.replaceState(null, "", address);
    },
    [],
  );
  return {
    path,
    query,
    get: (name: string) => params.get(name),
    all: (name: string) => params.getAll(name),
    set,
  };
}

/** Where a record of this kind is shown. */
export function hrefFor(kind: string, id: string): string {
  const key = encodeURIComponent(id);
  switch (kind.toLowerCase().replaceAll("-", "_")) {
    case "agent":
    case "endpoint":
      return `/agents/detail/?id=${key}`;
    case "agent_group":
    case "group":
      return `/agent-groups/?open=${key}`;
    case "policy":
      return `/policies/detail/?id=${key}`;
    case "approval":
      return `/approvals/?open=${key}`;
    case "decision":
    case "evaluation":
      return `/monitoring/decision/?id=${key}`;
    case "session":
      return `/monitoring/session/?id=${key}`;
    case "alert":
      return `/monitoring/alert/?id=${key}`;
    case "risk":
      return `/risk/detail/?id=${key}`;
    case "incident":
      return `/risk/incident/?id=${key}`;
    case "prompt":
    case "system_prompt":
      return `/prompts/detail/?id=${key}`;
    case "framework":
      return `/compliance/framework/?id=${key}`;
    case "model":
      return `/models/?open=${key}`;
    case "user":
      return `/settings/people/?search=${key}`;
    default:
      return `/audit-logs/?search=${key}`;
  }
}
