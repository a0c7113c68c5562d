export { RiskDetail as default } from "@/features/risk/detail";
