// Keys that work everywhere, and the list of them.
"use client";
import { CloseButton, Dialog, Flex, HStack, Kbd, Portal, Stack, Text } from "@chakra-ui/react";
import { useRouter } from "next/navigation";
import { useEffect, useRef } from "react";
import { t } from "@/messages";
import { ALL_PAGES } from "./pages";

const LETTERS = ALL_PAGES.filter((page) => page.letter);

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

export function ShortcutList({ open, close }: { open: boolean; close: () => void }) {
  const rows: [string, string[]][] = [
    [t("keys.palette"), ["Ctrl", "K"]], [t("keys.help"), ["?"]], [t("keys.search"), ["/"]], [t("keys.menu"), ["["]],
    [t("keys.row"), ["j", "k"]], [t("keys.openRow"), ["Enter"]],
    ...LETTERS.map((page): [string, string[]] => [t("keys.go", { name: t(page.name) }), ["g", page.letter ?? ""]]),
  ];
  return (
    <Dialog.Root open={open} onOpenChange={({ open: stays }) => !stays && close()} lazyMount unmountOnExit>
      <Portal>
        <Dialog.Backdrop />
        <Dialog.Positioner>
          <Dialog.Content>
            <Dialog.Header><Dialog.Title fontSize="lg">{t("shell.shortcuts")}</Dialog.Title></Dialog.Header>
            <Dialog.Body>
              <Stack gap="2">
                {rows.map(([name, keys]) => (
                  <Flex key={name} justify="space-between" fontSize="sm"><Text>{name}</Text><HStack gap="1">{keys.map((key) => <Kbd key={key}>{key}</Kbd>)}</HStack></Flex>
                ))}
              </Stack>
            </Dialog.Body>
            <Dialog.CloseTrigger asChild><CloseButton size="sm" aria-label={t("common.close")} /></Dialog.CloseTrigger>
          </Dialog.Content>
        </Dialog.Positioner>
      </Portal>
    </Dialog.Root>
  );
}
