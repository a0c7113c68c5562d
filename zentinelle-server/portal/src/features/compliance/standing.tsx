// How the controls of a framework stand, as a bar and in numbers.
"use client";
import { Box, Flex, HStack, Text } from "@chakra-ui/react";
import { percent } from "@/lib/format";
import { t } from "@/messages";

interface Counts {
  met: number;
  partial: number;
  notMet: number;
  notAssessed: number;
}

const PARTS = [["met", "good.solid"], ["partial", "medium.solid"], ["notMet", "critical.solid"], ["notAssessed", "quiet.solid"]] as const;

export function totalOf(counts: Counts): number {
  return counts.met + counts.partial + counts.notMet + counts.notAssessed;
}

/** Met controls of all, in words: a control nobody could assess is not met. */
export function metShare(counts: Counts): string {
  const total = totalOf(counts);
  return total === 0 ? "–" : percent(counts.met / total);
}

export function Standing({ counts }: { counts: Counts }) {
  const total = Math.max(1, totalOf(counts));
  return (
    <Box>
      <Flex h="2.5" rounded="full" overflow="hidden" bg="bg.muted" gap="2px" aria-hidden>
        {PARTS.map(([key, color]) => (counts[key] > 0 ? <Box key={key} w={`${(counts[key] / total) * 100}%`} bg={color} /> : null))}
      </Flex>
      <HStack gap="3" mt="2" fontSize="xs" wrap="wrap">
        {PARTS.map(([key, color]) => (
          <HStack key={key} gap="1"><Box boxSize="2" rounded="full" bg={color} aria-hidden /><Text fontWeight="semibold" fontVariantNumeric="tabular-nums">{counts[key]}</Text><Text color="fg.muted">{t(`compliance.${key}`)}</Text></HStack>
        ))}
      </HStack>
    </Box>
  );
}
