// The span of time a page looks at, from its address, rounded so that it is not asked for anew with each render.
"use client";
import { useMemo } from "react";
import { useUrlState } from "@/lib/url";

const SPANS: Record<string, number> = { "24h": 1, "7d": 7, "30d": 30, "90d": 90 };

export function useSince(usual = "7d") {
  const asked = useUrlState().get("span") ?? "";
  const span = asked in SPANS ? asked : usual;
  const days = SPANS[span] ?? 7;
  const minute = Math.floor(Date.now() / 300_000) * 300_000;
  const since = useMemo(() => new Date(minute - days * 86_400_000).toISOString(), [minute, days]);
  return { span, since, bucket: days <= 1 ? "hour" : "day", spans: Object.keys(SPANS) };
}
