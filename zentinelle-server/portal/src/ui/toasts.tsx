// Short words on what happened, read out by screen readers.
"use client";
import { createToaster, Spinner, Stack, Toast, Toaster as Region } from "@chakra-ui/react";

export const toaster = createToaster({ placement: "bottom-end", pauseOnPageIdle: true, max: 4 });

export const tell = {
  done: (title: string, description?: string) => toaster.create({ type: "success", title, description }),
  failed: (title: string, description?: string) => toaster.create({ type: "error", title, description, duration: 9000 }),
  info: (title: string, description?: string) => toaster.create({ type: "info", title, description }),
};

export function Toasts() {
  return (
    <Region toaster={toaster} insetInline={{ mdDown: "4" }}>
      {(toast) => (
        <Toast.Root width={{ md: "sm" }}>
          {toast.type === "loading" ? <Spinner size="sm" /> : <Toast.Indicator />}
          <Stack gap="1" flex="1" maxWidth="100%">
            {toast.title ? <Toast.Title>{toast.title}</Toast.Title> : null}
            {toast.description ? <Toast.Description>{toast.description}</Toast.Description> : null}
          </Stack>
          <Toast.CloseTrigger />
        </Toast.Root>
      )}
    </Region>
  );
}
