// Whether the chain of entries holds: asked for when somebody wants to know, since every entry is walked.
"use client";
import { Button, Flex, HStack, Input, Stack, Text } from "@chakra-ui/react";
import { useApolloClient, useQuery } from "@apollo/client/react";
import { Download, Link2, ShieldAlert, ShieldCheck } from "lucide-react";
import { useState } from "react";
import { errorText } from "@/lib/apollo";
import { number } from "@/lib/format";
import { t } from "@/messages";
import { Card, Loaded } from "@/ui/page";
import { Identifier, RelativeTime } from "@/ui/small";
import { tell } from "@/ui/toasts";
import type { ChainQuery } from "./gql/graphql";
import { Chain } from "./queries";
import { saveReceipt } from "./receipt";

type Status = ChainQuery["chainStatus"];

export function ChainCard() {
  const client = useApolloClient();
  const result = useQuery(Chain, { variables: { verify: false } });
  const [walked, setWalked] = useState<Status>();
  const [busy, setBusy] = useState(false);
  const [sequence, setSequence] = useState("");
  const verify = async () => {
    setBusy(true);
    try {
      const { data } = await client.query({ query: Chain, variables: { verify: true }, fetchPolicy: "network-only" });
      setWalked(data?.chainStatus);
    } catch (error) {
      tell.failed(t("chain.failed"), errorText(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <Card>
      <Loaded result={result} permission="audit:read" waiting={<Text fontSize="sm" color="fg.muted">{t("common.loading")}</Text>}>
        {({ chainStatus }) => {
          const now = walked ?? chainStatus;
          const broken = now.valid === false;
          const Icon = broken ? ShieldAlert : now.valid ? ShieldCheck : Link2;
          const tone = broken ? "critical" : now.valid ? "good" : "quiet";
          return (
            <Flex gap="5" wrap="wrap" align="center">
              <HStack gap="3" flex="1 1 20rem" color={`${tone}.fg`} align="flex-start" role="status">
                <Icon size={22} aria-hidden />
                <Stack gap="0">
                  <Text fontWeight="semibold">{broken ? t("chain.broken") : now.valid ? t("chain.valid") : t("chain.unknown")}</Text>
                  <Text fontSize="sm" color="fg.muted">{now.valid === null ? t("chain.unknown.text") : now.message}{broken && now.brokenAt !== null ? ` ${t("chain.at", { sequence: now.brokenAt })}` : ""}</Text>
                </Stack>
              </HStack>
              <Stack gap="0.5" fontSize="xs" color="fg.muted">
                <Text>{t("chain.entries", { count: now.entries })} · {now.checkedAt ? <>{t("chain.checked")} <RelativeTime at={now.checkedAt} /></> : t("chain.never")} · {now.checkpointAt ? <>{t("chain.checkpoint")} <RelativeTime at={now.checkpointAt} /></> : t("chain.noCheckpoint")}</Text>
                <HStack gap="1"><Text>{t("chain.head")}</Text><Identifier value={now.head} short /></HStack>
              </Stack>
              <HStack gap="2" wrap="wrap">
                <Button size="sm" loading={busy} onClick={() => void verify()}><ShieldCheck size={15} aria-hidden /> {t("chain.verify")}</Button>
                <HStack as="form" gap="1" onSubmit={(event) => { event.preventDefault(); if (sequence) void saveReceipt(client, Number(sequence)); }}>
                  <Input size="sm" w="8rem" type="number" min={1} aria-label={t("chain.sequence")} placeholder={t("chain.sequence")} value={sequence} onChange={(event) => setSequence(event.target.value)} />
                  <Button size="sm" type="submit" variant="outline" disabled={!sequence}><Download size={14} aria-hidden /> {t("chain.receipt")}</Button>
                </HStack>
              </HStack>
            </Flex>
          );
        }}
      </Loaded>
      {walked?.valid ? <Text fontSize="xs" color="fg.muted" mt="2">{t("chain.walked", { count: number(walked.entries) })}</Text> : null}
    </Card>
  );
}
