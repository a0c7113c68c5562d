// The audit log: who changed what, and whether the chain that proves it holds.
"use client";
import { Box, Stack, Text } from "@chakra-ui/react";
import { useState } from "react";
import { once } from "@/lib/once";
import { hrefFor } from "@/lib/url";
import { instant } from "@/lib/format";
import { t, word } from "@/messages";
import { StatusBadge, Tag } from "@/ui/badges";
import { SidePanel } from "@/ui/dialogs";
import { JsonDiff } from "@/ui/diff";
import { Page } from "@/ui/page";
import { Facts, GoTo, Identifier, JsonText, RelativeTime } from "@/ui/small";
import { type Column, DataTable, type Filter } from "@/ui/table";
import { ChainCard } from "./chain";
import { ExportButton } from "./export";
import type { AuditLogQuery } from "./gql/graphql";
import { AuditLog } from "./queries";
import { ReceiptButton } from "./receipt";

type Row = AuditLogQuery["auditLogsPage"]["nodes"][number];
const NEWEST = { field: "timestamp", direction: "DESC" } as const;
const LINKED = ["agent", "endpoint", "agent_group", "policy", "approval", "alert", "risk", "incident", "prompt", "system_prompt", "model", "framework"];
const TYPES = ["policy", "agent", "agent_group", "approval", "alert", "alert_rule", "content_rule", "incident", "risk", "framework", "prompt", "model", "api_key", "user", "session", "retention_policy", "legal_hold", "webhook", "organization"];

/** The record's name; a request for approval is called by the action that waits. */
function nameOf({ resourceType, resourceName, resourceId }: Row): string {
  return (resourceType === "approval" && resourceName ? word(resourceName) : resourceName) || resourceId || "";
}

const filters = once((): readonly Filter[] => [
  { key: "resourceType", label: t("audit.resourceType"), kind: "many", choices: TYPES.map((value) => ({ value })) },
  { key: "action", label: t("audit.action"), kind: "many", choices: ["create", "update", "delete", "login", "approve", "deny", "export", "activate"].map((value) => ({ value })) },
  { key: "actor", label: t("audit.actor"), kind: "text" },
  { key: "resourceId", label: t("audit.resourceId"), kind: "text" },
  { key: "since", label: t("audit.within"), kind: "since" },
]);
const columns = once((): readonly Column<Row>[] => [
  { key: "action", label: t("audit.action"), cell: (row) => word(row.action), sort: "action", width: "18%" },
  { key: "resourceType", label: t("audit.resourceType"), cell: (row) => <Tag>{word(row.resourceType)}</Tag>, sort: "resourceType" },
  { key: "resource", label: t("audit.resource"), cell: (row) => (LINKED.includes(row.resourceType) && row.resourceId ? <GoTo href={hrefFor(row.resourceType, row.resourceId)} fontWeight="normal">{nameOf(row)}</GoTo> : nameOf(row) || "–"), value: (row) => row.resourceName || row.resourceId },
  { key: "actor", label: t("audit.actor"), cell: (row) => <Actor row={row} />, value: (row) => row.actor?.name ?? row.actor?.email ?? row.actor?.id, sort: "actor" },
  { key: "changes", label: t("audit.changes"), cell: (row) => (row.changes?.length ? <Text lineClamp={1} maxW="18rem" fontSize="sm" color="fg.muted">{row.changes.map((one) => one.field).join(", ")}</Text> : "–"), value: (row) => row.changes },
  { key: "timestamp", label: t("audit.at"), cell: (row) => <RelativeTime at={row.timestamp} />, sort: "timestamp" },
  { key: "ipAddress", label: t("audit.ip"), cell: (row) => row.ipAddress || "–", hidden: true },
  { key: "apiKeyPrefix", label: t("audit.key"), cell: (row) => row.apiKeyPrefix || "–", hidden: true },
  { key: "id", label: t("common.id"), cell: (row) => <Identifier value={row.id} short />, hidden: true },
]);

function Actor({ row: { actor } }: { row: Row }) {
  const kind = actor?.type && actor.type !== "system" ? word(actor.type) : null;
  const role = kind && actor?.email ? t("audit.onBehalf", { kind, user: actor.email }) : kind;
  return <Box>{actor?.name || t("audit.system")}{role ? <> <Text as="span" fontSize="xs" color="fg.muted">{role}</Text></> : null}</Box>;
}

export function AuditLogs() {
  const [row, open] = useState<Row>();
  return (
    <Page title={t("nav.auditLogs")} lead={t("audit.lead")} permission="audit:read" actions={<ExportButton />}>
      <ChainCard />
      <DataTable log name="audit-log" label={t("nav.auditLogs")} document={AuditLog} select={(data) => data.auditLogsPage} rowId={(one) => one.id} rowName={(one) => `${word(one.action)} ${one.resourceName}`} onOpen={open}
        columns={columns()} filters={filters()} sort={NEWEST} permission="audit:read" empty={{ title: t("audit.none"), text: t("audit.none.text") }} />
      <EntryPanel row={row} close={() => open(undefined)} />
    </Page>
  );
}

function EntryPanel({ row, close }: { row: Row | undefined; close: () => void }) {
  return (
    <SidePanel open={!!row} close={close} size="lg" title={row ? `${word(row.action)} · ${nameOf(row) || word(row.resourceType)}` : ""} footer={row ? <ReceiptButton sequence={row.sequence ?? undefined} /> : null}>
      {row ? (
        <Stack gap="5">
          <Facts items={[
            [t("audit.at"), instant(row.timestamp)], [t("audit.actor"), <Actor key="actor" row={row} />],
            [t("audit.resourceType"), word(row.resourceType)],
            [t("audit.resource"), LINKED.includes(row.resourceType) && row.resourceId ? <GoTo key="r" href={hrefFor(row.resourceType, row.resourceId)}>{nameOf(row)}</GoTo> : nameOf(row) || "–"],
            [t("audit.resourceId"), row.resourceId ? <Identifier key="rid" value={row.resourceId} /> : "–"], row.status ? [t("common.status"), <StatusBadge key="s" value={row.status} />] : null,
            [t("audit.ip"), row.ipAddress || "–"], [t("audit.agent"), row.userAgent || "–"], row.apiKeyPrefix ? [t("audit.key"), row.apiKeyPrefix] : null, [t("common.id"), <Identifier key="id" value={row.id} />],
          ]} />
          <Stack gap="2"><Text fontSize="xs" fontWeight="semibold" color="fg.muted">{t("audit.changes")}</Text>
            {row.changes?.length ? <JsonDiff changes={row.changes.map((one) => ({ path: one.field ?? "", kind: one.oldValue === null ? "added" : one.newValue === null ? "removed" : "changed", before: one.oldValue, after: one.newValue }))} /> : <Text fontSize="sm" color="fg.muted">{t("audit.noChanges")}</Text>}
          </Stack>
          <Stack gap="2"><Text fontSize="xs" fontWeight="semibold" color="fg.muted">{t("audit.recorded")}</Text><JsonText value={row.metadata} /></Stack>
        </Stack>
      ) : null}
    </SidePanel>
  );
}
