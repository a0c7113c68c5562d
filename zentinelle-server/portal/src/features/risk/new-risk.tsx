// The button that begins a risk; its form is loaded when first asked for.
"use client";
import { Button } from "@chakra-ui/react";
import { Plus } from "lucide-react";
import dynamic from "next/dynamic";
import { May } from "@/lib/session";
import { useUrlState } from "@/lib/url";
import { t } from "@/messages";

const RiskDialog = dynamic(() => import("./risk-form").then((made) => made.RiskDialog), { ssr: false });

export function NewRiskButton() {
  const url = useUrlState();
  const open = url.get("new") === "risk";
  return (
    <May permission="risks:write">
      <Button size="sm" onClick={() => url.set({ new: "risk" })}><Plus size={15} aria-hidden /> {t("risk.new")}</Button>
      {open ? <RiskDialog open close={() => url.set({ new: null })} /> : null}
    </May>
  );
}
