// The one client: same origin, cookie session, a 401 leads to the sign-in page and back.
"use client";
import { ApolloClient, ApolloLink, HttpLink, InMemoryCache, Observable } from "@apollo/client";
import { CombinedGraphQLErrors, ServerError } from "@apollo/client/errors";
import { ErrorLink } from "@apollo/client/link/error";
import { OperationTypeNode } from "graphql";
import { BASE } from "./url";

export const GRAPHQL = "/gql/zentinelle/";
let csrfToken: string | undefined;

/** Kept for the header that proves a change comes from a page of ours. */
export function keepCsrfToken(token: string | null | undefined): void {
  csrfToken = token ?? undefined;
}

export function csrfHeaders(): Record<string, string> {
  return csrfToken ? { "x-csrf-token": csrfToken } : {};
}

export function toSignIn(): void {
  if (location.pathname.startsWith(`${BASE}/sign-in`)) return;
  const back = location.pathname.slice(BASE.length) + location.search;
  location.assign(`${BASE}/sign-in/?expired=1&back=${encodeURIComponent(back)}`);
}

export function errorCode(error: unknown): string | undefined {
  if (CombinedGraphQLErrors.is(error)) {
    const code = error.errors[0]?.extensions?.code;
    return typeof code === "string" ? code : undefined;
  }
  if (ServerError.is(error)) return error.statusCode === 401 ? "UNAUTHENTICATED" : error.statusCode === 403 ? "FORBIDDEN" : undefined;
  return undefined;
}

export function errorText(error: unknown): string {
  if (CombinedGraphQLErrors.is(error)) return error.errors.map((one) => one.message).join(" ");
  if (ServerError.is(error)) return `HTTP ${error.statusCode}`;
  return error instanceof Error ? error.message : String(error);
}

/** Whether nobody answered at all. */
export function unreachable(error: unknown): boolean {
  return error instanceof TypeError || (ServerError.is(error) && [502, 503, 504].includes(error.statusCode));
}

const signedOut = new ErrorLink(({ error }) => {
  if (errorCode(error) === "UNAUTHENTICATED") toSignIn();
});

const guarded = new ApolloLink((operation, forward) => {
  operation.setContext(({ headers = {} }: { headers?: Record<string, string> }) => ({ headers: { ...headers, ...csrfHeaders() } }));
  return forward(operation);
});

/** Subscriptions over one WebSocket, opened with the first of them. */
const live = new ApolloLink(
  (operation) =>
    new Observable((observer) => {
      let stop = () => {};
      let ended = false;
      void import("./live").then(({ subscribe }) => {
        if (!ended) stop = subscribe(operation, observer);
      });
      return () => {
        ended = true;
        stop();
      };
    }),
);

export function makeClient(): ApolloClient {
  const ask = ApolloLink.from([signedOut, guarded, new HttpLink({ uri: GRAPHQL, credentials: "same-origin" })]);
  return new ApolloClient({
    link: ApolloLink.split(({ operationType }) => operationType === OperationTypeNode.SUBSCRIPTION, live, ask),
    cache: new InMemoryCache(),
    defaultOptions: { watchQuery: { fetchPolicy: "cache-and-network", nextFetchPolicy: "cache-first" } },
  });
}
