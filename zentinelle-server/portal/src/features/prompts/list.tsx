// The library of system prompts.
"use client";
import { HStack, Wrap } from "@chakra-ui/react";
import { useQuery } from "@apollo/client/react";
import { GitFork, Pencil, Plus, Trash2 } from "lucide-react";
import { useRouter } from "next/navigation";
import { useState } from "react";
import { sayProblems, useChange } from "@/lib/change";
import { person } from "@/lib/format";
import { May } from "@/lib/session";
import { hrefFor } from "@/lib/url";
import { t, word } from "@/messages";
import { StatusBadge, Tag } from "@/ui/badges";
import { ConfirmDialog } from "@/ui/dialogs";
import { Page } from "@/ui/page";
import { GoButton, RelativeTime } from "@/ui/small";
import { type Column, DataTable, type Filter } from "@/ui/table";
import type { PromptsQuery } from "./gql/graphql";
import { Favorite, PROMPT_STATUSES, PROMPT_TYPES, Rating, VISIBILITIES } from "./marks";
import { DeletePrompt, ForkPrompt, PromptKinds, Prompts } from "./queries";

type Row = PromptsQuery["systemPromptsPage"]["nodes"][number];
const LATEST = { field: "updatedAt", direction: "DESC" } as const;

export function PromptLibrary() {
  const router = useRouter();
  const kinds = useQuery(PromptKinds);
  const fork = useChange(ForkPrompt);
  const remove = useChange(DeletePrompt);
  const [doomed, doom] = useState<Row>();
  const columns: Column<Row>[] = [
    { key: "name", label: t("common.name"), cell: (row) => row.name, sort: "name", width: "26%" },
    { key: "favorite", label: t("prompt.favorites"), cell: (row) => <Favorite id={row.id} name={row.name} on={row.isFavorited} />, value: (row) => row.isFavorited },
    { key: "promptType", label: t("common.type"), cell: (row) => <Tag>{word(row.promptType)}</Tag> },
    { key: "category", label: t("prompt.category"), cell: (row) => row.category?.name ?? "–", value: (row) => row.category?.name },
    { key: "status", label: t("common.status"), cell: (row) => <HStack gap="1.5"><StatusBadge value={row.status} />{row.isVerified ? <StatusBadge value="verified" /> : null}</HStack>, value: (row) => row.status },
    { key: "visibility", label: t("prompt.visibility"), cell: (row) => word(row.visibility) },
    { key: "version", label: t("prompt.version"), cell: (row) => row.version, numeric: true },
    { key: "avgRating", label: t("prompt.rating"), cell: (row) => <Rating value={row.avgRating} />, value: (row) => row.avgRating },
    { key: "updatedAt", label: t("common.updated"), cell: (row) => <RelativeTime at={row.updatedAt} />, sort: "updatedAt" },
    { key: "author", label: t("prompt.author"), cell: (row) => person(row.createdByUsername), value: (row) => row.createdByUsername, hidden: true },
    { key: "tags", label: t("risk.tags"), cell: (row) => <Wrap gap="1">{row.tags.map((one) => <Tag key={one.id}>{one.name}</Tag>)}</Wrap>, value: (row) => row.tags.map((one) => one.name).join(", "), hidden: true },
    { key: "forkCount", label: t("prompt.forks"), cell: (row) => row.forkCount, numeric: true, hidden: true },
  ];
  const filters: Filter[] = [
    { key: "favoritesOnly", label: t("prompt.onlyFavorites"), kind: "yesno" },
    { key: "status", label: t("common.status"), kind: "many", choices: PROMPT_STATUSES.map((value) => ({ value })) },
    { key: "promptType", label: t("common.type"), kind: "many", choices: PROMPT_TYPES.map((value) => ({ value })) },
    { key: "visibility", label: t("prompt.visibility"), kind: "many", choices: VISIBILITIES.map((value) => ({ value })) },
    { key: "categorySlug", label: t("prompt.category"), kind: "one", choices: (kinds.data?.promptCategories ?? []).flatMap(({ slug, name }) => (slug ? [{ value: slug, label: name ?? slug }] : [])) },
    { key: "tagSlug", label: t("prompt.tag"), kind: "one", choices: (kinds.data?.promptTags ?? []).map(({ slug, name }) => ({ value: slug, label: name })) },
  ];
  const create = <May permission="prompts:write"><GoButton href="/prompts/edit/"><Plus size={15} aria-hidden /> {t("prompt.new")}</GoButton></May>;
  const runFork = async (row: Row) => {
    const outcome = await fork({ id: row.id }, t("prompt.forked"));
    sayProblems(outcome);
    if (outcome.payload?.prompt?.id) router.push(`/prompts/edit/?id=${outcome.payload.prompt.id}`);
  };
  return (
    <Page title={t("nav.prompts")} lead={t("prompt.lead")} permission="prompts:read" actions={create}>
      <DataTable name="prompts" label={t("nav.prompts")} document={Prompts} select={(data) => data.systemPromptsPage} rowId={(row) => row.id} rowName={(row) => row.name} rowHref={(row) => hrefFor("prompt", row.id)}
        columns={columns} filters={filters} sort={LATEST} permission="prompts:read" empty={{ title: t("prompt.none"), text: t("prompt.none.text"), action: create }}
        rowActions={(row) => [
          { key: "edit", label: t("common.edit"), icon: Pencil, permission: "prompts:write", run: () => router.push(`/prompts/edit/?id=${row.id}`) },
          { key: "fork", label: t("prompt.fork"), icon: GitFork, permission: "prompts:write", run: () => void runFork(row) },
          { key: "delete", label: t("common.delete"), icon: Trash2, danger: true, permission: "prompts:write", run: doom },
        ]} />
      <ConfirmDialog open={!!doomed} close={() => doom(undefined)} title={t("prompt.delete", { name: doomed?.name ?? "" })} text={t("prompt.delete.text")} action={t("common.delete")} run={() => remove({ id: doomed?.id ?? "" }, t("common.deleted"))} />
    </Page>
  );
}
