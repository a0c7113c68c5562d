export { Models as default } from "@/features/models/models";
