// When a risk is looked at again, and whether that day has passed.
"use client";
import { Text } from "@chakra-ui/react";
import { useNow } from "@/lib/clock";
import { day } from "@/lib/format";
import { t } from "@/messages";

export function ReviewDate({ date }: { date: string | null | undefined }) {
  const now = useNow();
  if (!date) return <Text as="span" color="fg.muted">{t("risk.review.none")}</Text>;
  const due = new Date(`${date}T23:59:59Z`).getTime() < now;
  return <Text as="span" whiteSpace="nowrap" color={due ? "critical.fg" : undefined} fontWeight={due ? "medium" : undefined}>{day(date)}{due ? ` · ${t("risk.review.due")}` : ""}</Text>;
}
