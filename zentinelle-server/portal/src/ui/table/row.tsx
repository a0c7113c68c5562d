"use client";
import { chakra, Table } from "@chakra-ui/react";
import { EllipsisVertical } from "lucide-react";
import type { KeyboardEvent } from "react";
import { t } from "@/messages";
import { GoTo, IconAction } from "../small";
import type { Opened } from "./row-menu";
import type { Column, DataTableProps } from "./types";

interface Props<Row> {
  row: Row;
  table: Pick<DataTableProps<Row, unknown>, "rowName" | "rowHref" | "onOpen" | "rowActions">;
  columns: readonly Column<Row>[];
  may: (permission: string) => boolean;
  /** Whether its actions are offered at present. */
  opened: boolean;
  offer: (opened: Opened<Row>) => void;
  open: (row: Row) => void;
  step: (event: KeyboardEvent<HTMLTableRowElement>, row: Row) => void;
  /** Where rows can be chosen: whether this one is, and how it becomes so. */
  choice: { chosen: boolean; toggle: () => void } | undefined;
}

/** One record of a list. */
export function RecordRow<Row>({ row, table, columns, may, opened, offer, open, step, choice }: Props<Row>) {
  const { rowName, rowHref, onOpen, rowActions } = table;
  const opens = !!(onOpen ?? rowHref);
  const name = rowName(row);
  const actions = (rowActions?.(row) ?? []).filter((one) => !one.permission || may(one.permission));
  return (
    <Table.Row tabIndex={0} bg={choice?.chosen ? "accent.subtle" : "transparent"} _hover={{ bg: choice?.chosen ? "accent.subtle" : "bg.subtle" }} cursor={opens ? "pointer" : undefined}
      _focusVisible={{ outlineOffset: "-2px" }} onKeyDown={(event) => step(event, row)}
      onClick={(event) => {
        const target = event.target as HTMLElement;
        if (!opens || target.closest("a,button,input,label,[role=menuitem]") || getSelection()?.toString()) return;
        open(row);
      }}>
      {choice ? <Table.Cell ps="4" data-select><Tick checked={choice.chosen} aria-label={t("table.selectRow", { name })} onChange={choice.toggle} /></Table.Cell> : null}
      {columns.map((column, index) => (
        <Table.Cell key={column.key} data-label={column.label} textAlign={column.numeric ? "end" : "start"} fontVariantNumeric={column.numeric ? "tabular-nums" : undefined} whiteSpace={column.numeric ? "nowrap" : undefined} py="2.5">
          {index === 0 && rowHref ? <GoTo href={rowHref(row)} color="fg">{column.cell(row)}</GoTo>
            : index === 0 && onOpen ? <chakra.button type="button" textAlign="start" fontWeight="medium" cursor="pointer" onClick={() => onOpen(row)}>{column.cell(row)}</chakra.button>
            : column.cell(row)}
        </Table.Cell>
      ))}
      {rowActions ? (
        <Table.Cell data-actions textAlign="end">
          {actions.length > 0 ? (
            <IconAction label={`${t("common.more")}: ${name}`} size="xs" aria-haspopup="menu" aria-expanded={opened} onClick={(event) => offer({ row, at: event.currentTarget, actions })}>
              <EllipsisVertical size={15} aria-hidden />
            </IconAction>
          ) : null}
        </Table.Cell>
      ) : null}
    </Table.Row>
  );
}

/** A box to tick: the browser's own, as there may be a hundred of them. */
export const Tick = chakra("input", { base: { display: "block", boxSize: "4", accentColor: "accent.solid", cursor: "pointer" } }, { defaultProps: { type: "checkbox" } });
