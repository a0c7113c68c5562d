// The tools above a table: filters, columns, export.
"use client";
import { Box, Button, Checkbox, HStack, Input, Menu, NativeSelect, Popover, Portal, Stack, Text } from "@chakra-ui/react";
import { useApolloClient } from "@apollo/client/react";
import { Columns3, Download, Filter as Funnel } from "lucide-react";
import { useState } from "react";
import { errorText } from "@/lib/apollo";
import { saveFile, toCsv } from "@/lib/save-file";
import { t, word } from "@/messages";
import { IconAction } from "../small";
import { tell } from "../toasts";
import { SPAN_NAMES } from "./state";
import type { Column, Connection, DataTableProps, Filter } from "./types";

export function choicesOf(filter: Filter): { value: string; label: string }[] {
  if (filter.kind === "yesno") return [{ value: "yes", label: t("common.yes") }, { value: "no", label: t("common.no") }];
  if (filter.kind === "since") return SPAN_NAMES.map((value) => ({ value, label: value }));
  return (filter.choices ?? []).map(({ value, label }) => ({ value, label: label ?? word(value) }));
}

export function FilterMenu({ filters, values, put }: { filters: readonly Filter[]; values: Record<string, string[]>; put: (change: Record<string, string[] | string | null>) => void }) {
  const active = Object.keys(values).length;
  return (
    <Popover.Root positioning={{ placement: "bottom-start" }} lazyMount>
      <Popover.Trigger asChild>
        <Button size="sm" variant="outline">
          <Funnel size={14} aria-hidden /> {t("table.filters")}{active > 0 ? ` (${active})` : ""}
        </Button>
      </Popover.Trigger>
      <Portal>
        <Popover.Positioner>
          <Popover.Content w="20rem" maxH="min(34rem, 80vh)" overflow="auto" aria-label={t("table.filters")}>
            <Popover.Body p="4">
              <Stack gap="4">
                {filters.map((filter) => (
                  <Box key={filter.key} as="fieldset">
                    <Text as="legend" fontSize="xs" fontWeight="semibold" color="fg.muted" mb="1.5">{filter.label}</Text>
                    {filter.kind === "many" ? (
                      <Stack gap="1.5">
                        {choicesOf(filter).map(({ value, label }) => {
                          const held = values[filter.key] ?? [];
                          return (
                            <Checkbox.Root key={value} size="sm" checked={held.includes(value)} onCheckedChange={({ checked }) => put({ [filter.key]: checked ? [...held, value] : held.filter((one) => one !== value) })}>
                              <Checkbox.HiddenInput />
                              <Checkbox.Control />
                              <Checkbox.Label fontWeight="normal">{label}</Checkbox.Label>
                            </Checkbox.Root>
                          );
                        })}
                      </Stack>
                    ) : filter.kind === "text" ? (
                      <Input size="sm" aria-label={filter.label} defaultValue={values[filter.key]?.[0] ?? ""} onBlur={(event) => put({ [filter.key]: event.target.value || null })}
                        onKeyDown={(event) => event.key === "Enter" && put({ [filter.key]: event.currentTarget.value || null })} />
                    ) : (
                      <NativeSelect.Root size="sm">
                        <NativeSelect.Field aria-label={filter.label} value={values[filter.key]?.[0] ?? ""} onChange={(event) => put({ [filter.key]: event.target.value || null })}>
                          <option value="">{t("common.any")}</option>
                          {choicesOf(filter).map(({ value, label }) => <option key={value} value={value}>{label}</option>)}
                        </NativeSelect.Field>
                        <NativeSelect.Indicator />
                      </NativeSelect.Root>
                    )}
                  </Box>
                ))}
              </Stack>
            </Popover.Body>
          </Popover.Content>
        </Popover.Positioner>
      </Portal>
    </Popover.Root>
  );
}

export function ColumnMenu<Row>({ columns, shown, choose }: { columns: readonly Column<Row>[]; shown: readonly string[]; choose: (keys: string[]) => void }) {
  return (
    <Menu.Root closeOnSelect={false} lazyMount>
      <Menu.Trigger asChild>
        <IconAction label={t("table.columns")} variant="outline"><Columns3 size={15} aria-hidden /></IconAction>
      </Menu.Trigger>
      <Portal>
        <Menu.Positioner>
          <Menu.Content maxH="24rem">
            {columns.map(({ key, label }) => (
              <Menu.CheckboxItem key={key} value={key} checked={shown.includes(key)} disabled={shown.length === 1 && shown[0] === key}
                onCheckedChange={(on) => choose(columns.map((one) => one.key).filter((one) => (one === key ? on : shown.includes(one))))}>
                <Menu.ItemIndicator /> {label}
              </Menu.CheckboxItem>
            ))}
          </Menu.Content>
        </Menu.Positioner>
      </Portal>
    </Menu.Root>
  );
}

const EXPORT_PAGE = 200;
const EXPORT_MOST = 20_000;

export function ExportMenu<Row, Data>({ table, variables, columns }: { table: Pick<DataTableProps<Row, Data>, "name" | "document" | "select">; variables: Record<string, unknown>; columns: readonly Column<Row>[] }) {
  const client = useApolloClient();
  const [busy, setBusy] = useState(false);
  const run = async (kind: "csv" | "json") => {
    setBusy(true);
    try {
      const rows: Row[] = [];
      let after: string | null | undefined;
      do {
        const { data } = await client.query<unknown, Record<string, unknown>>({
          query: table.document as never, variables: { ...variables, first: EXPORT_PAGE, after, last: undefined, before: undefined }, fetchPolicy: "no-cache",
        });
        const page: Connection<Row> = table.select(data as Data);
        rows.push(...page.nodes);
        after = page.pageInfo.hasNextPage ? page.pageInfo.endCursor : undefined;
      } while (after && rows.length < EXPORT_MOST);
      const value = (row: Row, column: Column<Row>) => (column.value ? column.value(row) : (row as Record<string, unknown>)[column.key]);
      const stem = `${table.name}-${new Date().toISOString().slice(0, 10)}`;
      if (kind === "csv") saveFile(`${stem}.csv`, toCsv([columns.map((one) => one.label), ...rows.map((row) => columns.map((one) => value(row, one)))]), "text/csv");
      else saveFile(`${stem}.json`, JSON.stringify(rows.map((row) => Object.fromEntries(Object.entries(row as object).filter(([key]) => key !== "__typename"))), null, 2), "application/json");
      if (after) tell.info(t("table.export.cut", { count: EXPORT_MOST }));
      else tell.done(t("table.export.done", { count: rows.length }));
    } catch (error) {
      tell.failed(t("table.export.failed", { message: errorText(error) }));
    } finally {
      setBusy(false);
    }
  };
  return (
    <Menu.Root lazyMount onSelect={({ value }) => void run(value === "csv" ? "csv" : "json")}>
      <Menu.Trigger asChild>
        <IconAction label={t("table.export")} variant="outline" loading={busy}><Download size={15} aria-hidden /></IconAction>
      </Menu.Trigger>
      <Portal>
        <Menu.Positioner>
          <Menu.Content>
            <Menu.Item value="csv">{t("table.export.csv")}</Menu.Item>
            <Menu.Item value="json">{t("table.export.json")}</Menu.Item>
          </Menu.Content>
        </Menu.Positioner>
      </Portal>
    </Menu.Root>
  );
}

/** What is filtered by, each part removable. */
export function FilterChips({ filters, search, values, put, clear }: { filters: readonly Filter[]; search: string; values: Record<string, string[]>; put: (change: Record<string, string[] | string | null>) => void; clear: () => void }) {
  const chips = filters.flatMap((filter) => (values[filter.key] ?? []).map((value) => ({ filter, value, label: choicesOf(filter).find((one) => one.value === value)?.label ?? value })));
  if (chips.length === 0 && !search) return null;
  return (
    <HStack gap="1.5" wrap="wrap">
      {chips.map(({ filter, value, label }) => (
        <Button key={`${filter.key}=${value}`} size="2xs" variant="subtle" rounded="full" aria-label={t("table.remove", { name: `${filter.label}: ${label}` })}
          onClick={() => put({ [filter.key]: (values[filter.key] ?? []).filter((one) => one !== value) })}>
          <Text as="span" color="fg.muted" fontWeight="normal">{filter.label}:</Text> {label} <span aria-hidden>×</span>
        </Button>
      ))}
      <Button size="2xs" variant="plain" color="accent.fg" onClick={clear}>{t("state.clear")}</Button>
    </HStack>
  );
}
