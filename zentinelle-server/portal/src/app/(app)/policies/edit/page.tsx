export { PolicyEdit as default } from "@/features/policies/edit";
