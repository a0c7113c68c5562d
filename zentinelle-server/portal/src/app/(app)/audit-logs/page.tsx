export { AuditLogs as default } from "@/features/audit/audit-logs";
