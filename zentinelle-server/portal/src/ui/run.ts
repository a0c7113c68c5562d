// Runs a change, tells what came of it, and asks the server again for all that is shown.
"use client";
import { useApolloClient } from "@apollo/client/react";
import { useCallback } from "react";
import { attempt, type Outcome, type Payload, problemText } from "@/lib/outcome";
import { t } from "@/messages";
import { tell } from "./toasts";

/** `quiet` leaves problems to the dialog that asked. */
export function useRun() {
  const client = useApolloClient();
  return useCallback(
    async <T extends Payload>(change: () => Promise<T | null | undefined>, { done, quiet = false }: { done?: string; quiet?: boolean } = {}): Promise<Outcome & { payload?: T }> => {
      const outcome = await attempt(change);
      if (outcome.success) {
        if (done) tell.done(done);
        void client.refetchQueries({ include: "active" });
      } else if (!quiet) tell.failed(t("form.error"), problemText(outcome.problems));
      return outcome;
    },
    [client],
  );
}
