export { OrganizationSettings as default } from "@/features/settings/organization";
