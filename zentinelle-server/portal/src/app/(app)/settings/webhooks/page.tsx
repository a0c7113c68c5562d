export { Webhooks as default } from "@/features/settings/webhooks";
