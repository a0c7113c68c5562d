"use client";
import { useQuery } from "@apollo/client/react";
import { Box, Flex, HStack, Stack, Text } from "@chakra-ui/react";
import { Check, TriangleAlert } from "lucide-react";
import { May } from "@/lib/session";
import { t, word } from "@/messages";
import { StatusBadge, Tag } from "@/ui/badges";
import { Card, Grid, Loaded, Page } from "@/ui/page";
import { GoButton, GoTo } from "@/ui/small";
import { StatCard } from "@/ui/stat";
import { PolicyHealthOf } from "./queries";

export function PolicyHealth() {
  const result = useQuery(PolicyHealthOf, { fetchPolicy: "cache-and-network" });
  return (
    <Page title={t("nav.health")} lead={t("health.lead")} permission="policies:read">
      <Loaded result={result}>
        {({ policyHealth: { covered, missingTypes, conflicts, broken } }) => (
          <>
            <Grid min="13rem">
              <StatCard label={t("health.coverage")} value={covered.filter((one) => one.count > 0).length} unit={`${t("health.of", { count: covered.filter((one) => !missingTypes.includes(one.key)).length + missingTypes.length })} ${t("health.types")}`} />
              <StatCard label={t("health.conflicts")} value={conflicts.length} tone={conflicts.length > 0 ? "medium" : "good"} />
              <StatCard label={t("health.broken")} value={broken.length} tone={broken.length > 0 ? "critical" : "good"} />
            </Grid>
            <Box display="grid" gap="4" gridTemplateColumns={{ base: "minmax(0,1fr)", lg: "minmax(0,1fr) minmax(0,1fr)" }} alignItems="start">
              <Stack gap="4">
                <Card title={t("health.conflicts")}>
                  {conflicts.length === 0 ? <Fine text={t("health.conflicts.none")} /> : (
                    <Stack gap="3" as="ul" listStyleType="none">
                      {conflicts.map((one, index) => (
                        <Box as="li" key={index} fontSize="sm">
                          <Text>{one.message}</Text>
                          <HStack gap="3" mt="1" wrap="wrap">{one.policies.map((policy) => <GoTo key={policy.id} href={`/policies/detail/?id=${policy.id}`}>{policy.name}</GoTo>)}<Tag fontFamily="mono">{one.code}</Tag></HStack>
                        </Box>
                      ))}
                    </Stack>
                  )}
                </Card>
                <Card title={t("health.broken")}>
                  {broken.length === 0 ? <Fine text={t("health.broken.none")} /> : (
                    <Stack gap="2" fontSize="sm">
                      <HStack color="critical.fg"><TriangleAlert size={15} aria-hidden /><Text>{t("health.broken.text")}</Text></HStack>
                      {broken.map((one) => <HStack key={one.id}><GoTo href={`/policies/edit/?id=${one.id}`}>{one.name}</GoTo><Tag>{word(one.policyType)}</Tag></HStack>)}
                    </Stack>
                  )}
                </Card>
              </Stack>
              <Card title={t("health.coverage")}>
                <Stack gap="1.5" as="ul" listStyleType="none">
                  {[...covered.filter((one) => one.count > 0), ...missingTypes.map((key) => ({ key, label: key, count: 0 }))].map((one) => (
                    <Flex as="li" key={one.key} justify="space-between" align="center" fontSize="sm" minH="8">
                      <Text>{word(one.key)}</Text>
                      {one.count > 0 ? <StatusBadge value="met" label={t("health.covered", { count: one.count })} /> : (
                        <HStack>
                          <StatusBadge value="unknown" label={t("health.missing")} />
                          <May permission="policies:write"><GoButton href={`/policies/edit/?type=${one.key}`} size="2xs" variant="outline">{t("common.create")}</GoButton></May>
                        </HStack>
                      )}
                    </Flex>
                  ))}
                </Stack>
              </Card>
            </Box>
          </>
        )}
      </Loaded>
    </Page>
  );
}

function Fine({ text }: { text: string }) {
  return <HStack fontSize="sm" color="good.fg"><Check size={15} aria-hidden /><Text>{text}</Text></HStack>;
}
