// Two texts line by line: what was taken away and what was added, in order.
"use client";
import { Box, chakra, Text } from "@chakra-ui/react";
import { useMemo } from "react";
import { t } from "@/messages";

type Line = { kind: "same" | "added" | "removed"; text: string };

/** By the longest common run of lines. Prompts are short; beyond a thousand lines only the whole is compared. */
export function lineChanges(before: string, after: string): Line[] {
  const [a, b] = [before.split("\n"), after.split("\n")];
  if (a.length * b.length > 1_000_000) return [...a.map((text) => ({ kind: "removed" as const, text })), ...b.map((text) => ({ kind: "added" as const, text }))];
  const common = Array.from({ length: a.length + 1 }, () => new Uint32Array(b.length + 1));
  const at = (i: number, j: number) => common[i]?.[j] ?? 0;
  for (let i = a.length - 1; i >= 0; i -= 1) {
    const row = common[i];
    if (row) for (let j = b.length - 1; j >= 0; j -= 1) row[j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
  }
  const lines: Line[] = [];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      lines.push({ kind: "same", text: a[i] ?? "" });
      i += 1;
      j += 1;
    } else if (i < a.length && (j >= b.length || at(i + 1, j) >= at(i, j + 1))) {
      lines.push({ kind: "removed", text: a[i] ?? "" });
      i += 1;
    } else {
      lines.push({ kind: "added", text: b[j] ?? "" });
      j += 1;
    }
  }
  return lines;
}

const LOOKS = { same: ["transparent", " ", undefined], added: ["good.bg", "+", "diff.added"], removed: ["critical.bg", "−", "diff.removed"] } as const;

export function TextDiff({ before, after }: { before: string; after: string }) {
  const lines = useMemo(() => lineChanges(before, after), [before, after]);
  if (lines.every((one) => one.kind === "same")) return <Text fontSize="sm" color="fg.muted">{t("prompt.sameText")}</Text>;
  return (
    <Box fontFamily="mono" fontSize="xs" borderWidth="1px" borderColor="border" rounded="l2" overflow="auto" maxH="30rem" tabIndex={0} role="region" aria-label={t("prompt.difference")}>
      {lines.map(({ kind, text }, index) => {
        const [bg, sign, name] = LOOKS[kind];
        return (
          <Box key={index} bg={bg} px="3" py="0.5" whiteSpace="pre-wrap" wordBreak="break-word" display="flex" gap="3">
            <chakra.span color="fg.muted" aria-hidden flexShrink="0">{sign}</chakra.span>
            {name ? <chakra.span srOnly>{t(name)}: </chakra.span> : null}
            <span>{text || " "}</span>
          </Box>
        );
      })}
    </Box>
  );
}
