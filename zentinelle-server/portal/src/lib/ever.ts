// For what is loaded when first asked for: once there it stays, so that it leaves as it came and gives the focus back.
"use client";
import { useState } from "react";

/** Whether `now` is, or ever was, true. */
export function useEver(now: boolean): boolean {
  const [ever, keep] = useState(now);
  if (now && !ever) keep(true);
  return now || ever;
}
