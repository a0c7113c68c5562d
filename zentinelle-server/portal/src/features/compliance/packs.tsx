// Packs of policies: what each holds, what activating it would add, and which version is active.
"use client";
import { Box, Button, HStack, Stack, Text } from "@chakra-ui/react";
import { useQuery } from "@apollo/client/react";
import { PackagePlus } from "lucide-react";
import { useState } from "react";
import { useChange } from "@/lib/change";
import { May } from "@/lib/session";
import { t, word } from "@/messages";
import { StatusBadge, Tag } from "@/ui/badges";
import { ConfirmDialog } from "@/ui/dialogs";
import { Card, Grid, Loaded, NothingState } from "@/ui/page";
import { GoTo } from "@/ui/small";
import { tell } from "@/ui/toasts";
import type { PacksQuery } from "./gql/graphql";
import { ActivatePack, Packs } from "./queries";

type Pack = PacksQuery["compliancePacks"][number];

export function PackList() {
  const result = useQuery(Packs);
  const activate = useChange(ActivatePack);
  const [chosen, choose] = useState<Pack>();
  const run = async () => {
    const outcome = await activate({ packId: chosen?.id ?? "" });
    if (outcome.success) tell.done(t("pack.done", { name: chosen?.name ?? "" }), t("pack.result", { made: outcome.payload?.policiesCreated ?? 0, changed: outcome.payload?.policiesUpdated ?? 0 }));
    return outcome;
  };
  return (
    <Stack gap="4">
      <Text fontSize="sm" color="fg.muted" maxW="75ch">{t("pack.lead")}</Text>
      <Loaded result={result} permission="compliance:read">
        {({ compliancePacks }) => compliancePacks.length === 0 ? <Card><NothingState title={t("pack.none")} /></Card> : (
          <Grid min="22rem">
            {compliancePacks.map((pack) => (
              <Card key={pack.id} title={pack.name} actions={<State pack={pack} />}>
                <Stack gap="3">
                  <Text fontSize="sm">{pack.description}</Text>
                  <Box><Text fontSize="xs" fontWeight="semibold" color="fg.muted" mb="1">{t("pack.policies", { count: pack.policies.length })}</Text><Policies names={pack.policies} /></Box>
                  <HStack justify="space-between">
                    <Text fontSize="xs" color="fg.muted">{t("compliance.version", { version: pack.version })}{pack.activeVersion ? ` · ${t("pack.active", { version: pack.activeVersion })}` : ""}</Text>
                    {pack.activeVersion === pack.version ? <GoTo href="/policies/" fontSize="sm">{t("nav.policies")}</GoTo> : (
                      <May permission="compliance:write"><Button size="xs" variant="outline" onClick={() => choose(pack)}><PackagePlus size={13} aria-hidden /> {pack.activeVersion ? t("pack.update") : t("pack.activate")}</Button></May>
                    )}
                  </HStack>
                </Stack>
              </Card>
            ))}
          </Grid>
        )}
      </Loaded>
      <ConfirmDialog open={!!chosen} close={() => choose(undefined)} danger={false} title={t("pack.ask", { name: chosen?.name ?? "" })} action={chosen?.activeVersion ? t("pack.update") : t("pack.activate")} run={run}
        text={chosen ? <Stack gap="2"><Text>{t("pack.ask.text", { count: chosen.policies.length })}</Text><Policies names={chosen.policies} /></Stack> : null} />
    </Stack>
  );
}

function State({ pack }: { pack: Pack }) {
  if (!pack.activeVersion) return <StatusBadge value="inactive" label={t("pack.notActive")} />;
  return pack.activeVersion === pack.version ? <StatusBadge value="active" /> : <StatusBadge value="warning" label={t("pack.older")} />;
}

function Policies({ names }: { names: readonly string[] }) {
  return <HStack gap="1.5" wrap="wrap">{names.map((one) => <Tag key={one}>{/^[a-z_]+$/.test(one) ? word(one) : one}</Tag>)}</HStack>;
}
