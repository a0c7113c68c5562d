// The words of a prompt, its star and its rating, for the library and the page of one.
"use client";
import { chakra, HStack, Text } from "@chakra-ui/react";
import { Star } from "lucide-react";
import { sayProblems, useChange } from "@/lib/change";
import { number } from "@/lib/format";
import { useMay } from "@/lib/session";
import { t } from "@/messages";
import { FavoritePrompt } from "./queries";

export const PROMPT_TYPES = ["system", "assistant", "agent", "chain_of_thought", "few_shot", "template", "custom"];
export const PROMPT_STATUSES = ["draft", "active", "deprecated", "archived"];
export const VISIBILITIES = ["private", "organization", "public"];

/** A star one may set: marks the prompt as a favourite of one's own. */
export function Favorite({ id, name, on }: { id: string; name: string; on: boolean }) {
  const may = useMay()("prompts:write");
  const toggle = useChange(FavoritePrompt);
  const star = <Star size={15} fill={on ? "currentColor" : "none"} aria-hidden />;
  const label = on ? t("prompt.unfavorite", { name }) : t("prompt.favorite", { name });
  if (!may) return on ? <chakra.span color="medium.fg" title={t("prompt.isFavorite")}>{star}</chakra.span> : null;
  return <chakra.button type="button" cursor="pointer" color={on ? "medium.fg" : "fg.subtle"} p="1" rounded="l1" aria-label={label} title={label} aria-pressed={on} onClick={async () => sayProblems(await toggle({ promptId: id }))}>{star}</chakra.button>;
}

export function Rating({ value, count }: { value: number | null | undefined; count?: number }) {
  return value ? <HStack gap="1" display="inline-flex"><Star size={13} aria-hidden /><Text as="span" fontVariantNumeric="tabular-nums">{number(value, 1)}</Text>{count ? <Text as="span" color="fg.muted">({count})</Text> : null}</HStack> : <Text as="span" color="fg.muted">{t("prompt.unrated")}</Text>;
}
