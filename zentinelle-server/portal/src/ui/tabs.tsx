// Tabs of a page. The one that is open stands in the address; opening another leaves the filters of the first behind.
"use client";
import { Badge, Tabs } from "@chakra-ui/react";
import type { ReactNode } from "react";
import { useMay } from "@/lib/session";
import { useUrlState } from "@/lib/url";

export interface PageTab {
  key: string;
  label: string;
  content: ReactNode;
  /** Without it the tab is not there. */
  permission?: string;
  count?: number;
}

export function UrlTabs({ tabs, label, param = "tab", keep = ["id"] }: { tabs: readonly PageTab[]; label: string; param?: string; keep?: readonly string[] }) {
  const may = useMay();
  const url = useUrlState();
  const shown = tabs.filter(({ permission }) => !permission || may(permission));
  const open = shown.find(({ key }) => key === url.get(param))?.key ?? shown[0]?.key;
  const go = (key: string) => {
    const others = [...new URLSearchParams(url.query).keys()].filter((name) => name !== param && !keep.includes(name));
    url.set({ ...Object.fromEntries(others.map((name) => [name, null])), [param]: key === shown[0]?.key ? null : key }, "push");
  };
  return (
    <Tabs.Root value={open} onValueChange={({ value }) => go(value)} lazyMount unmountOnExit variant="line" size="sm">
      <Tabs.List aria-label={label} overflowX="auto" overflowY="hidden" borderColor="border">
        {shown.map(({ key, label: name, count }) => (
          <Tabs.Trigger key={key} value={key} whiteSpace="nowrap" flexShrink="0">
            {name}
            {count ? <Badge size="xs" rounded="full" bg="bg.emphasized" color="fg">{count > 99 ? "99+" : count}</Badge> : null}
          </Tabs.Trigger>
        ))}
      </Tabs.List>
      {shown.map(({ key, content }) => <Tabs.Content key={key} value={key} pt="5">{content}</Tabs.Content>)}
    </Tabs.Root>
  );
}
