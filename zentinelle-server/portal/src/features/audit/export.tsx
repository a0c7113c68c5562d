// The log of a span of days as a file, made by the server.
"use client";
import { Button, chakra, SimpleGrid, Stack, Text } from "@chakra-ui/react";
import { FileDown } from "lucide-react";
import { useState } from "react";
import { useChange } from "@/lib/change";
import { May } from "@/lib/session";
import { useUrlState } from "@/lib/url";
import { t } from "@/messages";
import { ChoiceField, FormDialog, TextField } from "@/ui/dialogs";
import { ExportAudit } from "./queries";

const FORMATS = ["csv", "json", "ndjson"];

export function ExportButton() {
  const url = useUrlState();
  return (
    <May permission="audit:write">
      <Button size="sm" variant="outline" onClick={() => url.set({ export: true })}><FileDown size={15} aria-hidden /> {t("audit.export")}</Button>
      {url.get("export") === null ? null : <ExportForm close={() => url.set({ export: null })} />}
    </May>
  );
}

function ExportForm({ close }: { close: () => void }) {
  const run = useChange(ExportAudit);
  const back = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString().slice(0, 10);
  const [made, set] = useState({ format: "csv", startDate: back(30), endDate: back(0) });
  const [file, setFile] = useState<string>();
  const submit = async () => {
    const outcome = await run({ format: made.format, startDate: made.startDate, endDate: made.endDate });
    if (outcome.success && outcome.payload?.downloadUrl) setFile(outcome.payload.downloadUrl);
    return outcome;
  };
  return (
    <FormDialog open close={close} size="sm" title={t("audit.export")} lead={t("audit.export.lead")} submit={submit} submitLabel={t("audit.export.make")}
      after={file ? <Stack gap="3"><Text fontSize="sm">{t("audit.export.ready")}</Text><Button asChild size="sm" alignSelf="flex-start"><chakra.a href={file} download><FileDown size={15} aria-hidden /> {t("report.download")}</chakra.a></Button></Stack> : undefined}>
      <ChoiceField name="format" label={t("report.format")} value={made.format} set={(format) => set({ ...made, format })} choices={FORMATS.map((value) => ({ value, label: value.toUpperCase() }))} />
      <SimpleGrid columns={2} gap="3">
        <TextField name="start_date" label={t("report.from")} type="date" value={made.startDate} set={(startDate) => set({ ...made, startDate })} required />
        <TextField name="end_date" label={t("report.to")} type="date" value={made.endDate} set={(endDate) => set({ ...made, endDate })} required />
      </SimpleGrid>
    </FormDialog>
  );
}
