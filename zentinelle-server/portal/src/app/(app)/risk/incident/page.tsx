export { IncidentDetail as default } from "@/features/risk/incident";
