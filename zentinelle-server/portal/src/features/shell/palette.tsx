// Ctrl or Cmd and K: go to any page, any record by its name or id, or start an action.
"use client";
import { Box, chakra, Dialog, Flex, Input, Portal, Text } from "@chakra-ui/react";
import { useQuery } from "@apollo/client/react";
import { useRouter } from "next/navigation";
import { useEffect, useMemo, useState } from "react";
import { useMay } from "@/lib/session";
import { chooseTheme } from "@/lib/theme-choice";
import { hrefFor } from "@/lib/url";
import { type MessageKey, t, word } from "@/messages";
import { Find } from "./queries";
import { ALL_PAGES } from "./pages";

interface Hit {
  key: string;
  group: string;
  title: string;
  detail?: string;
  go: () => void;
}

const ACTIONS: readonly { name: MessageKey; permission: string; href?: string; run?: () => void }[] = [
  { name: "action.registerAgent", permission: "agents:write", href: "/agents/?new=1" },
  { name: "action.createPolicy", permission: "policies:write", href: "/policies/edit/" },
  { name: "action.tryPolicy", permission: "policies:read", href: "/playground/" },
  { name: "action.lightTheme", permission: "me:read", run: () => chooseTheme("light") },
  { name: "action.darkTheme", permission: "me:read", run: () => chooseTheme("dark") },
];

export function Palette({ open, close }: { open: boolean; close: () => void }) {
  return (
    <Dialog.Root open={open} onOpenChange={({ open: stays }) => !stays && close()} size="lg" placement="top" lazyMount unmountOnExit>
      <Portal>
        <Dialog.Backdrop />
        <Dialog.Positioner>
          <Dialog.Content aria-label={t("palette.label")} overflow="hidden">
            <Search close={close} />
          </Dialog.Content>
        </Dialog.Positioner>
      </Portal>
    </Dialog.Root>
  );
}

function Search({ close }: { close: () => void }) {
  const [text, setText] = useState("");
  const [wanted, setWanted] = useState("");
  const [at, setAt] = useState(0);
  const router = useRouter();
  const may = useMay();
  useEffect(() => {
    const timer = setTimeout(() => setWanted(text.trim()), 180);
    return () => clearTimeout(timer);
  }, [text]);
  const { data } = useQuery(Find, { variables: { text: wanted }, skip: wanted.length < 2, fetchPolicy: "cache-first" });
  const hits = useMemo<Hit[]>(() => {
    const words = text.trim().toLowerCase();
    const fits = (title: string) => words.split(/\s+/).every((one) => title.toLowerCase().includes(one));
    const go = (href: string) => () => { close(); router.push(href); };
    const pages = ALL_PAGES.filter((page) => may(page.permission) && fits(t(page.name))).map((page) => ({ key: page.href, group: t("palette.pages"), title: t(page.name), go: go(page.href) }));
    const records = wanted.length < 2 ? [] : (data?.find ?? []).map((one) => ({ key: `${one.kind}${one.id}`, group: t("palette.records"), title: one.title, detail: [word(one.kind), one.detail].filter(Boolean).join(" · "), go: go(hrefFor(one.kind, one.id)) }));
    const actions = ACTIONS.filter((one) => may(one.permission) && fits(t(one.name))).map((one) => ({ key: one.name, group: t("palette.actions"), title: t(one.name), go: one.href ? go(one.href) : () => { close(); one.run?.(); } }));
    return [...records, ...pages, ...actions];
  }, [text, wanted, data, may, router, close]);
  const chosen = Math.min(at, hits.length - 1);
  return (
    <Box>
      <Input size="lg" variant="flushed" px="4" autoFocus value={text} placeholder={t("palette.placeholder")} role="combobox" aria-expanded="true" aria-controls="palette-hits" aria-label={t("palette.label")}
        aria-activedescendant={hits[chosen] ? `hit-${chosen}` : undefined}
        onChange={(event) => { setText(event.target.value); setAt(0); }}
        onKeyDown={(event) => {
          if (event.key === "ArrowDown") setAt(Math.min(chosen + 1, hits.length - 1));
          else if (event.key === "ArrowUp") setAt(Math.max(chosen - 1, 0));
          else if (event.key === "Enter") hits[chosen]?.go();
          else return;
          event.preventDefault();
        }} />
      <Box id="palette-hits" role="listbox" aria-label={t("palette.label")} maxH="min(26rem, 60vh)" overflow="auto" p="2">
        {hits.length === 0 ? <Text p="5" color="fg.muted" fontSize="sm" textAlign="center">{t("palette.none", { text })}</Text> : null}
        {hits.map((hit, index) => (
          <Box key={hit.key} role="presentation">
            {hits[index - 1]?.group === hit.group ? null : <Text role="presentation" px="3" pt="2" pb="1" fontSize="xs" color="fg.muted" fontWeight="semibold">{hit.group}</Text>}
            <Flex id={`hit-${index}`} role="option" aria-selected={index === chosen} px="3" py="2" gap="3" rounded="l2" cursor="pointer" fontSize="sm" bg={index === chosen ? "accent.subtle" : undefined} justify="space-between"
              ref={index === chosen ? (node: HTMLDivElement | null) => node?.scrollIntoView({ block: "nearest" }) : undefined}
              onMouseMove={() => setAt(index)} onClick={hit.go}>
              <Text truncate fontWeight="medium">{hit.title}</Text>
              {hit.detail ? <chakra.span color="fg.muted" fontSize="xs" truncate>{hit.detail}</chakra.span> : null}
            </Flex>
          </Box>
        ))}
      </Box>
      <Text px="4" py="2" fontSize="xs" color="fg.muted" borderTopWidth="1px" borderColor="border">{t("palette.hint")}</Text>
    </Box>
  );
}
