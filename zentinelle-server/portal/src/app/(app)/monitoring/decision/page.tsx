export { DecisionDetail as default } from "@/features/monitoring/decision";
