export { ComplianceReports as default } from "@/features/compliance/reports";
