"use client";
import { useApolloClient, useMutation } from "@apollo/client/react";
import { Box, Button, HStack, Input, Stack, Text } from "@chakra-ui/react";
import { Download, Upload } from "lucide-react";
import { useRef, useState } from "react";
import { errorText } from "@/lib/apollo";
import { attempt, type Problem } from "@/lib/outcome";
import { saveFile } from "@/lib/save-file";
import { May } from "@/lib/session";
import { t } from "@/messages";
import { CodeEditor } from "@/ui/code-editor";
import { ProblemList } from "@/ui/dialogs";
import { Card, Page } from "@/ui/page";
import { tell } from "@/ui/toasts";
import { ImportPolicies, PolicyExport } from "./queries";

interface Plan {
  text: string;
  created: number;
  updated: number;
  unchanged: number;
}

export function PolicyImport() {
  const client = useApolloClient();
  const [run] = useMutation(ImportPolicies);
  const [text, setText] = useState("");
  const [plan, setPlan] = useState<Plan>();
  const [problems, setProblems] = useState<readonly Problem[]>([]);
  const [busy, setBusy] = useState(false);
  const file = useRef<HTMLInputElement>(null);
  const download = async () => {
    try {
      const { data } = await client.query({ query: PolicyExport, fetchPolicy: "network-only" });
      saveFile("policies.yaml", data?.policyExport ?? "", "application/yaml");
    } catch (error) {
      tell.failed(t("state.failed"), errorText(error));
    }
  };
  const send = async (dryRun: boolean) => {
    setBusy(true);
    const { success, problems: found, payload } = await attempt(async () => (await run({ variables: { document: text, dryRun } })).data?.importPolicies);
    setBusy(false);
    setProblems(found);
    if (!success || !payload) return setPlan(undefined);
    if (dryRun) return setPlan({ text, created: payload.created, updated: payload.updated, unchanged: payload.unchanged });
    setPlan(undefined);
    setText("");
    tell.done(t("import.done", { created: payload.created, updated: payload.updated, unchanged: payload.unchanged }));
    await client.refetchQueries({ include: "active" });
  };
  const planned = plan?.text === text ? plan : undefined;
  return (
    <Page title={t("nav.import")} lead={t("import.lead")} permission="policies:read">
      <Card title={t("import.export")} actions={<Button size="sm" variant="outline" onClick={() => void download()}><Download size={14} aria-hidden /> {t("import.download")}</Button>}>
        <Text fontSize="sm" color="fg.muted">{t("import.export.text")}</Text>
      </Card>
      <May permission="policies:write">
        <Card title={t("import.title")} actions={<Button size="sm" variant="outline" onClick={() => file.current?.click()}><Upload size={14} aria-hidden /> {t("import.file")}</Button>}>
          <Input ref={file} type="file" accept=".yaml,.yml,.json" display="none" aria-label={t("import.file")} onChange={({ target }) => void target.files?.[0]?.text().then(setText)} />
          <Stack gap="3">
            {problems.length > 0 ? <ProblemList problems={problems} /> : null}
            <Box><CodeEditor label={t("import.paste")} language="yaml" value={text} onChange={setText} minHeight="20rem" maxHeight="60vh" /></Box>
            <HStack gap="3" wrap="wrap">
              <Button size="sm" variant="outline" disabled={!text.trim()} loading={busy && !planned} onClick={() => void send(true)}>{t("import.check")}</Button>
              <Button size="sm" disabled={!planned} loading={busy && !!planned} onClick={() => void send(false)}>{t("import.apply")}</Button>
              {planned ? <Text fontSize="sm" role="status">{t("import.plan", { created: planned.created, updated: planned.updated, unchanged: planned.unchanged })}</Text> : null}
            </HStack>
          </Stack>
        </Card>
      </May>
    </Page>
  );
}
