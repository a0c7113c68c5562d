export { People as default } from "@/features/settings/people";
