// The drawing behind a chart card: Recharts, in the theme's colours.
"use client";
import { useToken } from "@chakra-ui/react";
import { Area, AreaChart, Bar, BarChart, CartesianGrid, Cell, Legend, Line, LineChart, ResponsiveContainer, Tooltip, XAxis, YAxis } from "recharts";
import { useIsDark } from "@/lib/theme-choice";
import { axisValue, type ChartCardProps, isMoney, unitValue } from "./chart";

export interface DrawingProps extends ChartCardProps {
  rows: readonly Record<string, number | string>[];
  time: (at: string) => string;
}

const PALETTE = ["chart.1", "chart.2", "chart.3", "chart.4", "chart.5", "chart.6"];
const DASHES = [undefined, "6 3", "2 2", "8 3 2 3", "1 3", "10 4"];

function useColors(names: readonly string[]): string[] {
  useIsDark();
  return useToken("colors", [...names]);
}

export function Drawing({ kind, lines = [], bars, unit, rows, time }: DrawingProps) {
  const colors = useColors((bars ?? lines).map((one, index) => one.color ?? PALETTE[bars ? 0 : index % PALETTE.length] ?? "chart.1"));
  const [grid, axis, panel, border] = useColors(["chart.grid", "chart.axis", "bg.panel", "border"]);
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const tick = { fill: axis, fontSize: 11 };
  const tip = (
    <Tooltip isAnimationActive={false} cursor={{ fill: grid, fillOpacity: 0.4, stroke: grid }} labelFormatter={(label) => (bars ? String(label) : time(String(label)))}
      formatter={(value, name) => [unitValue(Number(value), unit), name]} contentStyle={{ background: panel, border: `1px solid ${border}`, borderRadius: 6, fontSize: 12 }} />
  );
  if (bars)
    return (
      <ResponsiveContainer width="100%" height="100%">
        <BarChart data={[...bars]} layout="vertical" margin={{ left: 4, right: 16, top: 4, bottom: 4 }} accessibilityLayer>
          <CartesianGrid stroke={grid} horizontal={false} />
          <XAxis type="number" tick={tick} stroke={grid} tickFormatter={(value: number) => axisValue(value, unit)} allowDecimals={isMoney(unit)} tickCount={isMoney(unit) ? 5 : Math.min(5, 1 + Math.max(1, ...bars.map((bar) => bar.value)))} />
          <YAxis type="category" dataKey="label" width={Math.min(210, 14 + 6.2 * Math.max(...bars.map((bar) => bar.label.length)))} tick={tick} stroke={grid} interval={0} />
          {tip}
          <Bar dataKey="value" name={unit} radius={[0, 3, 3, 0]} maxBarSize={18} isAnimationActive={!still}>
            {bars.map((bar, index) => <Cell key={bar.key} fill={colors[index]} />)}
          </Bar>
        </BarChart>
      </ResponsiveContainer>
    );
  const frame = [
    <CartesianGrid key="grid" stroke={grid} vertical={false} />,
    <XAxis key="x" dataKey="at" tick={tick} stroke={grid} tickFormatter={time} minTickGap={36} />,
    <YAxis key="y" tick={tick} stroke={grid} width={48} tickFormatter={(value: number) => axisValue(value, unit)} allowDecimals={isMoney(unit)} />,
    <Legend key="legend" iconType="plainline" wrapperStyle={{ fontSize: 12, color: axis }} />,
  ];
  const margin = { left: 0, right: 12, top: 6, bottom: 0 };
  const data = [...rows];
  return (
    <ResponsiveContainer width="100%" height="100%">
      {kind === "line" ? (
        <LineChart data={data} margin={margin} accessibilityLayer>
          {frame}{tip}
          {lines.map((line, index) => <Line key={line.key} dataKey={line.key} name={line.label} stroke={colors[index]} strokeDasharray={DASHES[index % DASHES.length]} strokeWidth={2} dot={false} isAnimationActive={!still} connectNulls />)}
        </LineChart>
      ) : kind === "bar" ? (
        <BarChart data={data} margin={margin} accessibilityLayer>
          {frame}{tip}
          {lines.map((line, index) => <Bar key={line.key} dataKey={line.key} name={line.label} fill={colors[index]} stackId="all" maxBarSize={28} isAnimationActive={!still} />)}
        </BarChart>
      ) : (
        <AreaChart data={data} margin={margin} accessibilityLayer>
          {frame}{tip}
          {lines.map((line, index) => (
            <Area key={line.key} dataKey={line.key} name={line.label} stroke={colors[index]} fill={colors[index]} fillOpacity={kind === "stacked" ? 0.35 : 0.14} stackId={kind === "stacked" ? "all" : undefined} strokeWidth={2} isAnimationActive={!still} />
          ))}
        </AreaChart>
      )}
    </ResponsiveContainer>
  );
}
