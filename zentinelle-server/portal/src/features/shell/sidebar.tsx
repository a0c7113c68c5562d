// The menu: groups of pages, folded to icons on wish, a drawer on a phone.
"use client";
import { Box, chakra, Flex, Stack, Text } from "@chakra-ui/react";
import { useQuery } from "@apollo/client/react";
import { PanelLeftClose, PanelLeftOpen } from "lucide-react";
import NextLink from "next/link";
import { usePathname } from "next/navigation";
import { useMay } from "@/lib/session";
import { t } from "@/messages";
import { IconAction } from "@/ui/small";
import { MENU, type PageEntry } from "./pages";
import { Waiting } from "./queries";

export function Mark({ size = 26 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden>
      <path d="M16 2 28 6.500v8.700C28 22.600 22.900 27.900 16 30 9.100 27.900 4 22.600 4 15.200V6.500Z" fill="#0e7c86" />
      <path d="M10.500 10.500h11v2.200l-7.100 8h7.100v2.300h-11.200v-2.200l7.100-8h-6.900Z" fill="#fff" />
    </svg>
  );
}

function Entry({ page, here, folded, count, leave }: { page: PageEntry; here: boolean; folded: boolean; count: number; leave?: () => void }) {
  const Icon = page.icon;
  const name = t(page.name);
  return (
    <chakra.li listStyleType="none">
      <Flex asChild align="center" gap="3" px="2.5" h="9" rounded="l2" fontSize="sm" position="relative" justify={folded ? "center" : undefined}
        color={here ? "accent.fg" : "fg.muted"} bg={here ? "accent.subtle" : undefined} fontWeight={here ? "semibold" : "medium"} _hover={{ bg: here ? "accent.subtle" : "bg.muted", color: here ? undefined : "fg" }}>
        <NextLink href={page.href} aria-current={here ? "page" : undefined} title={folded ? name : undefined} onClick={leave}>
          <Icon size={17} strokeWidth={1.8} aria-hidden />
          {folded ? <chakra.span srOnly>{name}</chakra.span> : <Text as="span" flex="1" truncate>{name}</Text>}
          {count > 0 ? (
            <Box as="span" fontSize="2xs" fontWeight="semibold" fontVariantNumeric="tabular-nums" px="1.5" minW="5" textAlign="center" rounded="full" bg="high.bg" color="high.fg" {...(folded ? { position: "absolute", top: "0", insetEnd: "0" } : {})}>
              {count > 99 ? "99+" : count}
            </Box>
          ) : null}
        </NextLink>
      </Flex>
    </chakra.li>
  );
}

export function Menu({ folded, leave }: { folded: boolean; leave?: () => void }) {
  const path = usePathname();
  const may = useMay();
  const { data } = useQuery(Waiting, { pollInterval: 30_000, skip: !may("approvals:read") || !may("alerts:read") });
  const counts = { approvals: data?.approvals.totalCount ?? 0, alerts: data?.alerts.totalCount ?? 0 };
  const isHere = (href: string) => (href === "/" ? path === "/" : path.startsWith(href.replace(/\/$/, "")));
  return (
    <Stack as="nav" aria-label={t("nav.label")} gap="4" px={folded ? "2" : "3"} pb="4">
      {MENU.map((group) => {
        const pages = group.pages.filter((page) => may(page.permission));
        if (pages.length === 0) return null;
        return (
          <Box key={group.name}>
            {folded ? null : <Text px="2.5" mb="1" fontSize="2xs" fontWeight="semibold" letterSpacing="0.06em" textTransform="uppercase" color="fg.subtle">{t(group.name)}</Text>}
            <Stack as="ul" gap="0.5">
              {pages.map((page) => <Entry key={page.href} page={page} here={isHere(page.href)} folded={folded} count={page.badge ? counts[page.badge] : 0} leave={leave} />)}
            </Stack>
          </Box>
        );
      })}
    </Stack>
  );
}

export function Sidebar({ folded, fold }: { folded: boolean; fold: () => void }) {
  return (
    <Flex data-chrome direction="column" display={{ base: "none", lg: "flex" }} w={folded ? "14" : "14.5rem"} flexShrink="0" h="100dvh" position="sticky" top="0" bg="bg.panel" borderEndWidth="1px" borderColor="border" transition="width .15s">
      <Flex h="14" align="center" gap="2.5" px={folded ? "0" : "4"} justify={folded ? "center" : undefined} flexShrink="0">
        <Mark />
        {folded ? null : <Text fontWeight="semibold" letterSpacing="-0.01em">{t("app.name")}</Text>}
      </Flex>
      <Box flex="1" overflowY="auto" pt="2"><Menu folded={folded} /></Box>
      <Flex p="2" justify={folded ? "center" : "flex-end"} borderTopWidth="1px" borderColor="border">
        <IconAction label={folded ? t("shell.expand") : t("shell.collapse")} aria-expanded={!folded} onClick={fold}>
          {folded ? <PanelLeftOpen size={16} aria-hidden /> : <PanelLeftClose size={16} aria-hidden />}
        </IconAction>
      </Flex>
    </Flex>
  );
}
