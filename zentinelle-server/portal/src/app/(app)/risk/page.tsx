export { Risk as default } from "@/features/risk/risk";
