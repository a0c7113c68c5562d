// A control: its status, why, what shows it, and what would close the gap.
"use client";
import { Box, chakra, Flex, HStack, Stack, Text, Wrap } from "@chakra-ui/react";
import { ChevronDown, ChevronRight, CircleCheck, CircleX } from "lucide-react";
import { May } from "@/lib/session";
import { hrefFor, useUrlState } from "@/lib/url";
import { t, word } from "@/messages";
import { StatusBadge, Tag } from "@/ui/badges";
import { CopyButton, GoButton, GoTo, RelativeTime } from "@/ui/small";
import type { FrameworkQuery } from "./gql/graphql";

type ControlRow = NonNullable<FrameworkQuery["framework"]>["controls"][number];
const RECORDS = ["policy", "decision", "incident", "alert", "risk", "agent", "approval"];

/** Where a policy that closes a gap is begun. */
export function newPolicyHref(policyType: string): string {
  return `/policies/edit/?type=${encodeURIComponent(policyType)}`;
}

export function Control({ control }: { control: ControlRow }) {
  const url = useUrlState();
  const open = url.get("control") === control.id;
  const panel = `control-${control.id}`;
  return (
    <Box borderBottomWidth="1px" borderColor="border.muted" id={`at-${control.id}`}>
      <chakra.button type="button" w="100%" textAlign="start" px="4" py="2.5" cursor="pointer" _hover={{ bg: "bg.subtle" }} aria-expanded={open} aria-controls={panel} onClick={() => url.set({ control: open ? null : control.id })}>
        <Flex gap="3" align="center" wrap={{ base: "wrap", md: "nowrap" }}>
          <Box color="fg.muted" flexShrink="0">{open ? <ChevronDown size={15} aria-hidden /> : <ChevronRight size={15} aria-hidden />}</Box>
          <Text fontFamily="mono" fontSize="xs" color="fg.muted" minW="5.5rem">{control.id}</Text>
          <Text flex="1" minW="10rem" fontSize="sm" fontWeight="medium">{control.title}</Text>
          {control.required ? null : <Tag>{t("compliance.recommended")}</Tag>}
          <Text fontSize="xs" color="fg.muted" whiteSpace="nowrap">{t("compliance.evidenceCount", { count: control.evidence.length })}</Text>
          <StatusBadge value={control.status} />
        </Flex>
      </chakra.button>
      {open ? (
        <Stack id={panel} gap="4" px={{ base: "4", md: "12" }} pb="4" pt="1" fontSize="sm">
          <Stack gap="0.5"><Text fontSize="xs" fontWeight="semibold" color="fg.muted">{t("compliance.why")}</Text><Text>{control.why || "–"}</Text></Stack>
          <Stack gap="1.5">
            <Text fontSize="xs" fontWeight="semibold" color="fg.muted">{t("compliance.evidence")}</Text>
            {control.evidence.length === 0 ? <Text color="fg.muted">{t("compliance.noEvidence")}</Text> : control.evidence.map((one, index) => (
              <HStack key={index} gap="2.5" align="flex-start" wrap="wrap">
                <Box color={one.supports ? "good.fg" : "critical.fg"} pt="0.5">{one.supports ? <CircleCheck size={15} aria-label={t("compliance.supports")} /> : <CircleX size={15} aria-label={t("compliance.against")} />}</Box>
                <Tag>{word(one.kind)}</Tag>
                <Text flex="1" minW="12rem">{one.summary}</Text>
                {one.reference ? RECORDS.includes(one.kind) ? <GoTo href={hrefFor(one.kind, one.reference)}>{t("common.open")}</GoTo> : <HStack gap="1"><Text as="code" fontSize="xs" wordBreak="break-all">{one.reference}</Text><CopyButton text={one.reference} /></HStack> : null}
                {one.observedAt ? <Text color="fg.muted" fontSize="xs"><RelativeTime at={one.observedAt} /></Text> : null}
              </HStack>
            ))}
          </Stack>
          {control.status === "met" || !control.advice ? null : (
            <Stack gap="1.5" bg="bg.subtle" rounded="l2" p="3" borderInlineStartWidth="3px" borderColor="accent.solid">
              <Text fontSize="xs" fontWeight="semibold" color="fg.muted">{t("compliance.advice")}</Text>
              <Text>{control.advice}</Text>
              <May permission="policies:write"><Wrap gap="2">{control.policyTypes.map((one) => <GoButton key={one} size="xs" variant="outline" href={newPolicyHref(one)}>{t("compliance.addPolicy", { type: word(one) })}</GoButton>)}</Wrap></May>
            </Stack>
          )}
        </Stack>
      ) : null}
    </Box>
  );
}
