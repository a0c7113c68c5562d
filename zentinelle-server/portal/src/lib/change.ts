// A change of the server's records: runs it, reads its payload, tells what came of it, and asks anew for all that
// is shown.
"use client";
import type { OperationVariables, TypedDocumentNode } from "@apollo/client";
import { useApolloClient } from "@apollo/client/react";
import { useCallback } from "react";
import { t } from "@/messages";
import { tell } from "@/ui/toasts";
import { attempt, type Outcome, type Payload, problemText } from "./outcome";

type Answer<Data> = NonNullable<Data[Exclude<keyof Data, "__typename">]>;

/** For whatever answers with a payload. `done` is said once it has succeeded; `quiet` leaves problems to the dialog that asked. */
export function useRun() {
  const client = useApolloClient();
  return useCallback(
    async <T extends Payload>(change: () => Promise<T | null | undefined>, { done, quiet = false }: { done?: string; quiet?: boolean } = {}): Promise<Outcome & { payload?: T }> => {
      const outcome = await attempt(change);
      if (outcome.success) {
        if (done) tell.done(done);
        void client.refetchQueries({ include: "active" });
      } else if (!quiet) sayProblems(outcome);
      return outcome;
    },
    [client],
  );
}

/** For one mutation: `const save = useChange(UpdateRisk)`, then `await save(variables, "Saved")`. Its problems are the caller's to show. */
export function useChange<Data, Variables extends OperationVariables>(document: TypedDocumentNode<Data, Variables>) {
  const client = useApolloClient();
  const run = useRun();
  return useCallback(
    (variables: Variables, done?: string): Promise<Outcome & { payload?: Answer<Data> }> =>
      run(async () => {
        const { data } = await client.mutate<Data, OperationVariables>({ mutation: document as TypedDocumentNode<Data, OperationVariables>, variables });
        return Object.entries(data ?? {}).find(([name]) => name !== "__typename")?.[1] as Answer<Data> | undefined;
      }, { done, quiet: true }),
    [client, document, run],
  );
}

/** For a button without a form of its own: what went wrong is said as well. */
export function sayProblems(outcome: Outcome): void {
  if (!outcome.success) tell.failed(t("form.error"), problemText(outcome.problems));
}
