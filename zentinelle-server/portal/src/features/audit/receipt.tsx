// An entry with the proof that it is part of a signed checkpoint, as a file one can check elsewhere.
"use client";
import type { ApolloClient } from "@apollo/client";
import { Button, Text } from "@chakra-ui/react";
import { useApolloClient } from "@apollo/client/react";
import { Download } from "lucide-react";
import { errorText } from "@/lib/apollo";
import { saveFile } from "@/lib/save-file";
import { t } from "@/messages";
import { tell } from "@/ui/toasts";
import { Receipt } from "./queries";

export async function saveReceipt(client: ApolloClient, sequence: number): Promise<void> {
  try {
    const { data } = await client.query({ query: Receipt, variables: { sequence }, fetchPolicy: "no-cache" });
    if (!data?.auditReceipt) return void tell.failed(t("receipt.none", { sequence }));
    saveFile(`audit-receipt-${sequence}.json`, JSON.stringify(data.auditReceipt, null, 2), "application/json");
    tell.done(t("receipt.saved"));
  } catch (error) {
    tell.failed(t("receipt.failed"), errorText(error));
  }
}

export function ReceiptButton({ sequence }: { sequence: number | undefined }) {
  const client = useApolloClient();
  if (sequence === undefined) return <Text fontSize="xs" color="fg.muted">{t("receipt.noSequence")}</Text>;
  return <Button size="sm" variant="outline" onClick={() => void saveReceipt(client, sequence)}><Download size={14} aria-hidden /> {t("receipt.save")}</Button>;
}
