"use client";
import { Menu, Portal } from "@chakra-ui/react";
import type { RowAction } from "./types";

/** The row whose actions are offered, and the button that asked for them. */
export interface Opened<Row> {
  row: Row;
  at: HTMLElement;
  actions: readonly RowAction<Row>[];
}

/** The actions of one row. All rows share it: a menu for each of a hundred rows is half of what such a list takes to appear. */
export function RowMenu<Row>({ opened, close }: { opened: Opened<Row> | undefined; close: () => void }) {
  if (!opened) return null;
  const { row, at, actions } = opened;
  return (
    <Menu.Root open lazyMount positioning={{ getAnchorRect: () => at.getBoundingClientRect(), placement: "bottom-end" }}
      onOpenChange={({ open }) => {
        if (open) return;
        close();
        at.focus();
      }}
      onSelect={({ value }) => actions.find((one) => one.key === value)?.run(row)}>
      <Portal><Menu.Positioner><Menu.Content aria-label={at.title}>
        {actions.map(({ key, label, icon: Icon, danger }) => (
          <Menu.Item key={key} value={key} color={danger ? "critical.fg" : undefined}>{Icon ? <Icon size={14} aria-hidden /> : null} {label}</Menu.Item>
        ))}
      </Menu.Content></Menu.Positioner></Portal>
    </Menu.Root>
  );
}
