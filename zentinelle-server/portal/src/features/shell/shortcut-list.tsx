// The list of keys that work everywhere, shown on `?`.
"use client";
import { CloseButton, Dialog, Flex, HStack, Kbd, Portal, Stack, Text } from "@chakra-ui/react";
import { t } from "@/messages";
import { LETTERS } from "./shortcuts";

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
