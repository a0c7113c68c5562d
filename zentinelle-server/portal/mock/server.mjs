// A stand-in for the server: answers every operation of the contract with made-up data of the right shape, and
// serves the built portal (or passes on to `next dev`, with DEV=1). For development and tests only.
import { createReadStream, existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { createServer, request as ask } from "node:http";
import { extname, join, normalize } from "node:path";
import { makeExecutableSchema } from "@graphql-tools/schema";
import { execute, graphql, subscribe } from "graphql";
import { useServer } from "graphql-ws/use/ws";
import { WebSocketServer } from "ws";
import { live, resolve } from "./data.mjs";

const here = new URL(".", import.meta.url).pathname;
const folder = join(here, "../../src/graphql/schema");
const typeDefs = readdirSync(folder).filter((name) => name.endsWith(".graphql")).map((name) => readFileSync(join(folder, name), "utf8"));
const schema = makeExecutableSchema({ typeDefs, assumeValid: true });
const port = Number(process.env.PORT ?? 3106);
const out = join(here, "../out");
const TYPES = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".json": "application/json", ".svg": "image/svg+xml", ".woff2": "font/woff2", ".wasm": "application/wasm", ".txt": "text/plain; charset=utf-8" };
// What the server sends too: nothing from elsewhere, nothing inline.
const POLICY = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self' 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='; img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

function body(request) {
  return new Promise((done) => {
    let text = "";
    request.on("data", (part) => (text += part));
    request.on("end", () => done(text));
  });
}

function json(response, status, value) {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(value));
}

const server = createServer(async (request, response) => {
  const { pathname } = new URL(request.url, "http://localhost");
  if (pathname === "/gql/zentinelle/") {
    const { query, variables, operationName } = JSON.parse((await body(request)) || "{}");
    const result = await graphql({ schema, source: query, variableValues: variables, operationName, fieldResolver: resolve, typeResolver: () => undefined });
    if (result.errors) console.error(operationName, result.errors.map((one) => one.message).join("; "));
    return json(response, 200, result);
  }
  if (pathname === "/api/zentinelle/v1/auth/options") return json(response, 200, { mode: "oidc", password: true, oidc: { label: "Example ID", start: "/api/zentinelle/v1/auth/oidc/start" }, warning: null });
  if (pathname === "/api/zentinelle/v1/auth/login") {
    const { password } = JSON.parse((await body(request)) || "{}");
    return password === "wrong" ? json(response, 401, { error: "wrong_credentials", message: "E-mail or password is wrong." }) : json(response, 200, { ok: true });
  }
  if (pathname.startsWith("/api/")) return json(response, 200, { ok: true });
  if (process.env.DEV) {
    const passed = ask({ host: "127.0.0.1", port: 3105, path: request.url, method: request.method, headers: request.headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    passed.on("error", () => json(response, 502, {}));
    return request.pipe(passed);
  }
  let file = join(out, normalize(decodeURIComponent(pathname.replace(/^\/zentinelle/, ""))));
  if (existsSync(file) && statSync(file).isDirectory()) file = join(file, "index.html");
  const found = file.startsWith(out) && existsSync(file);
  if (!found) file = join(out, "404.html");
  response.writeHead(found ? 200 : 404, { "content-type": TYPES[extname(file)] ?? "application/octet-stream", "content-security-policy": POLICY });
  createReadStream(file).pipe(response);
});
useServer(
  { schema, execute: (args) => execute({ ...args, fieldResolver: resolve }), subscribe: (args) => subscribe({ ...args, fieldResolver: resolve, subscribeFieldResolver: live }) },
  new WebSocketServer({ server, path: "/gql/zentinelle/" }),
);
server.listen(port, "127.0.0.1", () => console.log(`http://127.0.0.1:${port}/zentinelle/`));
