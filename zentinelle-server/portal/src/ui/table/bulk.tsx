// Selected rows, what can be done with them together, and what came of it for each.
"use client";
import { Button, Dialog, Flex, HStack, Portal, Stack, Text } from "@chakra-ui/react";
import { useState } from "react";
import { errorText } from "@/lib/apollo";
import { t } from "@/messages";
import { StatusBadge } from "../badges";
import type { BulkAction, BulkItem } from "./types";

export function BulkBar({ actions, selected, nameOf, clear, done }: { actions: readonly BulkAction[]; selected: ReadonlySet<string>; nameOf: (id: string) => string; clear: () => void; done: () => void }) {
  const [chosen, choose] = useState<BulkAction>();
  const [results, setResults] = useState<readonly (BulkItem & { name: string })[]>();
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<string>();
  const close = () => {
    if (results) {
      clear();
      done();
    }
    choose(undefined);
    setResults(undefined);
    setFailure(undefined);
  };
  const run = async () => {
    if (!chosen) return;
    setBusy(true);
    setFailure(undefined);
    try {
      setResults((await chosen.run([...selected])).map((item) => ({ ...item, name: nameOf(item.id) })));
    } catch (error) {
      setFailure(errorText(error));
    } finally {
      setBusy(false);
    }
  };
  const failed = results?.filter((one) => !one.success) ?? [];
  return (
    <>
      <Flex position="sticky" bottom="4" zIndex="docked" bg="bg.panel" borderWidth="1px" borderColor="accent.border" rounded="l3" shadow="lg" px="4" py="2.5" gap="3" align="center" wrap="wrap" alignSelf="center">
        <Text fontSize="sm" fontWeight="medium" aria-live="polite">{t("table.selected", { count: selected.size })}</Text>
        {actions.map((action) => (
          <Button key={action.key} size="xs" variant="outline" color={action.danger ? "critical.fg" : undefined} onClick={() => choose(action)}>{action.label}</Button>
        ))}
        <Button size="xs" variant="ghost" onClick={clear}>{t("table.unselect")}</Button>
      </Flex>
      <Dialog.Root open={!!chosen} onOpenChange={({ open }) => !open && close()} role={results ? "dialog" : "alertdialog"} size="md" lazyMount unmountOnExit>
        <Portal>
          <Dialog.Backdrop />
          <Dialog.Positioner>
            <Dialog.Content>
              <Dialog.Header><Dialog.Title fontSize="md">{results ? t("bulk.title", { name: chosen?.label ?? "" }) : t("bulk.confirm", { name: chosen?.label ?? "", count: selected.size })}</Dialog.Title></Dialog.Header>
              <Dialog.Body>
                {failure ? <Text color="critical.fg" role="alert" fontSize="sm" mb="3">{failure}</Text> : null}
                {results ? (
                  <HStack mb="3" gap="3" fontSize="sm">
                    <Text>{t("bulk.done", { count: results.length - failed.length })}</Text>
                    {failed.length > 0 ? <Text color="critical.fg">{t("bulk.failed", { count: failed.length })}</Text> : null}
                  </HStack>
                ) : null}
                <Stack gap="1.5" maxH="20rem" overflow="auto" as="ul" listStyleType="none">
                  {(results ?? [...selected].map((id) => ({ id, name: nameOf(id), success: undefined, errors: [] }))).map((item) => (
                    <Flex as="li" key={item.id} justify="space-between" gap="3" fontSize="sm">
                      <Text truncate>{item.name}</Text>
                      {item.success === undefined ? null : item.success ? <StatusBadge value="done" label={t("bulk.ok")} /> : <Text color="critical.fg" textAlign="end">{item.errors.map((one) => one.message).join(" ")}</Text>}
                    </Flex>
                  ))}
                </Stack>
              </Dialog.Body>
              <Dialog.Footer>
                <Button size="sm" variant="outline" onClick={close}>{results ? t("common.close") : t("common.cancel")}</Button>
                {results ? null : <Button size="sm" loading={busy} onClick={() => void run()} {...(chosen?.danger ? { bg: "critical.solid", color: "white" } : {})}>{chosen?.label}</Button>}
              </Dialog.Footer>
            </Dialog.Content>
          </Dialog.Positioner>
        </Portal>
      </Dialog.Root>
    </>
  );
}
