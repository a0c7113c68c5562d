export { PolicyHealth as default } from "@/features/policies/health";
