export { SignIn as default } from "@/features/shell/sign-in";
