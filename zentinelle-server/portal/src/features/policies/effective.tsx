"use client";
import { useQuery } from "@apollo/client/react";
import { Box, Flex, HStack, Stack, Text } from "@chakra-ui/react";
import { useState } from "react";
import { useUrlState } from "@/lib/url";
import { t, word } from "@/messages";
import { StatusBadge } from "@/ui/badges";
import { ChoiceField, TextField } from "@/ui/dialogs";
import { Card, Loaded, NothingState, Page } from "@/ui/page";
import { GoTo } from "@/ui/small";
import { AgentChoices, EffectiveLadder } from "./queries";
import { scopeWords } from "./words";

/** The ladder of one agent and user: also part of the agent's page. */
export function Ladder({ endpointId, userId }: { endpointId: string | null; userId?: string | null }) {
  const result = useQuery(EffectiveLadder, { variables: { endpointId, userId: userId || null } });
  return (
    <Loaded result={result} permission="policies:read">
      {({ effectiveLadder }) => effectiveLadder.length === 0 ? <NothingState title={t("effective.none")} text={t("effective.none.text")} /> : (
        <Stack gap="4">
          <Text fontSize="sm" color="fg.muted">{t("effective.order")}</Text>
          {effectiveLadder.map((ladder) => (
            <Card key={ladder.policyType} title={word(ladder.policyType)}>
              <Stack as="ol" gap="0" listStyleType="none">
                {ladder.rungs.map((rung, index) => {
                  const takesPart = rung.wins || rung.floor;
                  return (
                    <Flex as="li" key={rung.policy.id} gap="3" ps={{ base: `${index * 8}px`, md: `${index * 22}px` }}>
                      <Stack gap="0" align="center" flexShrink="0" aria-hidden>
                        <Box w="2.5" h="2.5" mt="1.5" rounded="full" borderWidth="2px" borderColor={takesPart ? "accent.solid" : "border.emphasized"} bg={takesPart ? "accent.solid" : "transparent"} />
                        {index < ladder.rungs.length - 1 ? <Box w="2px" flex="1" bg="border" minH="5" /> : null}
                      </Stack>
                      <Box pb={index < ladder.rungs.length - 1 ? "4" : "0"} minW="0">
                        <HStack gap="2" wrap="wrap">
                          <GoTo href={`/policies/detail/?id=${rung.policy.id}`} color={takesPart ? "fg" : "fg.muted"} textDecoration={takesPart ? undefined : "line-through"}>{rung.policy.name}</GoTo>
                          {rung.wins ? <StatusBadge value="met" label={t("effective.wins")} /> : rung.floor ? <StatusBadge value="audit" label={t("effective.floor")} /> : <StatusBadge value="disabled" label={t("effective.displaced")} />}
                          <StatusBadge value={rung.policy.enforcement} />
                        </HStack>
                        <Text fontSize="sm" color="fg.muted">{scopeWords(rung.policy)} · {t("policies.priority")} {rung.policy.priority} · {rung.why}</Text>
                      </Box>
                    </Flex>
                  );
                })}
              </Stack>
            </Card>
          ))}
        </Stack>
      )}
    </Loaded>
  );
}

export function EffectivePolicies() {
  const url = useUrlState();
  const agents = useQuery(AgentChoices, { variables: { search: null } });
  const [user, setUser] = useState(url.get("user") ?? "");
  return (
    <Page title={t("nav.effective")} lead={t("effective.lead")} permission="policies:read">
      <Card>
        <form onSubmit={(event) => { event.preventDefault(); url.set({ user }); }}>
          <Flex gap="4" direction={{ base: "column", md: "row" }} maxW="44rem">
            <ChoiceField name="agent" label={t("effective.agent")} value={url.get("agent") ?? ""} set={(value) => url.set({ agent: value })} empty={t("effective.agent.any")} choices={(agents.data?.agentsPage.nodes ?? []).map((one) => ({ value: one.id, label: one.name }))} />
            <Box w="100%" onBlur={() => url.set({ user })}><TextField name="user" label={`${t("effective.user")} (${t("common.optional")})`} value={user} set={setUser} placeholder="ines@example.com" /></Box>
          </Flex>
        </form>
      </Card>
      <Ladder endpointId={url.get("agent")} userId={url.get("user")} />
    </Page>
  );
}
