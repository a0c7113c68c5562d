// The list of records of every page: filtered, ordered and paged by the server, its state in the address.
"use client";
import { Box, Button, chakra, Flex, HStack, Input, InputGroup, NativeSelect, Skeleton, Stack, Table, Text } from "@chakra-ui/react";
import { useQuery } from "@apollo/client/react";
import { NetworkStatus } from "@apollo/client";
import { ArrowDown, ArrowUp, ChevronFirst, ChevronLeft, ChevronRight, RefreshCw, Search } from "lucide-react";
import { useRouter } from "next/navigation";
import { type KeyboardEvent, useEffect, useMemo, useRef, useState } from "react";
import { useMay } from "@/lib/session";
import { counted } from "@/lib/format";
import { t } from "@/messages";
import { DeniedState, ErrorState, NothingState, StaleBanner } from "../page";
import { IconAction } from "../small";
import { BulkBar } from "./bulk";
import { ColumnMenu, ExportMenu, FilterChips, FilterMenu } from "./menus";
import { RecordRow, Tick } from "./row";
import { type Opened, RowMenu } from "./row-menu";
import { filterOf, PAGE_SIZES, useTableState } from "./state";
import type { DataTableProps, Filter } from "./types";
import { useOpeningView, ViewMenu } from "./views";

export type { BulkAction, BulkItem, Choice, Column, Connection, DataTableProps, Filter, RowAction } from "./types";

const NO_FILTERS: readonly Filter[] = [];

export function DataTable<Row, Data>(props: DataTableProps<Row, Data>) {
  const may = useMay();
  return props.permission && !may(props.permission) ? <DeniedState permission={props.permission} /> : <Rows {...props} />;
}

function Rows<Row, Data>(props: DataTableProps<Row, Data>) {
  const { columns, filters = NO_FILTERS, bulk = [], rowId, rowName, rowHref, onOpen } = props;
  const may = useMay();
  const router = useRouter();
  const { state, bare, put, clear, query, open: openView, setQuery } = useTableState(filters, props.prefix, props.sort);
  const opening = useOpeningView(props.name, bare, openView);
  const [selected, select] = useState<ReadonlySet<string>>(new Set());
  const [offered, offer] = useState<Opened<Row>>();
  // Nothing shows it until a later question fails: it is no reason to draw all rows again.
  const loadedAt = useRef<number>(undefined);
  const body = useRef<HTMLTableSectionElement>(null);

  const minute = Math.floor(Date.now() / 60_000);
  const asked = useMemo(
    () => ({ ...props.variables, filter: filterOf(state, filters, props.fixed), ...(state.sort ? { sort: state.sort } : {}) }),
    [state, filters, JSON.stringify(props.fixed), JSON.stringify(props.variables), minute],
  );
  const place = state.before ? { last: state.size, before: state.before, first: undefined } : { first: state.size, after: state.after };
  const result = useQuery<unknown, Record<string, unknown>>(props.document as never, {
    variables: { ...asked, ...place },
    skip: opening,
    notifyOnNetworkStatusChange: true,
    pollInterval: props.pollSeconds ? props.pollSeconds * 1000 : undefined,
  });
  const data = (result.data ?? result.previousData) as Data | undefined;
  const page = data === undefined ? undefined : props.select(data);
  useEffect(() => {
    if (result.data && !result.error && !result.loading) loadedAt.current = Date.now();
  }, [result.data, result.error, result.loading]);

  const shown = state.columns ?? columns.filter((one) => !one.hidden).map((one) => one.key);
  const visible = columns.filter((one) => shown.includes(one.key));
  const actions = bulk.filter((one) => may(one.permission));
  const filtered = state.active > 0 || state.search !== "";
  const ids = page?.nodes.map(rowId) ?? [];
  const all = ids.length > 0 && ids.every((id) => selected.has(id));
  const retry = () => void result.refetch();
  const open = (row: Row) => (onOpen ? onOpen(row) : rowHref && router.push(rowHref(row)));
  const opens = !!(onOpen ?? rowHref);
  const refreshing = result.networkStatus === NetworkStatus.refetch || result.networkStatus === NetworkStatus.setVariables;

  const step = (event: KeyboardEvent<HTMLTableRowElement>, row: Row) => {
    if (event.target !== event.currentTarget) return;
    const rows = [...(body.current?.querySelectorAll<HTMLTableRowElement>("tr[tabindex]") ?? [])];
    const at = rows.indexOf(event.currentTarget);
    if (event.key === "ArrowDown" || event.key === "j") rows[at + 1]?.focus();
    else if (event.key === "ArrowUp" || event.key === "k") rows[at - 1]?.focus();
    else if (event.key === "Enter" && opens) open(row);
    else if (event.key === " " && actions.length > 0) toggle(rowId(row));
    else return;
    event.preventDefault();
  };
  const toggle = (id: string) => select((held) => {
    const next = new Set(held);
    if (!next.delete(id)) next.add(id);
    return next;
  });

  return (
    <Stack gap="3">
      <Flex gap="2" wrap="wrap" align="center">
        {props.search === false ? null : <SearchBox value={state.search} label={`${t("common.search")}: ${props.label}`} put={(search) => put({ search: search || null })} />}
        {filters.length > 0 ? <FilterMenu filters={filters} values={state.filters} put={put} /> : null}
        <HStack gap="1" ms="auto">
          <IconAction label={t("table.refresh")} variant="outline" onClick={retry} loading={refreshing}><RefreshCw size={15} aria-hidden /></IconAction>
          <ColumnMenu columns={columns} shown={shown} choose={(keys) => put({ columns: keys.join(",") }, true)} />
          <ViewMenu page={props.name} query={query} apply={setQuery} />
          <ExportMenu table={props} variables={asked} columns={visible} />
        </HStack>
      </Flex>
      <FilterChips filters={filters} search={state.search} values={state.filters} put={put} clear={clear} />
      {page && result.error ? <StaleBanner since={loadedAt.current} retry={retry} /> : null}
      <Box bg="bg.panel" borderWidth="1px" borderColor="border" rounded="l3" overflow="hidden" aria-busy={!page && result.loading}>
        {!page && result.error ? (
          <ErrorState error={result.error} retry={retry} permission={props.permission} />
        ) : page && page.nodes.length === 0 ? (
          filtered ? (
            <NothingState title={t("state.filtered")} text={t("state.filtered.text")}><Button size="sm" variant="outline" onClick={clear}>{t("state.clear")}</Button></NothingState>
          ) : (
            <NothingState title={props.empty.title} text={props.empty.text}>{props.empty.action}</NothingState>
          )
        ) : (
          <Box overflowX="auto">
            <Table.Root size="sm" className="rows" css={CARDS_ON_A_PHONE} aria-label={props.label}>
              <Table.Header bg="bg.subtle">
                <Table.Row bg="transparent">
                  {actions.length > 0 ? (
                    <Table.ColumnHeader w="10" ps="4">
                      <Tick checked={all} ref={(box: HTMLInputElement | null) => { if (box) box.indeterminate = !all && ids.some((id) => selected.has(id)); }} aria-label={t("table.selectPage")}
                        onChange={() => select(all ? new Set([...selected].filter((id) => !ids.includes(id))) : new Set([...selected, ...ids]))} />
                    </Table.ColumnHeader>
                  ) : null}
                  {visible.map((column) => {
                    const sorted = column.sort && state.sort?.field === column.sort ? state.sort.direction : undefined;
                    return (
                      <Table.ColumnHeader key={column.key} w={column.width} textAlign={column.numeric ? "end" : "start"} whiteSpace="nowrap" color="fg.muted" fontSize="xs" py="2.5"
                        aria-sort={sorted === "ASC" ? "ascending" : sorted === "DESC" ? "descending" : undefined}>
                        {column.sort ? (
                          <chakra.button type="button" display="inline-flex" alignItems="center" gap="1" fontWeight="semibold" cursor="pointer" _hover={{ color: "fg" }} aria-label={t("table.sortBy", { name: column.label })}
                            onClick={() => put({ sort: `${column.sort}:${sorted === "ASC" ? "desc" : "asc"}` })}>
                            {column.label}
                            {sorted === "ASC" ? <ArrowUp size={12} aria-hidden /> : sorted === "DESC" ? <ArrowDown size={12} aria-hidden /> : null}
                          </chakra.button>
                        ) : column.label}
                      </Table.ColumnHeader>
                    );
                  })}
                  {props.rowActions ? <Table.ColumnHeader w="12"><chakra.span srOnly>{t("table.actions")}</chakra.span></Table.ColumnHeader> : null}
                </Table.Row>
              </Table.Header>
              <Table.Body ref={body}>
                {page ? page.nodes.map((row) => {
                  const id = rowId(row);
                  return (
                    <RecordRow key={id} row={row} table={props} columns={visible} may={may} open={open} step={step} offer={offer} opened={offered?.row === row}
                      choice={actions.length > 0 ? { chosen: selected.has(id), toggle: () => toggle(id) } : undefined} />
                  );
                }) : Array.from({ length: 8 }, (_, index) => (
                  <Table.Row key={index} bg="transparent">
                    {actions.length > 0 ? <Table.Cell /> : null}
                    {visible.map(({ key }) => <Table.Cell key={key} py="3"><Skeleton h="3.5" w={`${45 + ((index * 17 + key.length * 11) % 45)}%`} /></Table.Cell>)}
                    {props.rowActions ? <Table.Cell /> : null}
                  </Table.Row>
                ))}
              </Table.Body>
            </Table.Root>
          </Box>
        )}
        {page && page.nodes.length > 0 ? (
          <Flex px="4" py="2" gap="3" align="center" justify="space-between" wrap="wrap" borderTopWidth="1px" borderColor="border" fontSize="sm" color="fg.muted">
            <Text aria-live="polite">{t("table.range", { shown: page.nodes.length, count: counted(page.totalCount) })}{props.log && state.search ? ` · ${t("table.newest", { count: 50_000 })}` : null}</Text>
            <HStack gap="1">
              <NativeSelect.Root size="xs" w="4.5rem">
                <NativeSelect.Field aria-label={t("table.perPage")} value={String(state.size)} onChange={(event) => put({ size: event.target.value })}>
                  {PAGE_SIZES.map((size) => <option key={size}>{size}</option>)}
                </NativeSelect.Field>
                <NativeSelect.Indicator />
              </NativeSelect.Root>
              <IconAction label={t("table.first")} size="xs" disabled={!state.after && !state.before} onClick={() => put({})}><ChevronFirst size={15} aria-hidden /></IconAction>
              <IconAction label={t("table.previous")} size="xs" disabled={!page.pageInfo.hasPreviousPage} onClick={() => put({ after: null, before: page.pageInfo.startCursor ?? null }, true)}><ChevronLeft size={15} aria-hidden /></IconAction>
              <IconAction label={t("table.next")} size="xs" disabled={!page.pageInfo.hasNextPage} onClick={() => put({ before: null, after: page.pageInfo.endCursor ?? null }, true)}><ChevronRight size={15} aria-hidden /></IconAction>
            </HStack>
          </Flex>
        ) : null}
      </Box>
      <RowMenu key={offered && rowId(offered.row)} opened={offered} close={() => offer((now) => (now === offered ? undefined : now))} />
      {selected.size > 0 ? (
        <BulkBar actions={actions} selected={selected} nameOf={(id) => { const row = page?.nodes.find((one) => rowId(one) === id); return row === undefined ? id : rowName(row); }}
          clear={() => select(new Set())} done={retry} />
      ) : null}
    </Stack>
  );
}

function SearchBox({ value, label, put }: { value: string; label: string; put: (text: string) => void }) {
  const [text, setText] = useState(value);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    // An address changed from elsewhere (a view, a cleared filter) changes the words; never those being typed.
    if (document.activeElement !== field.current) setText(value);
  }, [value]);
  useEffect(() => () => clearTimeout(timer.current), []);
  // At once: who clicks a row has left the field, and the address must not change under the page that comes.
  const flush = () => {
    if (timer.current === undefined) return;
    clearTimeout(timer.current);
    timer.current = undefined;
    put(text.trim());
  };
  return (
    <InputGroup startElement={<Search size={14} aria-hidden />} w={{ base: "100%", md: "19rem" }}>
      <Input ref={field} size="sm" bg="bg.panel" type="search" aria-label={label} placeholder={t("common.search")} data-search value={text}
        onChange={(event) => {
          const next = event.target.value;
          setText(next);
          clearTimeout(timer.current);
          timer.current = setTimeout(() => {
            timer.current = undefined;
            put(next.trim());
          }, 350);
        }}
        onBlur={flush} onKeyDown={(event) => event.key === "Enter" && flush()} />
    </InputGroup>
  );
}

/** Below 48rem each row stands as a card, its cells named. */
const CARDS_ON_A_PHONE = {
  "@media (max-width: 47.99rem)": {
    "& thead": { position: "absolute", width: "1px", height: "1px", overflow: "hidden", clipPath: "inset(50%)" },
    "& tbody tr": { display: "grid", gridTemplateColumns: "auto 1fr auto", columnGap: "0.6rem", padding: "0.6rem 0.9rem", borderBottomWidth: "1px", borderColor: "border" },
    "& tbody td": { display: "flex", gridColumn: "1 / -1", justifyContent: "space-between", alignItems: "center", gap: "1rem", border: "0", padding: "0.2rem 0", textAlign: "end", minWidth: 0 },
    "& tbody td[data-label]::before": { content: "attr(data-label)", color: "fg.muted", fontSize: "xs", textAlign: "start", flexShrink: 0 },
    // The name, with the box and the menu beside it, is the card's head.
    "& tbody td[data-label]:first-of-type, & tbody td[data-select] + td[data-label]": { gridColumn: "2", gridRow: "1", justifyContent: "flex-start", textAlign: "start" },
    "& tbody td[data-label]:first-of-type": { gridColumn: "1 / 3" },
    "& tbody td[data-label]:first-of-type::before, & tbody td[data-select] + td[data-label]::before": { content: "none" },
    "& tbody td[data-actions]": { gridColumn: "3", gridRow: "1" },
    "& tbody td[data-select]": { gridColumn: "1", gridRow: "1" },
  },
} as const;
