// Chooses records of one kind by name or id: a field that searches, and what is chosen as chips.
"use client";
import { Box, Button, chakra, Input, Stack, Text, Wrap } from "@chakra-ui/react";
import { useLazyQuery } from "@apollo/client/react";
import { useEffect, useId, useState } from "react";
import { Find } from "@/features/shell/queries";
import { t } from "@/messages";

export interface Chosen {
  id: string;
  name: string;
}

export function RecordPicker({ kinds, label, chosen, choose, single = false }: { kinds: readonly string[]; label: string; chosen: readonly Chosen[]; choose: (chosen: Chosen[]) => void; single?: boolean }) {
  const [text, setText] = useState("");
  const [find, { data, loading }] = useLazyQuery(Find);
  const id = useId();
  useEffect(() => {
    if (text.trim().length < 2) return;
    const timer = setTimeout(() => void find({ variables: { text: text.trim() } }), 250);
    return () => clearTimeout(timer);
  }, [text, find]);
  const wanted = text.trim().length >= 2;
  const found = wanted ? (data?.find ?? []).filter((one) => kinds.includes(one.kind.toLowerCase()) && !chosen.some((held) => held.id === one.id)) : [];
  return (
    <Stack gap="1.5">
      <chakra.label htmlFor={id} fontSize="sm" fontWeight="medium">{label}</chakra.label>
      {chosen.length > 0 ? (
        <Wrap gap="1.5">
          {chosen.map((one) => (
            <Button key={one.id} type="button" size="2xs" variant="subtle" rounded="full" aria-label={t("picker.remove", { name: one.name })} onClick={() => choose(chosen.filter((held) => held.id !== one.id))}>
              {one.name} <span aria-hidden>×</span>
            </Button>
          ))}
        </Wrap>
      ) : null}
      {single && chosen.length > 0 ? null : (
        <Input id={id} size="sm" value={text} placeholder={t("picker.search")} autoComplete="off" onChange={(event) => setText(event.target.value)} onKeyDown={(event) => event.key === "Enter" && event.preventDefault()} />
      )}
      {wanted ? (
        <Box borderWidth="1px" borderColor="border" rounded="l2" maxH="10rem" overflow="auto" aria-live="polite">
          {found.map((one) => (
            <Button key={one.id} type="button" size="xs" variant="ghost" w="100%" justifyContent="flex-start" onClick={() => { choose(single ? [{ id: one.id, name: one.title }] : [...chosen, { id: one.id, name: one.title }]); setText(""); }}>
              {one.title} {one.detail ? <Text as="span" color="fg.muted" fontWeight="normal" truncate>{one.detail}</Text> : null}
            </Button>
          ))}
          {found.length === 0 && !loading ? <Text fontSize="xs" color="fg.muted" px="3" py="2">{t("picker.none")}</Text> : null}
        </Box>
      ) : null}
    </Stack>
  );
}
