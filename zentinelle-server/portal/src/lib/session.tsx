// Who looks at this page, and what they may do.
"use client";
import { useQuery } from "@apollo/client/react";
import { createContext, type ReactNode, useContext, useEffect } from "react";
import { Me } from "@/features/shell/queries";
import type { MeQuery } from "@/features/shell/gql/graphql";
import { keepCsrfToken } from "./apollo";

export type Person = MeQuery["me"];

const Session = createContext<Person | undefined>(undefined);

/** Asks who is signed in; shows nothing of the page before it is known. */
export function SessionProvider({ children, waiting, failed }: { children: ReactNode; waiting: ReactNode; failed: (error: unknown, retry: () => void) => ReactNode }) {
  const { data, error, refetch } = useQuery(Me);
  const token = data?.me.csrfToken;
  useEffect(() => keepCsrfToken(token), [token]);
  if (data) {
    keepCsrfToken(token);
    return <Session.Provider value={data.me}>{children}</Session.Provider>;
  }
  return <>{error ? failed(error, () => void refetch()) : waiting}</>;
}

export function useMe(): Person {
  const me = useContext(Session);
  if (!me) throw new Error("useMe stands outside the session");
  return me;
}

/** Whether a list of permissions such as `policies:*` or `*` covers one such as `policies:write`. */
export function covers(held: readonly string[], wanted: string): boolean {
  const [resource] = wanted.split(":");
  return held.some((one) => one === "*" || one === "*:*" || one === wanted || one === `${resource}:*`);
}

/** `may("policies:write")`. */
export function useMay(): (permission: string) => boolean {
  const me = useContext(Session);
  return (permission) => covers(me?.permissions ?? [], permission);
}

/** Shows its children to those who may; what one may not do is not there. */
export function May({ permission, children, otherwise }: { permission: string; children: ReactNode; otherwise?: ReactNode }) {
  return <>{useMay()(permission) ? children : otherwise}</>;
}
