// Where a policy is written: choosing its type, then the form and the text, which are loaded when needed.
"use client";
import { useQuery } from "@apollo/client/react";
import { Box, chakra, Skeleton, Text } from "@chakra-ui/react";
import dynamic from "next/dynamic";
import { useUrlState } from "@/lib/url";
import { t, word } from "@/messages";
import { Grid, Loaded, MissingState, Page } from "@/ui/page";
import type { Draft } from "./draft";
import type { PolicyQuery } from "./gql/graphql";
import { Policy, PolicyOptions } from "./queries";

const Writing = dynamic(() => import("./writing").then((made) => made.Writing), { ssr: false, loading: () => <Skeleton h="24rem" m="7" rounded="l3" /> });

type Kept = NonNullable<PolicyQuery["policy"]>;

export function PolicyEdit() {
  const url = useUrlState();
  const [id, type] = [url.get("id"), url.get("type")];
  const result = useQuery(Policy, { variables: { id: id ?? "" }, skip: !id, fetchPolicy: "network-only" });
  if (!id) return type ? <Writing key={type} start={emptyDraft(type, url.get("name") ?? "")} /> : <ChooseType />;
  return (
    <Loaded result={result} waiting={<Page title={t("nav.policies")} permission="policies:write">{null}</Page>}>
      {({ policy }) => (policy ? <Writing key={policy.id} start={draftOf(policy)} kept={policy} /> : <Page title={t("nav.policies")}><MissingState /></Page>)}
    </Loaded>
  );
}

function draftOf(policy: Kept): Draft {
  return { ...policy, scopeTarget: policy.scopeId, config: (policy.config ?? {}) as Record<string, unknown> };
}

/** The types there are, by what they are about. */
function ChooseType() {
  const result = useQuery(PolicyOptions);
  const url = useUrlState();
  return (
    <Page title={t("policies.edit.new")} lead={t("policies.edit.choose.text")} permission="policies:write">
      <Loaded result={result}>
        {({ policyOptions }) => {
          const types = policyOptions?.policyTypes ?? [];
          const categories = [...new Set(types.map((one) => one.category ?? ""))];
          return categories.map((category) => (
            <Box key={category} as="section">
              <Text as="h2" fontSize="sm" fontWeight="semibold" color="fg.muted" mb="2">{word(category)}</Text>
              <Grid gap="3" gridTemplateColumns="repeat(auto-fill, minmax(min(100%, 17rem), 1fr))">
                {types.filter((one) => (one.category ?? "") === category).map((one) => (
                  <chakra.button key={one.value} type="button" display="flex" flexDirection="column" alignItems="flex-start" textAlign="start" bg="bg.panel" borderWidth="1px" borderColor="border" rounded="l3" p="4" cursor="pointer" _hover={{ borderColor: "accent.border" }} onClick={() => url.set({ type: one.value }, "push")}>
                    <Text fontWeight="semibold" fontSize="sm">{word(one.value)}</Text>
                    <Text fontSize="sm" color="fg.muted" mt="1">{one.description}</Text>
                  </chakra.button>
                ))}
              </Grid>
            </Box>
          ));
        }}
      </Loaded>
    </Page>
  );
}

function emptyDraft(policyType: string, name: string): Draft {
  return { name, description: "", policyType, scopeType: "organization", scopeTarget: "", enforcement: "audit", priority: 0, enabled: true, config: {} };
}
