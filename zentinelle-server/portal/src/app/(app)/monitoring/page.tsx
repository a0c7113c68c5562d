export { Monitoring as default } from "@/features/monitoring/monitoring";
