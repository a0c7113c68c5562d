// Two versions of a value: the fields that differ, with the words before and after.
"use client";
import { Box, chakra, Table, Text } from "@chakra-ui/react";
import { type Change, differences } from "@/lib/diff";
import { t } from "@/messages";
import { StatusBadge } from "./badges";

const TONES = { added: "good", removed: "critical", changed: "medium" } as const;
const LABELS = { added: "diff.added", removed: "diff.removed", changed: "diff.changed" } as const;

function Value({ value, gone }: { value: unknown; gone?: boolean }) {
  if (value === undefined || value === null) return <Text color="fg.subtle">–</Text>;
  return <chakra.pre fontFamily="mono" fontSize="xs" whiteSpace="pre-wrap" wordBreak="break-word" textDecoration={gone ? "line-through" : undefined}>{typeof value === "string" ? value : JSON.stringify(value, null, 2)}</chakra.pre>;
}

/** Give either the changes, or both values. */
export function JsonDiff({ changes, before, after }: { changes?: readonly { path: string; kind: string; before?: unknown; after?: unknown }[]; before?: unknown; after?: unknown }) {
  const found = (changes ?? differences(before, after)) as readonly Change[];
  if (found.length === 0) return <Text fontSize="sm" color="fg.muted">{t("diff.none")}</Text>;
  return (
    <Box overflowX="auto" tabIndex={0}>
      <Table.Root size="sm">
        <Table.Header>
          <Table.Row>
            <Table.ColumnHeader>{t("diff.field")}</Table.ColumnHeader>
            <Table.ColumnHeader />
            <Table.ColumnHeader>{t("diff.before")}</Table.ColumnHeader>
            <Table.ColumnHeader>{t("diff.after")}</Table.ColumnHeader>
          </Table.Row>
        </Table.Header>
        <Table.Body>
          {found.map((one) => (
            <Table.Row key={one.path} verticalAlign="top">
              <Table.Cell fontFamily="mono" fontSize="xs">{one.path}</Table.Cell>
              <Table.Cell><StatusBadge value={one.kind} tone={TONES[one.kind] ?? "quiet"} label={t(LABELS[one.kind] ?? "diff.changed")} /></Table.Cell>
              <Table.Cell><Value value={one.before} gone={one.kind !== "added"} /></Table.Cell>
              <Table.Cell><Value value={one.after} /></Table.Cell>
            </Table.Row>
          ))}
        </Table.Body>
      </Table.Root>
    </Box>
  );
}
