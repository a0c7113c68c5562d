// What the list of agents and the page of one share, besides the dialogs.
"use client";
import { useApolloClient, useMutation } from "@apollo/client/react";
import { Box, HStack, Text } from "@chakra-ui/react";
import { attempt } from "@/lib/outcome";
import { t } from "@/messages";
import { tell } from "@/ui/toasts";
import { ActivateAgent } from "./queries";

export interface AgentFacts {
  id: string;
  agentId: string;
  name: string;
  agentType: string;
  status: string;
  capabilities?: unknown;
  metadata?: unknown;
  agentGroup?: { id: string; name: string } | null;
}

/** Asks the server again for all that is shown. */
export function useAgain() {
  const client = useApolloClient();
  return () => client.refetchQueries({ include: "active" });
}

export function GroupName({ group }: { group: { name: string; color: string } | null | undefined }) {
  if (!group) return <Text as="span" color="fg.muted">–</Text>;
  return <HStack gap="1.5" display="inline-flex"><Box w="2" h="2" rounded="full" style={{ background: group.color }} aria-hidden />{group.name}</HStack>;
}

export function useActivate() {
  const again = useAgain();
  const [activate] = useMutation(ActivateAgent);
  return async (agent: AgentFacts) => {
    const { success, problems } = await attempt(async () => (await activate({ variables: { id: agent.id } })).data?.activateAgentEndpoint);
    if (success) tell.done(t("agents.activated", { name: agent.name }));
    else tell.failed(t("form.error"), problems[0]?.message);
    void again();
  };
}
