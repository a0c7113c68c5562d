// What is due by law, and where that is written.
"use client";
import { Box, Flex, Stack, Text } from "@chakra-ui/react";
import { useQuery } from "@apollo/client/react";
import { day, relative } from "@/lib/format";
import { useNow } from "@/lib/clock";
import { hrefFor } from "@/lib/url";
import { t } from "@/messages";
import { Card, Loaded, NothingState } from "@/ui/page";
import { GoTo } from "@/ui/small";
import { SourceLink } from "./framework";
import { Frameworks } from "./queries";

interface Deadline {
  date: string;
  what: string;
  source: string;
  framework?: { id: string; name: string };
}

export function DeadlineList({ deadlines }: { deadlines: readonly Deadline[] }) {
  const now = useNow(3_600_000);
  const sorted = [...deadlines].sort((a, b) => a.date.localeCompare(b.date));
  return (
    <Stack as="ol" gap="3" listStyleType="none">
      {sorted.map((one, index) => {
        const left = (new Date(one.date).getTime() - now) / 86_400_000;
        return (
          <Flex as="li" key={index} gap="4" fontSize="sm" wrap={{ base: "wrap", md: "nowrap" }}>
            <Box w="8.5rem" flexShrink="0">
              <Text fontWeight="semibold" fontVariantNumeric="tabular-nums" color={left < 0 ? "fg.muted" : left < 90 ? "high.fg" : undefined}>{day(one.date)}</Text>
              <Text fontSize="xs" color="fg.muted">{left < 0 ? t("deadline.past") : relative(one.date, now)}</Text>
            </Box>
            <Box minW="0">
              {one.framework ? <GoTo href={hrefFor("framework", one.framework.id)}>{one.framework.name}</GoTo> : null}
              <Text>{one.what}</Text>
              <Text fontSize="xs" color="fg.muted">{t("compliance.source")}: <SourceLink source={one.source} /></Text>
            </Box>
          </Flex>
        );
      })}
    </Stack>
  );
}

export function Deadlines() {
  const result = useQuery(Frameworks);
  return (
    <Loaded result={result} permission="compliance:read">
      {({ frameworks }) => {
        const all = frameworks.flatMap((framework) => framework.deadlines.map((one) => ({ ...one, framework })));
        return <Card title={t("compliance.deadlines")}>{all.length === 0 ? <NothingState title={t("deadline.none")} /> : <DeadlineList deadlines={all} />}</Card>;
      }}
    </Loaded>
  );
}
