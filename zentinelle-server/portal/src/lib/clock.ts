// One ticking clock for every age and countdown on a page.
"use client";
import { useSyncExternalStore } from "react";

const beats = new Map<number, { now: number; watchers: Set<() => void>; timer?: ReturnType<typeof setInterval> }>();

/** The present instant, anew every `every` milliseconds. */
export function useNow(every = 30_000): number {
  const beat = beats.get(every) ?? { now: Date.now(), watchers: new Set() };
  beats.set(every, beat);
  return useSyncExternalStore(
    (tell) => {
      beat.watchers.add(tell);
      beat.timer ??= setInterval(() => {
        beat.now = Date.now();
        for (const one of beat.watchers) one();
      }, every);
      return () => {
        beat.watchers.delete(tell);
        if (beat.watchers.size === 0) {
          clearInterval(beat.timer);
          beat.timer = undefined;
        }
      };
    },
    () => beat.now,
    () => beat.now,
  );
}
