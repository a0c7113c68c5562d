// Numbers, sums and instants as people read them.
import { currentLanguage } from "@/messages";

const TIMES = "zentinelle.times";

export function timesAreUtc(): boolean {
  return typeof localStorage !== "undefined" && localStorage.getItem(TIMES) === "utc";
}

export function chooseTimes(kind: "local" | "utc"): void {
  localStorage.setItem(TIMES, kind);
  location.reload();
}

export function number(value: number | null | undefined, digits = 0): string {
  return value === null || value === undefined ? "–" : value.toLocaleString(currentLanguage(), { maximumFractionDigits: digits });
}

/** A total of the server, which counts to 10,000: beyond, the number stands for "more". */
export function counted(total: number): string {
  return total > 10_000 ? `${number(10_000)}+` : number(total);
}

/** 12,400 as 12.4K: for cards and axes, never where the exact number matters. */
export function compact(value: number): string {
  return value.toLocaleString(currentLanguage(), { notation: "compact", maximumFractionDigits: value < 10_000 ? 1 : 0 });
}

export function usd(value: number | string | null | undefined): string {
  if (value === null || value === undefined || value === "") return "–";
  const amount = Number(value);
  // Cents where there are some; what a single call costs is often less.
  const digits = amount !== 0 && Math.abs(amount) < 0.1 ? 4 : 2;
  return amount.toLocaleString(currentLanguage(), { style: "currency", currency: "USD", minimumFractionDigits: 2, maximumFractionDigits: digits });
}

/** A sum on an axis: whole dollars without cents, thousands as K. */
export function compactUsd(value: number): string {
  const notation = Math.abs(value) < 100 ? "standard" : "compact";
  const cents = notation === "standard" && !Number.isInteger(value);
  return value.toLocaleString(currentLanguage(), { style: "currency", currency: "USD", notation, minimumFractionDigits: cents ? 2 : 0, maximumFractionDigits: cents ? 2 : 1 });
}

export function percent(part: number, digits = 0): string {
  return part.toLocaleString(currentLanguage(), { style: "percent", maximumFractionDigits: digits });
}

/** An instant with its zone; on an axis, where every mark has the same, without. */
export function instant(value: string | null | undefined, seconds = true, zone = true): string {
  if (!value) return "–";
  const date = new Date(value);
  if (Number.isNaN(date.getTime())) return value;
  return date.toLocaleString(currentLanguage() === "de" ? "de" : "en-GB", {
    year: "numeric", month: "short", day: "2-digit", hour: "2-digit", minute: "2-digit",
    ...(seconds ? { second: "2-digit" } : {}),
    ...(timesAreUtc() ? { timeZone: "UTC" } : {}),
    ...(zone ? { timeZoneName: "short" } : {}),
  });
}

export function day(value: string | null | undefined): string {
  if (!value) return "–";
  const date = new Date(value);
  return Number.isNaN(date.getTime())
    ? value
    : date.toLocaleDateString(currentLanguage() === "de" ? "de" : "en-GB", {
        year: "numeric", month: "short", day: "2-digit", ...(timesAreUtc() || value.length === 10 ? { timeZone: "UTC" } : {}),
      });
}

const STEPS: readonly [Intl.RelativeTimeFormatUnit, number][] = [
  ["year", 31_557_600], ["month", 2_629_800], ["day", 86_400], ["hour", 3_600], ["minute", 60], ["second", 1],
];

/** "3 minutes ago", "in 2 days". */
export function relative(value: string, now: number = Date.now()): string {
  const seconds = (new Date(value).getTime() - now) / 1000;
  const [unit, size] = STEPS.find(([, size]) => Math.abs(seconds) >= size) ?? ["second", 1];
  return new Intl.RelativeTimeFormat(currentLanguage(), { numeric: "auto", style: "long" }).format(Math.trunc(seconds / size), unit);
}

/** Seconds as "4:09" or "1:02:03". */
export function countdown(seconds: number): string {
  const left = Math.max(0, Math.floor(seconds));
  const [h, m, s] = [Math.floor(left / 3600), Math.floor((left % 3600) / 60), left % 60];
  const two = (n: number) => String(n).padStart(2, "0");
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

export function duration(microseconds: number | null | undefined): string {
  if (microseconds === null || microseconds === undefined) return "–";
  if (microseconds < 1000) return `${number(microseconds)} µs`;
  if (microseconds < 1_000_000) return `${number(microseconds / 1000, 1)} ms`;
  return `${number(microseconds / 1_000_000, 1)} s`;
}

/** Seconds as "45 s", "12 min", "3 h 20 min" or "2 d 4 h": for spans of work, where seconds no longer matter. */
export function longDuration(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined) return "–";
  const [d, h, m] = [Math.floor(seconds / 86_400), Math.floor((seconds % 86_400) / 3600), Math.floor((seconds % 3600) / 60)];
  if (d > 0) return `${d} d${h > 0 ? ` ${h} h` : ""}`;
  if (h > 0) return `${h} h${m > 0 ? ` ${m} min` : ""}`;
  return m > 0 ? `${m} min` : `${number(seconds)} s`;
}

/** Who did it, without the kind that records put before the name. */
export function person(name: string | null | undefined): string {
  return name?.replace(/^(operator|agent):/, "") || "–";
}
