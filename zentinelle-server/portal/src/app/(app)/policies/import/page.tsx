export { PolicyImport as default } from "@/features/policies/import";
