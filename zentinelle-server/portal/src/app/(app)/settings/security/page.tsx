export { Security as default } from "@/features/settings/security";
