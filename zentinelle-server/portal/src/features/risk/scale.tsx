// The one scale of the register: 1, 2, 3, 5, 8; a score is severity x likelihood x impact.
"use client";
import { HStack, SimpleGrid, Text } from "@chakra-ui/react";
import { type MessageKey, t } from "@/messages";
import { StatusBadge } from "@/ui/badges";
import { ChoiceField } from "@/ui/dialogs";

export const FACTORS = [1, 2, 3, 5, 8] as const;
export const RISK_STATUSES = ["identified", "assessed", "mitigating", "accepted", "transferred", "closed"];
export const BANDS = [["low", 1, 17], ["medium", 18, 74], ["high", 75, 199], ["critical", 200, 512]] as const;

export function levelOf(score: number): "low" | "medium" | "high" | "critical" {
  return score >= 200 ? "critical" : score >= 75 ? "high" : score >= 18 ? "medium" : "low";
}

export function factorName(value: number): string {
  return (FACTORS as readonly number[]).includes(value) ? t(`risk.factor.${value}` as MessageKey) : String(value);
}

export function Score({ score, level }: { score: number | null | undefined; level?: string | null }) {
  if (score === null || score === undefined) return <>–</>;
  const known = level ?? levelOf(score);
  return (
    <HStack gap="2" display="inline-flex">
      <Text as="span" fontWeight="semibold" fontVariantNumeric="tabular-nums" minW="7" textAlign="end">{score}</Text>
      <StatusBadge value={known} />
    </HStack>
  );
}

export interface Factors {
  severity: string;
  likelihood: string;
  impact: string;
}

export function scoreOf({ severity, likelihood, impact }: Factors): number | undefined {
  return severity && likelihood && impact ? Number(severity) * Number(likelihood) * Number(impact) : undefined;
}

/** The three factors, and the score they give while one chooses. */
export function FactorFields({ value, set, residual = false }: { value: Factors; set: (value: Factors) => void; residual?: boolean }) {
  const choices = FACTORS.map((one) => ({ value: String(one), label: `${one} · ${factorName(one)}` }));
  const score = scoreOf(value);
  const field = (name: keyof Factors) => (
    <ChoiceField key={name} name={residual ? `residual_${name}` : name} label={t(`risk.${name}`)} value={value[name]} empty={residual ? t("risk.asBefore") : undefined} choices={choices} set={(next) => set({ ...value, [name]: next })} />
  );
  return (
    <>
      <SimpleGrid columns={{ base: 1, sm: 3 }} gap="3">{field("severity")}{field("likelihood")}{field("impact")}</SimpleGrid>
      <HStack fontSize="sm" color="fg.muted" aria-live="polite">
        <Text>{residual ? t("risk.residualScore") : t("risk.score")}</Text>
        {score === undefined ? <Text>{t("risk.notSet")}</Text> : <Score score={score} />}
        <Text fontSize="xs">{t("risk.scoreOf")}</Text>
      </HStack>
    </>
  );
}
