export { SessionTimeline as default } from "@/features/monitoring/session";
