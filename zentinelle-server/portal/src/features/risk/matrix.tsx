// Open risks by likelihood and impact; a cell filters the register below it.
"use client";
import { Box, chakra, Flex, Grid, HStack, Text } from "@chakra-ui/react";
import { useQuery } from "@apollo/client/react";
import { useUrlState } from "@/lib/url";
import { t } from "@/messages";
import { Card, Loaded } from "@/ui/page";
import { StatusBadge } from "@/ui/badges";
import { Matrix } from "./queries";
import { BANDS, FACTORS, factorName, levelOf } from "./scale";

export function RiskMatrix() {
  const url = useUrlState();
  const result = useQuery(Matrix);
  const at = { likelihood: Number(url.get("likelihood")), impact: Number(url.get("impact")) };
  return (
    <Card title={t("risk.matrix")} actions={<HStack gap="2" wrap="wrap">{BANDS.map(([level, from, to]) => <StatusBadge key={level} value={level} label={`${from}–${to}`} />)}</HStack>}>
      <Loaded result={result}>
        {({ riskMatrix }) => (
          <Box overflowX="auto" position="relative" tabIndex={0} role="group" aria-label={t("risk.matrix")}>
            <Text fontSize="xs" color="fg.muted" mb="2">{t("risk.matrix.help")}</Text>
            <Grid templateColumns="6.5rem repeat(5, minmax(4.2rem, 1fr))" gap="1.5" minW="30rem" role="grid" aria-label={t("risk.matrix")}>
              {[...FACTORS].reverse().map((impact) => (
                <Box key={impact} display="contents" role="row">
                  <Flex align="center" fontSize="xs" color="fg.muted" role="rowheader" gap="1"><Text as="span" fontWeight="semibold" color="fg">{impact}</Text> {factorName(impact)}</Flex>
                  {FACTORS.map((likelihood) => {
                    const cell = riskMatrix.find((one) => one.likelihood === likelihood && one.impact === impact);
                    const count = cell?.count ?? 0;
                    const chosen = at.likelihood === likelihood && at.impact === impact;
                    const level = count > 0 ? levelOf(cell?.highest ?? 1) : undefined;
                    return (
                      <Box key={likelihood} role="gridcell">
                        <chakra.button type="button" w="100%" h="3.25rem" rounded="l2" borderWidth={chosen ? "2px" : "1px"} borderColor={chosen ? "accent.solid" : level ? `${level}.solid` : "border"}
                          bg={level ? `${level}.bg` : "bg.subtle"} color={level ? `${level}.fg` : "fg.subtle"} cursor={count > 0 ? "pointer" : "default"} disabled={count === 0} aria-pressed={chosen}
                          onClick={() => url.set(chosen ? { likelihood: null, impact: null, after: null, before: null } : { likelihood, impact, after: null, before: null })}>
                          <chakra.span srOnly>{t("risk.matrix.cell", { likelihood: factorName(likelihood), impact: factorName(impact) })}</chakra.span>
                          {count > 0 ? (
                            <>
                              <Text fontSize="md" fontWeight="semibold" lineHeight="1.2">{count}</Text>
                              <Text fontSize="2xs">{t("risk.matrix.upTo", { score: cell?.highest ?? 0 })}</Text>
                            </>
                          ) : <span>0</span>}
                        </chakra.button>
                      </Box>
                    );
                  })}
                </Box>
              ))}
              <Box display="contents" role="row">
                <Text fontSize="2xs" color="fg.subtle" role="rowheader">{t("risk.matrix.axes")}</Text>
                {FACTORS.map((likelihood) => <Text key={likelihood} role="columnheader" fontSize="xs" textAlign="center" color="fg.muted"><Text as="span" fontWeight="semibold" color="fg">{likelihood}</Text> {factorName(likelihood)}</Text>)}
              </Box>
            </Grid>
          </Box>
        )}
      </Loaded>
    </Card>
  );
}
