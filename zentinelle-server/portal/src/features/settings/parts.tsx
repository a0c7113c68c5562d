// The settings' own menu, above each of their pages.
"use client";
import { chakra, HStack } from "@chakra-ui/react";
import NextLink from "next/link";
import { usePathname } from "next/navigation";
import type { ReactNode } from "react";
import { SETTINGS } from "@/features/shell/pages";
import { useMay } from "@/lib/session";
import { t } from "@/messages";
import { Page } from "@/ui/page";

export function SettingsPage(props: { title: string; lead: ReactNode; permission: string; actions?: ReactNode; children: ReactNode }) {
  const path = usePathname();
  const may = useMay();
  return (
    <>
      <chakra.nav aria-label={t("settings.nav")} borderBottomWidth="1px" borderColor="border" bg="bg.panel" px={{ base: "2", md: "5" }} overflowX="auto">
        <HStack gap="0" minW="max-content" as="ul" listStyleType="none">
          {SETTINGS.filter((page) => may(page.permission)).map((page) => {
            const here = path === page.href;
            return (
              <chakra.li key={page.href}>
                <chakra.span asChild display="block" px="3" py="2.5" fontSize="sm" fontWeight={here ? "semibold" : "medium"} color={here ? "accent.fg" : "fg.muted"} borderBottomWidth="2px" borderColor={here ? "accent.solid" : "transparent"} _hover={{ color: "fg" }}>
                  <NextLink href={page.href} aria-current={here ? "page" : undefined}>{t(page.name)}</NextLink>
                </chakra.span>
              </chakra.li>
            );
          })}
        </HStack>
      </chakra.nav>
      <Page {...props} />
    </>
  );
}

/** "a, b" as ["a", "b"]. */
export function listOf(text: string): string[] {
  return text.split(",").map((one) => one.trim()).filter(Boolean);
}

export function textOf(list: unknown): string {
  return Array.isArray(list) ? (list as unknown[]).join(", ") : "";
}
