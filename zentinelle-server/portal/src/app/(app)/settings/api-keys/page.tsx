export { ApiKeys as default } from "@/features/settings/api-keys";
