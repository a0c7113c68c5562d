export { AlertDetail as default } from "@/features/monitoring/alert";
