// What concerns the person who is signed in, read and unread.
"use client";
import { Button, Text } from "@chakra-ui/react";
import { CheckCheck, ExternalLink, Mail, MailOpen } from "lucide-react";
import { useRouter } from "next/navigation";
import { MarkAllRead, MarkNotification } from "@/features/shell/queries";
import { notificationHref } from "@/features/shell/topbar";
import { sayProblems, useChange } from "@/lib/change";
import { once } from "@/lib/once";
import { May } from "@/lib/session";
import { t, word } from "@/messages";
import { StatusBadge, Tag } from "@/ui/badges";
import { Page } from "@/ui/page";
import { RelativeTime, Told } from "@/ui/small";
import { type Column, DataTable, type Filter } from "@/ui/table";
import type { NotificationsQuery } from "./gql/graphql";
import { Notifications as List } from "./queries";

type Row = NotificationsQuery["notificationsPage"]["nodes"][number];
const NEWEST = { field: "createdAt", direction: "DESC" } as const;
const TYPES = ["policy_violation", "approval_requested", "alert", "incident", "budget_warning", "risk_review_due", "report_ready", "key_expiring"];

const filters = once((): readonly Filter[] => [
  { key: "status", label: t("common.status"), kind: "many", choices: ["unread", "read"].map((value) => ({ value })) },
  { key: "type", label: t("common.type"), kind: "many", choices: TYPES.map((value) => ({ value })) },
  { key: "since", label: t("audit.within"), kind: "since" },
]);
const columns = once((): readonly Column<Row>[] => [
  { key: "subject", label: t("notice.subject"), cell: (row) => <Text as="span" fontWeight={row.status === "unread" ? "semibold" : "normal"}><Told text={row.subject} /></Text>, width: "26%" },
  { key: "message", label: t("notice.message"), cell: (row) => <Text lineClamp={2} fontSize="sm" color="fg.muted"><Told text={row.message} /></Text> },
  { key: "type", label: t("common.type"), cell: (row) => <Tag>{word(row.type)}</Tag>, sort: "type" },
  { key: "status", label: t("common.status"), cell: (row) => <StatusBadge value={row.status} /> },
  { key: "createdAt", label: t("notice.received"), cell: (row) => <RelativeTime at={row.createdAt} />, sort: "createdAt" },
]);

export function Notifications() {
  const router = useRouter();
  const mark = useChange(MarkNotification);
  const markAll = useChange(MarkAllRead);
  const open = (row: Row) => {
    if (row.id && row.status === "unread") void mark({ id: row.id, status: "read" });
    router.push(notificationHref(row.metadata, row.type));
  };
  return (
    <Page title={t("nav.notifications")} lead={t("notice.lead")} permission="notifications:read"
      actions={<May permission="notifications:write"><Button size="sm" variant="outline" onClick={async () => sayProblems(await markAll({}, t("notice.allRead")))}><CheckCheck size={15} aria-hidden /> {t("bell.readAll")}</Button></May>}>
      <DataTable name="notifications" label={t("nav.notifications")} document={List} select={(data) => data.notificationsPage} rowId={(row) => row.id ?? ""} rowName={(row) => row.subject ?? ""} onOpen={open} search={false}
        columns={columns()} filters={filters()} sort={NEWEST} permission="notifications:read" pollSeconds={30} empty={{ title: t("notice.none"), text: t("notice.none.text") }}
        rowActions={(row) => [
          { key: "open", label: t("common.open"), icon: ExternalLink, run: open },
          { key: "mark", label: row.status === "unread" ? t("notice.markRead") : t("notice.markUnread"), icon: row.status === "unread" ? MailOpen : Mail, permission: "notifications:write", run: async () => sayProblems(await mark({ id: row.id ?? "", status: row.status === "unread" ? "read" : "unread" })) },
        ]} />
    </Page>
  );
}
