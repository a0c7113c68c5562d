// Saved views of a table: kept for oneself or for everybody, one of them the page's beginning.
"use client";
import { Button, Checkbox, Flex, Input, Popover, Portal, Stack, Text } from "@chakra-ui/react";
import { useQuery } from "@apollo/client/react";
import { Bookmark, Star, Trash2 } from "lucide-react";
import { useEffect, useState } from "react";
import { DeleteView, SaveView, Views } from "@/features/shell/queries";
import type { ViewsQuery } from "@/features/shell/gql/graphql";
import { sayProblems, useChange } from "@/lib/change";
import { t } from "@/messages";
import { IconAction } from "../small";

type View = ViewsQuery["savedViews"][number];

/**
 * Lets a table that was opened without a word of its own begin with the person's default view. True until that is
 * known; an address that says what it wants is obeyed as it is.
 */
export function useOpeningView(page: string, bare: boolean, apply: (query: string) => void): boolean {
  const [settled, settle] = useState(!bare);
  const { data, error } = useQuery(Views, { variables: { page }, skip: settled });
  useEffect(() => {
    if (settled || !(data ?? error)) return;
    const view = data?.savedViews.find((one) => one.isDefault && one.mine);
    if (view) apply(view.query);
    settle(true);
  }, [settled, data, error, apply]);
  return !settled;
}

export function ViewMenu({ page, query, apply }: { page: string; query: string; apply: (query: string) => void }) {
  const [open, setOpen] = useState(false);
  const { data } = useQuery(Views, { variables: { page }, skip: !open, fetchPolicy: "cache-and-network" });
  const save = useChange(SaveView);
  const remove = useChange(DeleteView);
  const [name, setName] = useState("");
  const [shared, setShared] = useState(false);
  const [isDefault, setDefault] = useState(false);
  const keep = async () => {
    const outcome = await save({ page, name, query, shared, isDefault }, t("table.views.saved"));
    sayProblems(outcome);
    if (!outcome.success) return;
    setName("");
    setDefault(false);
  };
  const toggle = async ({ id, page: where, name: called, query: says, shared: forAll, isDefault: was }: View) => sayProblems(await save({ id, page: where, name: called, query: says, shared: forAll, isDefault: !was }));
  return (
    <Popover.Root positioning={{ placement: "bottom-end" }} lazyMount open={open} onOpenChange={(change) => setOpen(change.open)}>
      <Popover.Trigger asChild>
        <IconAction label={t("table.views")} variant="outline"><Bookmark size={15} aria-hidden /></IconAction>
      </Popover.Trigger>
      <Portal>
        <Popover.Positioner>
          <Popover.Content w="20rem" aria-label={t("table.views")}>
            <Popover.Body p="3">
              <Stack gap="1" mb="3">
                {data?.savedViews.length === 0 ? <Text fontSize="sm" color="fg.muted">{t("table.views.none")}</Text> : null}
                {data?.savedViews.map((view) => (
                  <Flex key={view.id} align="center">
                    <Button variant="ghost" size="sm" flex="1" minW="0" justifyContent="flex-start" onClick={() => { setOpen(false); apply(view.query); }}><Text truncate>{view.name}</Text></Button>
                    {view.mine ? (
                      <>
                        <IconAction label={`${t("table.views.default")}: ${view.name}`} size="xs" aria-pressed={view.isDefault} color={view.isDefault ? "accent.fg" : "fg.muted"} onClick={() => void toggle(view)}>
                          <Star size={13} fill={view.isDefault ? "currentColor" : "none"} aria-hidden />
                        </IconAction>
                        <IconAction label={t("table.views.delete", { name: view.name })} size="xs" onClick={async () => sayProblems(await remove({ id: view.id }))}><Trash2 size={13} aria-hidden /></IconAction>
                      </>
                    ) : null}
                  </Flex>
                ))}
              </Stack>
              <Stack as="form" gap="2" borderTopWidth="1px" borderColor="border" pt="3" onSubmit={(event) => { event.preventDefault(); void keep(); }}>
                <Input size="sm" aria-label={t("table.views.name")} placeholder={t("table.views.name")} value={name} maxLength={80} onChange={(event) => setName(event.target.value)} />
                <Checkbox.Root size="sm" checked={isDefault} onCheckedChange={({ checked }) => setDefault(checked === true)}>
                  <Checkbox.HiddenInput /><Checkbox.Control /><Checkbox.Label fontWeight="normal">{t("table.views.default")}</Checkbox.Label>
                </Checkbox.Root>
                <Checkbox.Root size="sm" checked={shared} onCheckedChange={({ checked }) => setShared(checked === true)}>
                  <Checkbox.HiddenInput /><Checkbox.Control /><Checkbox.Label fontWeight="normal">{t("table.views.shared")}</Checkbox.Label>
                </Checkbox.Root>
                <Button type="submit" size="sm" disabled={!name.trim()}>{t("table.views.save")}</Button>
              </Stack>
            </Popover.Body>
          </Popover.Content>
        </Popover.Positioner>
      </Portal>
    </Popover.Root>
  );
}
