// What a change answered, in one shape, whichever payload it came in.
import { t } from "@/messages";
import { errorText } from "./apollo";

export interface Problem {
  code?: string;
  message: string;
  path: readonly string[];
}

export interface Outcome {
  success: boolean;
  problems: Problem[];
}

export interface Payload {
  success?: boolean | null;
  ok?: boolean | null;
  error?: string | null;
  errors?: readonly (string | { code: string; message: string; path: readonly string[] })[] | null;
  problems?: readonly { code: string; message: string; path: readonly string[] }[] | null;
}

/** Reads any payload of the contract: `problems`, `errors` of either kind, or `error`. */
export function outcomeOf(payload: Payload | null | undefined): Outcome {
  if (!payload) return { success: false, problems: [{ message: t("form.error"), path: [] }] };
  const problems: Problem[] = payload.problems?.length
    ? [...payload.problems]
    : (payload.errors ?? []).map((one) => (typeof one === "string" ? { message: one, path: [] } : one));
  if (problems.length === 0 && payload.error) problems.push({ message: payload.error, path: [] });
  const success = payload.success ?? payload.ok ?? problems.length === 0;
  if (!success && problems.length === 0) problems.push({ message: t("form.error"), path: [] });
  return { success, problems };
}

/** Runs a change; a failure on the way becomes a problem like any other. */
export async function attempt<T extends Payload>(run: () => Promise<T | null | undefined>): Promise<Outcome & { payload?: T }> {
  try {
    const payload = await run();
    return { ...outcomeOf(payload), payload: payload ?? undefined };
  } catch (error) {
    return { success: false, problems: [{ message: errorText(error), path: [] }] };
  }
}

/** All problems in one line, for a toast. */
export function problemText(problems: readonly Problem[]): string {
  return problems.map((one) => one.message).join(" ");
}
