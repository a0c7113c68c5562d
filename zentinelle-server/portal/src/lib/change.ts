// A change of the server's records: runs it, reads its payload, and asks anew for what the page shows.
"use client";
import type { OperationVariables, TypedDocumentNode } from "@apollo/client";
import { useApolloClient } from "@apollo/client/react";
import { useCallback } from "react";
import { t } from "@/messages";
import { tell } from "@/ui/toasts";
import { attempt, type Outcome } from "./outcome";

type Answer<Data> = NonNullable<Data[Exclude<keyof Data, "__typename">]>;

/** `const save = useChange(UpdateRisk)`, then `await save(variables, "Saved")`; the words are said once it has succeeded. */
export function useChange<Data, Variables extends OperationVariables>(document: TypedDocumentNode<Data, Variables>) {
  const client = useApolloClient();
  return useCallback(
    async (variables: Variables, done?: string): Promise<Outcome & { payload?: Answer<Data> }> => {
      const outcome = await attempt(async () => {
        const { data } = await client.mutate<Data, OperationVariables>({ mutation: document as TypedDocumentNode<Data, OperationVariables>, variables, refetchQueries: "active" });
        return Object.entries(data ?? {}).find(([name]) => name !== "__typename")?.[1] as Answer<Data> | undefined;
      });
      if (outcome.success && done) tell.done(done);
      return outcome;
    },
    [client, document],
  );
}

/** For a button without a form of its own: what went wrong is said as well. */
export function sayProblems(outcome: Outcome): void {
  if (!outcome.success) tell.failed(t("form.error"), outcome.problems.map((one) => one.message).join(" "));
}
