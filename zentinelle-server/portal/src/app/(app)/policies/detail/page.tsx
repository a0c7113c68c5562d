export { PolicyDetail as default } from "@/features/policies/detail";
