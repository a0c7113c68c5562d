// The menu on a phone: the sidebar's, in a drawer.
"use client";
import { CloseButton, Drawer, Portal } from "@chakra-ui/react";
import { t } from "@/messages";
import { Mark, Menu } from "./sidebar";

export function PhoneMenu({ open, close }: { open: boolean; close: () => void }) {
  return (
    <Drawer.Root open={open} onOpenChange={({ open: stays }) => !stays && close()} placement="start" size="xs" lazyMount unmountOnExit>
      <Portal>
        <Drawer.Backdrop />
        <Drawer.Positioner>
          <Drawer.Content maxW="18rem">
            <Drawer.Header><Drawer.Title display="flex" alignItems="center" gap="2.5" fontSize="md"><Mark /> {t("app.name")}</Drawer.Title></Drawer.Header>
            <Drawer.Body px="0"><Menu folded={false} leave={close} /></Drawer.Body>
            <Drawer.CloseTrigger asChild><CloseButton size="sm" aria-label={t("common.close")} /></Drawer.CloseTrigger>
          </Drawer.Content>
        </Drawer.Positioner>
      </Portal>
    </Drawer.Root>
  );
}
