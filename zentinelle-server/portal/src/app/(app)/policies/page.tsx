export { PolicyList as default } from "@/features/policies/list";
