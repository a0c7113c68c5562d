// What happens, as it happens: pausable, and complete after a broken connection.
"use client";
import { useApolloClient } from "@apollo/client/react";
import { useEffect, useRef, useState, useSyncExternalStore } from "react";
import { errorText } from "@/lib/apollo";
import { liveState, watchLiveState } from "@/lib/live";
import type { ActivitySubscription } from "./gql/graphql";
import { Activity } from "./queries";

export type Entry = ActivitySubscription["activity"];
const MOST = 300;
/** How long the old subscription overlaps the new one, so that the socket between them stays open. */
const OVERLAP = 1500;

export function useActivity(paused: boolean) {
  const client = useApolloClient();
  const state = useSyncExternalStore(watchLiveState, liveState, liveState);
  const [entries, setEntries] = useState<readonly Entry[]>([]);
  const [held, setHeld] = useState<readonly Entry[]>([]);
  const [fault, setFault] = useState<string>();
  const [turn, setTurn] = useState(0);
  const last = useRef<string>(undefined);
  const seen = useRef(new Set<string>());
  const waits = useRef(paused);
  const broken = useRef(false);

  useEffect(() => {
    waits.current = paused;
    if (paused) return;
    setHeld((kept) => {
      if (kept.length > 0) setEntries((shown) => [...kept, ...shown].slice(0, MOST));
      return [];
    });
  }, [paused]);

  useEffect(() => {
    const take = (entry: Entry) => {
      if (seen.current.has(entry.id)) return;
      seen.current.add(entry.id);
      if (seen.current.size > 4 * MOST) seen.current = new Set([...seen.current].slice(-MOST));
      last.current = entry.id;
      (waits.current ? setHeld : setEntries)((shown) => [entry, ...shown].slice(0, MOST));
    };
    const subscription = client.subscribe({ query: Activity, variables: { after: last.current }, fetchPolicy: "no-cache" }).subscribe({
      next: ({ data, error }) => {
        setFault(error ? errorText(error) : undefined);
        if (data) take(data.activity);
      },
      error: (error: unknown) => setFault(errorText(error)),
    });
    return () => void setTimeout(() => subscription.unsubscribe(), OVERLAP);
  }, [client, turn]);

  useEffect(() => {
    // The socket opens itself again; what was missed is asked for from the last entry on.
    if (state === "waiting" && last.current) broken.current = true;
    if (state === "live" && broken.current) {
      broken.current = false;
      setTurn((count) => count + 1);
    }
  }, [state]);

  return { state, entries, held: held.length, fault, clear: () => setEntries([]) };
}
