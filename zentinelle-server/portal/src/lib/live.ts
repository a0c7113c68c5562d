// The WebSocket behind subscriptions, and whether it is up.
import type { ApolloLink } from "@apollo/client";
import { createClient } from "graphql-ws";
import { print } from "graphql";
import { GRAPHQL } from "./apollo";

export type LiveState = "connecting" | "live" | "waiting";

interface Observer {
  next: (result: ApolloLink.Result) => void;
  error: (error: Error) => void;
  complete: () => void;
}

let state: LiveState = "connecting";
const watchers = new Set<() => void>();

function become(next: LiveState) {
  state = next;
  for (const tell of watchers) tell();
}

export function liveState(): LiveState {
  return state;
}

export function watchLiveState(tell: () => void): () => void {
  watchers.add(tell);
  return () => watchers.delete(tell);
}

const client = createClient({
  url: () => `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}${GRAPHQL}`,
  retryAttempts: Infinity,
  shouldRetry: () => true,
  keepAlive: 20_000,
  on: {
    connecting: () => become("connecting"),
    connected: () => become("live"),
    closed: () => become("waiting"),
  },
});

export function subscribe(operation: ApolloLink.Operation, observer: Observer): () => void {
  return client.subscribe(
    { query: print(operation.query), variables: operation.variables, operationName: operation.operationName },
    {
      next: (result) => observer.next(result as ApolloLink.Result),
      error: (error) => observer.error(error instanceof Error ? error : new Error("the live connection failed")),
      complete: () => observer.complete(),
    },
  );
}
