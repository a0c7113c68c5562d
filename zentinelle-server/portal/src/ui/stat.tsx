// One number with its unit and period, what it was before, and where it leads.
"use client";
import { Box, Flex, HStack, Text } from "@chakra-ui/react";
import { ArrowDownRight, ArrowRight, ArrowUpRight } from "lucide-react";
import NextLink from "next/link";
import type { ReactNode } from "react";
import { percent } from "@/lib/format";
import { t } from "@/messages";
import type { Tone } from "./badges";

export function StatCard({ label, value, unit, period, href, tone, trend, children }: {
  label: string;
  value: ReactNode;
  unit?: string;
  /** Over what time the number is counted, such as "7 days"; none for what holds now. */
  period?: string;
  href?: string;
  tone?: Tone;
  /** The value of the span before, and whether more of it is good. */
  trend?: { now: number; before: number; good?: "up" | "down" };
  children?: ReactNode;
}) {
  const inside = (
    <Box bg="bg.panel" borderWidth="1px" borderColor="border" rounded="l3" p="4" h="100%" position="relative" overflow="hidden" transition="border-color .15s" _hover={href ? { borderColor: "accent.border" } : undefined}>
      {tone ? <Box position="absolute" insetY="0" insetStart="0" w="3px" bg={`${tone}.solid`} aria-hidden /> : null}
      <Flex justify="space-between" gap="2">
        <Text fontSize="sm" color="fg.muted">{label}</Text>
        {period ? <Text fontSize="xs" color="fg.subtle" whiteSpace="nowrap">{period}</Text> : null}
      </Flex>
      <HStack align="baseline" gap="1.5" mt="1">
        <Text fontSize="2xl" fontWeight="semibold" letterSpacing="-0.02em" fontVariantNumeric="tabular-nums">{value}</Text>
        {unit ? <Text fontSize="sm" color="fg.muted">{unit}</Text> : null}
      </HStack>
      {trend ? <Trend {...trend} period={period ?? ""} /> : null}
      {children ? <Box mt="2">{children}</Box> : null}
    </Box>
  );
  return href ? <NextLink href={href}>{inside}</NextLink> : inside;
}

function Trend({ now, before, good, period }: { now: number; before: number; good?: "up" | "down"; period: string }) {
  const change = before === 0 ? 0 : (now - before) / before;
  const [Icon, way] = Math.abs(now - before) < 1e-9 ? [ArrowRight, "same"] : now > before ? [ArrowUpRight, "up"] : [ArrowDownRight, "down"];
  const color = way === "same" || !good ? "fg.muted" : way === good ? "good.fg" : "critical.fg";
  const text = way === "same" ? t("trend.same", { period }) : before === 0 ? t("trend.new", { period }) : t("trend.vs", { change: `${change > 0 ? "+" : ""}${percent(change)}`, period });
  return (
    <HStack gap="1" mt="0.5" color={color} fontSize="xs">
      <Icon size={13} aria-hidden /> <Text>{text}</Text>
    </HStack>
  );
}
