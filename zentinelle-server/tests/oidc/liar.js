// A provider that gives out whatever token it is told to.
import { createServer } from "node:http";
import { createHmac, createSign, generateKeyPairSync } from "node:crypto";

const encode = (value) => Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");

export async function start(port) {
  const issuer = `http://127.0.0.1:${port}`;
  const known = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const other = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const jwk = { ...known.publicKey.export({ format: "jwk" }), kid: "known", use: "sig", alg: "RS256" };
  const liar = { issuer, lie: {}, nonce: "" };
  const token = () => {
    const { alg = "RS256", key = "known", ...claims } = liar.lie;
    const now = Math.floor(Date.now() / 1000);
    const usual = {
      iss: issuer, aud: "zentinelle", sub: "eve", iat: now, exp: now + 300, nonce: liar.nonce,
      email: "eve@example.com", email_verified: true, role: "reader",
    };
    const head = `${encode({ alg, kid: "known" })}.${encode({ ...usual, ...claims })}`;
    if (alg === "none") return `${head}.`;
    if (alg === "HS256") return `${head}.${createHmac("sha256", "a secret of the test").update(head).digest("base64url")}`;
    const signed = createSign("RSA-SHA256").update(head).sign(key === "known" ? known.privateKey : other.privateKey);
    return `${head}.${signed.toString("base64url")}`;
  };
  const server = createServer((request, response) => {
    const answer = (body) => {
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify(body));
    };
    request.resume();
    if (request.url.startsWith("/.well-known")) {
      answer({
        issuer, authorization_endpoint: `${issuer}/auth`, token_endpoint: `${issuer}/token`, jwks_uri: `${issuer}/jwks`,
        response_types_supported: ["code"], subject_types_supported: ["public"],
        id_token_signing_alg_values_supported: ["RS256"],
      });
    } else if (request.url.startsWith("/jwks")) answer({ keys: [jwk] });
    else answer({ access_token: "x", token_type: "Bearer", id_token: token() });
  });
  await new Promise((done) => server.listen(port, "127.0.0.1", done));
  return Object.assign(liar, { close: () => server.close() });
}
