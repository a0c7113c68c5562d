// A chart with axes, units and a legend, and the table behind it. The drawing itself is loaded when first needed.
"use client";
import { Box, Button, HStack, Skeleton, Table, Text } from "@chakra-ui/react";
import { ChartColumn, Table2 } from "lucide-react";
import dynamic from "next/dynamic";
import { type ReactNode, useMemo, useState } from "react";
import { compact, compactUsd, day, instant, number, usd } from "@/lib/format";
import { t } from "@/messages";
import { Card, NothingState } from "./page";
import type { DrawingProps } from "./chart-drawing";

const Drawing = dynamic<DrawingProps>(() => import("./chart-drawing").then((made) => made.Drawing), { ssr: false, loading: () => <Skeleton h="15rem" rounded="l2" /> });

export interface Line {
  key: string;
  label: string;
  points: readonly { at: string; value: number }[];
  /** A name of the theme, such as `chart.1`; without one the palette's next. */
  color?: string;
}

export interface ChartCardProps {
  title: string;
  unit: string;
  kind: "line" | "area" | "stacked" | "bar";
  lines?: readonly Line[];
  /** For bars by name instead of over time. */
  bars?: readonly { key: string; label: string; value: number; color?: string }[];
  bucket?: "hour" | "day" | string;
  actions?: ReactNode;
  height?: string;
}

export function isMoney(unit: string): boolean {
  return unit.toLowerCase() === "usd";
}

export function unitValue(value: number, unit: string): string {
  return isMoney(unit) ? usd(value) : `${number(value, 2)} ${unit}`;
}

export function axisValue(value: number, unit: string): string {
  return isMoney(unit) ? compactUsd(value) : compact(value);
}

export function ChartCard(props: ChartCardProps) {
  const { title, unit, lines = [], bars, bucket = "day" } = props;
  const [asTable, show] = useState(false);
  const rows = useMemo(() => {
    const made = new Map<string, Record<string, number | string>>();
    for (const line of lines) for (const { at, value } of line.points) made.set(at, { ...made.get(at), at, [line.key]: value });
    return [...made.values()].sort((a, b) => String(a.at).localeCompare(String(b.at)));
  }, [lines]);
  const time = (at: string) => (bucket === "day" ? day(at) : instant(at, false, false));
  const empty = bars ? bars.length === 0 : rows.length === 0;
  return (
    <Card
      title={<>{title} <Text as="span" color="fg.subtle" fontWeight="normal" fontSize="xs">({unit === "usd" ? "USD" : unit})</Text></>}
      actions={
        <HStack gap="1">
          {props.actions}
          <Button size="2xs" variant="ghost" color="fg.muted" aria-label={`${title}: ${asTable ? t("chart.chart") : t("chart.table")}`} title={asTable ? t("chart.chart") : t("chart.table")} onClick={() => show(!asTable)}>
            {asTable ? <ChartColumn size={14} aria-hidden /> : <Table2 size={14} aria-hidden />}
          </Button>
        </HStack>
      }
    >
      {empty ? (
        <NothingState title={t("chart.empty")} />
      ) : asTable ? (
        <Box maxH={props.height ?? "16rem"} overflow="auto" tabIndex={0} role="region" aria-label={title}>
          <Table.Root size="sm">
            <Table.Header>
              <Table.Row>
                <Table.ColumnHeader>{bars ? t("common.name") : t("chart.time")}</Table.ColumnHeader>
                {bars ? <Table.ColumnHeader textAlign="end">{unit}</Table.ColumnHeader> : lines.map((line) => <Table.ColumnHeader key={line.key} textAlign="end">{line.label}</Table.ColumnHeader>)}
              </Table.Row>
            </Table.Header>
            <Table.Body>
              {bars
                ? bars.map((bar) => <Table.Row key={bar.key}><Table.Cell>{bar.label}</Table.Cell><Table.Cell textAlign="end">{unitValue(bar.value, unit)}</Table.Cell></Table.Row>)
                : rows.map((row) => (
                    <Table.Row key={String(row.at)}>
                      <Table.Cell whiteSpace="nowrap">{time(String(row.at))}</Table.Cell>
                      {lines.map((line) => <Table.Cell key={line.key} textAlign="end" fontVariantNumeric="tabular-nums">{row[line.key] === undefined ? "–" : unitValue(Number(row[line.key]), unit)}</Table.Cell>)}
                    </Table.Row>
                  ))}
            </Table.Body>
          </Table.Root>
        </Box>
      ) : (
        <Box h={props.height ?? "16rem"} role="img" aria-label={`${title} (${unit})`}>
          <Drawing {...props} rows={rows} time={time} />
        </Box>
      )}
    </Card>
  );
}

/** The shape of a series, without axes: only beside its number. */
export function Sparkline({ points, color = "accent.solid" }: { points: readonly { value: number }[]; color?: string }) {
  if (points.length < 2) return null;
  const most = Math.max(...points.map((one) => one.value), 1e-9);
  const path = points.map(({ value }, index) => `${index === 0 ? "M" : "L"}${((index / (points.length - 1)) * 100).toFixed(2)} ${(27 - (value / most) * 25).toFixed(2)}`).join("");
  return (
    <Box color={color} h="7" aria-hidden>
      <svg viewBox="0 0 100 28" preserveAspectRatio="none" width="100%" height="100%">
        <path d={`${path}L100 28L0 28Z`} fill="currentColor" opacity="0.12" />
        <path d={path} fill="none" stroke="currentColor" strokeWidth="1.5" vectorEffect="non-scaling-stroke" />
      </svg>
    </Box>
  );
}
