// All text of the portal. `t("key")` gives the words in the chosen language, English where a translation lacks.
// "{name}" is filled in; "one thing|{count} things" chooses by `count`.
import { common } from "./en/common";
import { shell } from "./en/shell";
import { agents } from "./en/agents";
import { approvals } from "./en/approvals";
import { audit } from "./en/audit";
import { compliance } from "./en/compliance";
import { dashboard } from "./en/dashboard";
import { models } from "./en/models";
import { monitoring } from "./en/monitoring";
import { notifications } from "./en/notifications";
import { policies } from "./en/policies";
import { playground } from "./en/playground";
import { prompts } from "./en/prompts";
import { risk } from "./en/risk";
import { settings } from "./en/settings";

export const en = {
  ...common, ...shell, ...agents, ...approvals, ...audit, ...compliance, ...dashboard, ...models,
  ...monitoring, ...notifications, ...policies, ...playground, ...prompts, ...risk, ...settings,
};

export type MessageKey = keyof typeof en;
export type Translation = Partial<Record<MessageKey, string>>;

export const LANGUAGES = { en: "English", de: "Deutsch" } as const;
export type Language = keyof typeof LANGUAGES;
const KEPT = "zentinelle.language";

let language: Language = "en";
let translation: Translation = {};

/** Loads the words of the language chosen in this browser. Call it before the first render. */
export async function loadLanguage(): Promise<void> {
  const kept = localStorage.getItem(KEPT);
  language = kept === "de" ? "de" : "en";
  document.documentElement.lang = language;
  if (language === "de") translation = (await import("./de")).de;
}

export function currentLanguage(): Language {
  return language;
}

/** Keeps the choice and starts the page again in it. */
export function chooseLanguage(chosen: Language): void {
  localStorage.setItem(KEPT, chosen);
  location.reload();
}

export function t(key: MessageKey, values?: Record<string, string | number>): string {
  let text: string = translation[key] ?? en[key];
  if (values && "count" in values && text.includes("|")) {
    const [one = "", many = ""] = text.split("|");
    text = Number(values.count) === 1 ? one : many;
  }
  return values ? text.replace(/\{(\w+)\}/g, (whole, name: string) => (name in values ? show(values[name]) : whole)) : text;
}

function show(value: string | number | undefined): string {
  return typeof value === "number" ? value.toLocaleString(language) : (value ?? "");
}

/**
 * The words for a value of the server, such as a status; the value itself in plain writing where none are known. What a
 * dot divides, such as the code of a violation, is a subject and what is said of it.
 */
export function word(value: string | null | undefined): string {
  if (!value) return "–";
  const key = `word.${value.toLowerCase().replaceAll("-", "_")}` as MessageKey;
  if (key in en) return t(key);
  const plain = value.replaceAll("_", " ").replaceAll("-", " ").replaceAll(".", ": ").toLowerCase();
  return plain.charAt(0).toUpperCase() + plain.slice(1);
}
