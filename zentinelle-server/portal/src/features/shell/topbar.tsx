// The bar above every page: where one is, search, notifications, one's account.
"use client";
import { Avatar, Box, Button, chakra, Flex, HStack, Kbd, Menu, Popover, Portal, Stack, Text } from "@chakra-ui/react";
import { useMutation, useQuery } from "@apollo/client/react";
import { Bell as BellIcon, ChevronRight, LogOut, MenuIcon, Search } from "lucide-react";
import NextLink from "next/link";
import { usePathname, useRouter } from "next/navigation";
import { useState } from "react";
import { csrfHeaders } from "@/lib/apollo";
import { chooseTimes, timesAreUtc } from "@/lib/format";
import { useMay, useMe } from "@/lib/session";
import { chooseTheme, type ThemeChoice, useThemeChoice } from "@/lib/theme-choice";
import { BASE, hrefFor } from "@/lib/url";
import { chooseLanguage, currentLanguage, type Language, LANGUAGES, t, word } from "@/messages";
import { GoTo, IconAction, RelativeTime } from "@/ui/small";
import { Bell, MarkAllRead, MarkNotification } from "./queries";
import { PART_NAMES, RECORD_NAMES } from "./pages";

export function Breadcrumb() {
  const parts = usePathname().split("/").filter(Boolean);
  const trail = parts.map((part, index) => ({ href: `/${parts.slice(0, index + 1).join("/")}/`, name: part === "detail" ? (RECORD_NAMES[parts[index - 1] ?? ""] ?? PART_NAMES[part]) : PART_NAMES[part] }));
  return (
    <chakra.nav aria-label={t("shell.breadcrumb")} minW="0">
      <HStack as="ol" gap="1.5" fontSize="sm" color="fg.muted" listStyleType="none">
        {trail.length === 0 ? <chakra.li fontWeight="medium" color="fg" aria-current="page">{t("nav.dashboard")}</chakra.li> : null}
        {trail.map(({ href, name }, index) => (
          <chakra.li key={href} display="flex" alignItems="center" gap="1.5" minW="0">
            {index > 0 ? <ChevronRight size={13} aria-hidden /> : null}
            {index === trail.length - 1 ? <Text as="span" color="fg" fontWeight="medium" truncate aria-current="page">{name ? t(name) : ""}</Text> : <GoTo href={href} color="fg.muted" fontWeight="normal">{name ? t(name) : ""}</GoTo>}
          </chakra.li>
        ))}
      </HStack>
    </chakra.nav>
  );
}

/** Where a notification leads: the record it is about, or the page of its kind. */
export function notificationHref(metadata: unknown, type: string | null | undefined): string {
  const facts = (metadata ?? {}) as Record<string, unknown>;
  for (const kind of ["incident", "policy", "risk", "approval", "alert", "agent", "decision"]) {
    const id = facts[`${kind}_id`] ?? facts[`${kind}Id`];
    if (typeof id === "string") return hrefFor(kind, id);
  }
  const about = type ?? "";
  if (about.includes("approval")) return "/approvals/";
  if (about.includes("incident") || about.includes("risk")) return "/risk/";
  return about.includes("alert") || about.includes("violation") ? "/monitoring/?tab=alerts" : "/notifications/";
}

function NotificationBell() {
  const may = useMay();
  const { data, refetch } = useQuery(Bell, { pollInterval: 30_000, skip: !may("notifications:read") });
  const [mark] = useMutation(MarkNotification);
  const [markAll] = useMutation(MarkAllRead);
  const router = useRouter();
  const [open, setOpen] = useState(false);
  const unread = data?.unread.totalCount ?? 0;
  if (!may("notifications:read")) return null;
  return (
    <Popover.Root open={open} onOpenChange={(change) => setOpen(change.open)} positioning={{ placement: "bottom-end" }} lazyMount>
      <Popover.Trigger asChild>
        <Button size="sm" variant="ghost" px="2.5" position="relative" title={unread > 0 ? t("bell.unread", { count: unread }) : t("bell.label")}>
          <chakra.span srOnly>{t("bell.label")}</chakra.span>
          <BellIcon size={17} aria-hidden />
          {unread > 0 ? <Box as="span" position="absolute" top="0" insetEnd="0" minW="4" h="4" px="1" rounded="full" bg="critical.solid" color={{ _light: "white", _dark: "#22060d" }} fontSize="2xs" lineHeight="1rem" fontWeight="semibold">{unread > 99 ? "99+" : unread}</Box> : null}
        </Button>
      </Popover.Trigger>
      <Portal>
        <Popover.Positioner>
          <Popover.Content w="min(24rem, calc(100vw - 1rem))" aria-label={t("bell.label")}>
            <Flex px="4" py="2.5" justify="space-between" align="center" borderBottomWidth="1px" borderColor="border">
              <Text fontWeight="semibold" fontSize="sm">{t("bell.label")}</Text>
              {unread > 0 && may("notifications:write") ? <Button size="2xs" variant="plain" color="accent.fg" onClick={async () => { await markAll(); void refetch(); }}>{t("bell.readAll")}</Button> : null}
            </Flex>
            <Stack gap="0" maxH="24rem" overflow="auto">
              {data?.newest.nodes.length === 0 ? <Text p="6" textAlign="center" color="fg.muted" fontSize="sm">{t("bell.none")}</Text> : null}
              {data?.newest.nodes.map((one) => (
                <chakra.button key={one.id} type="button" textAlign="start" px="4" py="2.5" borderBottomWidth="1px" borderColor="border.muted" cursor="pointer" _hover={{ bg: "bg.subtle" }} bg={one.status === "unread" ? "accent.subtle" : undefined}
                  onClick={() => {
                    if (one.id && one.status === "unread") void mark({ variables: { id: one.id, status: "read" } }).then(() => refetch());
                    setOpen(false);
                    router.push(notificationHref(one.metadata, one.type));
                  }}>
                  <Text fontSize="sm" fontWeight={one.status === "unread" ? "semibold" : "medium"}>{one.subject}</Text>
                  <Text fontSize="xs" color="fg.muted" lineClamp={2}>{one.message}</Text>
                  <Text fontSize="xs" color="fg.muted" mt="0.5"><RelativeTime at={one.createdAt} /> · {word(one.type)}</Text>
                </chakra.button>
              ))}
            </Stack>
            <Box px="4" py="2" borderTopWidth="1px" borderColor="border" fontSize="sm"><GoTo href="/notifications/" onClick={() => setOpen(false)}>{t("bell.all")}</GoTo></Box>
          </Popover.Content>
        </Popover.Positioner>
      </Portal>
    </Popover.Root>
  );
}

export async function signOut(): Promise<void> {
  await fetch("/api/zentinelle/v1/auth/logout", { method: "POST", credentials: "same-origin", headers: csrfHeaders() });
  location.assign(`${BASE}/sign-in/`);
}

function UserMenu() {
  const me = useMe();
  const theme = useThemeChoice();
  const themes: ThemeChoice[] = ["light", "dark", "system"];
  return (
    <Menu.Root lazyMount positioning={{ placement: "bottom-end" }}>
      <Menu.Trigger asChild>
        <chakra.button type="button" title={me.name} rounded="full" cursor="pointer">
          <Avatar.Root aria-hidden size="xs" bg="accent.muted" color="accent.fg"><Avatar.Fallback name={me.name} /></Avatar.Root>
          <chakra.span srOnly>{t("shell.user")}: {me.name}</chakra.span>
        </chakra.button>
      </Menu.Trigger>
      <Portal>
        <Menu.Positioner>
          <Menu.Content minW="15rem">
            <Box px="2" py="1.5" mb="1">
              <Text fontSize="sm" fontWeight="semibold">{me.name}</Text>
              <Text fontSize="xs" color="fg.muted">{me.email ?? me.organization} · {word(me.role)}</Text>
            </Box>
            <Menu.Separator />
            <Menu.RadioItemGroup value={theme} onValueChange={({ value }) => chooseTheme(value as ThemeChoice)}>
              <Menu.ItemGroupLabel fontSize="xs" color="fg.muted">{t("shell.theme")}</Menu.ItemGroupLabel>
              {themes.map((one) => <Menu.RadioItem key={one} value={one}><Menu.ItemIndicator />{t(`shell.theme.${one}`)}</Menu.RadioItem>)}
            </Menu.RadioItemGroup>
            <Menu.Separator />
            <Menu.RadioItemGroup value={timesAreUtc() ? "utc" : "local"} onValueChange={({ value }) => chooseTimes(value === "utc" ? "utc" : "local")}>
              <Menu.ItemGroupLabel fontSize="xs" color="fg.muted">{t("shell.times")}</Menu.ItemGroupLabel>
              <Menu.RadioItem value="local"><Menu.ItemIndicator />{t("shell.times.local")}</Menu.RadioItem>
              <Menu.RadioItem value="utc"><Menu.ItemIndicator />{t("shell.times.utc")}</Menu.RadioItem>
            </Menu.RadioItemGroup>
            <Menu.Separator />
            <Menu.RadioItemGroup value={currentLanguage()} onValueChange={({ value }) => chooseLanguage(value as Language)}>
              <Menu.ItemGroupLabel fontSize="xs" color="fg.muted">{t("shell.language")}</Menu.ItemGroupLabel>
              {Object.entries(LANGUAGES).map(([key, name]) => <Menu.RadioItem key={key} value={key}><Menu.ItemIndicator />{name}</Menu.RadioItem>)}
            </Menu.RadioItemGroup>
            <Menu.Separator />
            <Menu.Item value="security" asChild><NextLink href="/settings/security/">{t("nav.security")}</NextLink></Menu.Item>
            {me.signedInBy === "open" ? null : <Menu.Item value="out" onClick={() => void signOut()}><LogOut size={14} aria-hidden /> {t("shell.signOut")}</Menu.Item>}
          </Menu.Content>
        </Menu.Positioner>
      </Portal>
    </Menu.Root>
  );
}

export function TopBar({ openMenu, openPalette }: { openMenu: () => void; openPalette: () => void }) {
  return (
    <Flex data-chrome as="header" h="14" px={{ base: "3", md: "7" }} gap="3" align="center" position="sticky" top="0" zIndex="docked" bg="bg.panel" borderBottomWidth="1px" borderColor="border">
      <IconAction label={t("shell.menu")} display={{ lg: "none" }} onClick={openMenu}><MenuIcon size={18} aria-hidden /></IconAction>
      <Breadcrumb />
      <HStack gap="1.5" ms="auto">
        <Button size="sm" variant="outline" color="fg.muted" fontWeight="normal" w={{ md: "16rem" }} justifyContent="flex-start" onClick={openPalette} aria-keyshortcuts="Control+K Meta+K">
          <Search size={14} aria-hidden />
          <Text as="span" srOnly={{ base: true, md: false }} flex="1" textAlign="start">{t("shell.search")}</Text>
          <Kbd aria-hidden size="sm" whiteSpace="pre" display={{ base: "none", md: "inline-flex" }}>Ctrl+K</Kbd>
        </Button>
        <NotificationBell />
        <UserMenu />
      </HStack>
    </Flex>
  );
}
