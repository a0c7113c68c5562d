// Failure mode and effects: the register by score, its three factors side by side, and the scale they stand on.
"use client";
import { Box, HStack, SimpleGrid, Stack, Text } from "@chakra-ui/react";
import { once } from "@/lib/once";
import { hrefFor } from "@/lib/url";
import { t, word } from "@/messages";
import { StatusBadge } from "@/ui/badges";
import { Card } from "@/ui/page";
import { type Column, DataTable } from "@/ui/table";
import { Risks } from "./queries";
import { BY_SCORE, riskFilters, type RiskOfList, useRiskActions } from "./register";
import { BANDS, FACTORS, factorName, Score } from "./scale";

const factor = (key: "severity" | "likelihood" | "impact", letter: string): Column<RiskOfList> => ({
  key, label: letter, numeric: true, sort: key, value: (row) => row[key],
  cell: (row) => <Text as="span" title={factorName(row[key])}>{row[key]}</Text>,
});

const columns = once((): readonly Column<RiskOfList>[] => [
  { key: "name", label: t("fmea.mode"), cell: (row) => row.name, sort: "name", width: "24%" },
  { key: "effect", label: t("fmea.effect"), cell: (row) => <Text lineClamp={2} fontSize="sm" color="fg.muted">{row.description}</Text>, value: (row) => row.description },
  { key: "category", label: t("risk.category"), cell: (row) => word(row.category) },
  factor("severity", t("fmea.s")), factor("likelihood", t("fmea.l")), factor("impact", t("fmea.i")),
  { key: "riskScore", label: t("fmea.rpn"), cell: (row) => <Score score={row.riskScore} level={row.riskLevel} />, value: (row) => row.riskScore, sort: "riskScore" },
  { key: "plan", label: t("risk.plan"), cell: (row) => <Text lineClamp={2} fontSize="sm" color="fg.muted">{row.mitigationPlan || t("fmea.noPlan")}</Text>, value: (row) => row.mitigationPlan },
  { key: "residualRiskScore", label: t("fmea.after"), cell: (row) => <Score score={row.residualRiskScore} level={row.residualRiskLevel} />, value: (row) => row.residualRiskScore },
]);

export function Fmea() {
  const { actions, dialogs } = useRiskActions();
  return (
    <Stack gap="4">
      <Card title={t("fmea.scale")}>
        <SimpleGrid columns={{ base: 1, lg: 2 }} gap="4">
          <HStack gap="4" wrap="wrap" fontSize="sm">
            {FACTORS.map((value) => <Text key={value}><Text as="span" fontWeight="semibold">{value}</Text> <Text as="span" color="fg.muted">{factorName(value)}</Text></Text>)}
          </HStack>
          <HStack gap="2" wrap="wrap">{BANDS.map(([level, from, to]) => <StatusBadge key={level} value={level} label={`${word(level)} ${from}–${to}`} />)}</HStack>
        </SimpleGrid>
        <Text fontSize="sm" color="fg.muted" mt="3">{t("fmea.explained")}</Text>
      </Card>
      <Box>
        <DataTable name="fmea" label={t("fmea.label")} document={Risks} select={(data) => data.risksPage} rowId={(row) => row.id} rowName={(row) => row.name} rowHref={(row) => hrefFor("risk", row.id)}
          columns={columns()} filters={riskFilters()} sort={BY_SCORE} rowActions={actions} permission="risks:read" empty={{ title: t("risk.none"), text: t("risk.none.text") }} />
      </Box>
      {dialogs}
    </Stack>
  );
}
