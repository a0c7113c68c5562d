export { ProviderKeys as default } from "@/features/settings/provider-keys";
