export * from "./api-lite.js";
