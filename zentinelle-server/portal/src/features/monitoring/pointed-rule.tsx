// The rule that decided, as it stands in the policy, beside the part of the input it is about.
"use client";
import { HStack, SimpleGrid, Stack, Text } from "@chakra-ui/react";
import { useQuery } from "@apollo/client/react";
import { useMay } from "@/lib/session";
import { hrefFor } from "@/lib/url";
import { t, word } from "@/messages";
import { StatusBadge } from "@/ui/badges";
import { Card } from "@/ui/page";
import { GoTo, JsonText, Told } from "@/ui/small";
import type { DecisionRow } from "./decision";
import { PolicyNow } from "./queries";

/** What a JSON pointer leads to; a pointer into the whole policy may begin with `/config`. */
export function pointed(value: unknown, pointer: string): unknown {
  const parts = pointer.split("/").slice(1).map((one) => one.replaceAll("~1", "/").replaceAll("~0", "~"));
  return parts.reduce<unknown>((at, part) => (typeof at === "object" && at !== null ? (at as Record<string, unknown>)[part] : undefined), value);
}

export function PointedRule({ said, context }: { said: DecisionRow["policies"][number]; context: unknown }) {
  const may = useMay()("policies:read");
  const { data, error, loading } = useQuery(PolicyNow, { variables: { id: said.policyId }, skip: !may });
  const policy = data?.policy;
  const pointer = said.pointer ?? "";
  const rule = policy && pointer ? (pointed({ config: policy.config }, pointer) ?? pointed(policy.config, pointer)) : undefined;
  return (
    <Card title={t("decision.why")} actions={<HStack gap="2"><StatusBadge value={said.enforcement} /><StatusBadge value={said.verdict} /></HStack>}>
      <Stack gap="3">
        <Text><Told text={said.message || t("decision.noMessage")} /></Text>
        <SimpleGrid columns={{ base: 1, lg: 2 }} gap="4">
          <Stack gap="1">
            <Text fontSize="xs" fontWeight="semibold" color="fg.muted">{t("decision.ruleIn", { type: word(said.policyType) })} {pointer ? <Text as="code">{pointer}</Text> : null}</Text>
            {!may ? <Text fontSize="sm" color="fg.muted">{t("state.denied.text", { permission: "policies:read" })}</Text>
              : error ? <Text fontSize="sm" color="critical.fg">{t("state.failed")}</Text>
              : loading && !policy ? <Text fontSize="sm" color="fg.muted">{t("common.loading")}</Text>
              : !policy ? <Text fontSize="sm" color="fg.muted">{t("decision.policyGone")}</Text>
              : <JsonText value={rule ?? policy.config} />}
            <Text fontSize="xs" color="fg.muted">{said.version ? t("decision.nowNote", { version: said.version }) : ""} <GoTo href={`${hrefFor("policy", said.policyId)}&tab=versions`}>{t("decision.versions")}</GoTo></Text>
          </Stack>
          <Stack gap="1">
            <Text fontSize="xs" fontWeight="semibold" color="fg.muted">{t("decision.inputThen")}</Text>
            {context ? <JsonText value={context} /> : <Text fontSize="sm" color="fg.muted">{t("decision.noInput")}</Text>}
          </Stack>
        </SimpleGrid>
      </Stack>
    </Card>
  );
}
