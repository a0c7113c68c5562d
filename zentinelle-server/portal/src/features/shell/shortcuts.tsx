// Keys that work everywhere.
"use client";
import { useRouter } from "next/navigation";
import { useEffect, useRef } from "react";
import { ALL_PAGES } from "./pages";

export const LETTERS = ALL_PAGES.filter((page) => page.letter);

function writing(target: EventTarget | null): boolean {
  const element = target as HTMLElement | null;
  return !!element?.closest?.("input,textarea,select,[contenteditable=true],[role=textbox]") || !!element?.shadowRoot;
}

export function useShortcuts({ palette, help, menu }: { palette: () => void; help: () => void; menu: () => void }) {
  const router = useRouter();
  const gone = useRef(0);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
        event.preventDefault();
        return palette();
      }
      if (event.ctrlKey || event.metaKey || event.altKey || writing(event.target) || document.querySelector("[role=dialog][data-state=open]")) return;
      if (event.key === "?") help();
      else if (event.key === "[") menu();
      else if (event.key === "/") {
        const field = document.querySelector<HTMLInputElement>("input[data-search]");
        if (!field) return;
        field.focus();
      } else if (event.key === "g") {
        gone.current = Date.now();
        return;
      } else {
        const page = Date.now() - gone.current < 1200 ? LETTERS.find((one) => one.letter === event.key) : undefined;
        gone.current = 0;
        if (!page) return;
        router.push(page.href);
      }
      event.preventDefault();
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, [palette, help, menu, router]);
}
