// Light, dark, or as the system; kept in this browser. `public/theme.js` applies it before the first paint.
"use client";
import { useSyncExternalStore } from "react";

export type ThemeChoice = "light" | "dark" | "system";
const KEPT = "zentinelle.theme";
const watchers = new Set<() => void>();
const system = () => matchMedia("(prefers-color-scheme: dark)");

function chosen(): ThemeChoice {
  const kept = localStorage.getItem(KEPT);
  return kept === "light" || kept === "dark" ? kept : "system";
}

function apply() {
  const dark = chosen() === "dark" || (chosen() === "system" && system().matches);
  const root = document.documentElement;
  root.classList.toggle("dark", dark);
  root.classList.toggle("light", !dark);
  root.style.colorScheme = dark ? "dark" : "light";
  for (const tell of watchers) tell();
}

export function chooseTheme(choice: ThemeChoice): void {
  if (choice === "system") localStorage.removeItem(KEPT);
  else localStorage.setItem(KEPT, choice);
  apply();
}

function watch(tell: () => void): () => void {
  watchers.add(tell);
  const media = system();
  media.addEventListener("change", apply);
  return () => {
    watchers.delete(tell);
    media.removeEventListener("change", apply);
  };
}

export function useThemeChoice(): ThemeChoice {
  return useSyncExternalStore(watch, chosen, () => "system" as const);
}

export function useIsDark(): boolean {
  return useSyncExternalStore(watch, () => document.documentElement.classList.contains("dark"), () => false);
}
