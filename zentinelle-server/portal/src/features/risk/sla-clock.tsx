// The clock of an incident's service level.
"use client";
import { HStack, Text } from "@chakra-ui/react";
import { useNow } from "@/lib/clock";
import { relative } from "@/lib/format";
import { t, word } from "@/messages";
import { StatusBadge } from "@/ui/badges";
import { Countdown } from "@/ui/small";

/** How the service level stands: time left while it is open, and by how much it was missed. */
export function SlaClock({ status, due, resolvedAt }: { status: string | null | undefined; due: string | null | undefined; resolvedAt: string | null | undefined }) {
  const now = useNow();
  if (!due && !status) return <>–</>;
  const running = !resolvedAt && due;
  const over = !!due && new Date(due).getTime() < now;
  return (
    <HStack gap="2" display="inline-flex">
      <StatusBadge value={status ?? "unknown"} label={t("incident.sla.is", { status: word(status) })} />
      {running ? <Text as="span" fontSize="xs" color={over ? "critical.fg" : "fg.muted"} whiteSpace="nowrap">
        {over ? t("incident.sla.missed", { when: relative(due, now) }) : <>{t("incident.sla.left")} <Countdown until={due} over={t("incident.sla.over")} /></>}
      </Text> : null}
    </HStack>
  );
}
