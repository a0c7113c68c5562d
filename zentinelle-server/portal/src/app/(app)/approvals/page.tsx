export { ApprovalQueue as default } from "@/features/approvals/queue";
