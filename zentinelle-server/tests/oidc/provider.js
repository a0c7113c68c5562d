// A real provider: anybody signs in with any password. `boss` is an administrator, `mallory` has not
// confirmed the e-mail address, and `nobody` has no role.
import Provider from "oidc-provider";

export async function start(port, callback) {
  const issuer = `http://127.0.0.1:${port}`;
  const provider = new Provider(issuer, {
    clients: [{ client_id: "zentinelle", client_secret: "a secret of the test", redirect_uris: [callback] }],
    pkce: { required: () => true },
    // Claims stand in the ID token, as they do with most providers.
    conformIdTokenClaims: false,
    claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name", "role"] },
    features: { devInteractions: { enabled: true } },
    findAccount: (_, id) => ({
      accountId: id,
      claims: () => ({
        sub: id,
        email: `${id}@example.com`,
        email_verified: id !== "mallory",
        name: id,
        role: { boss: "chief", viewer: "reader" }[id] ?? (id === "mallory" ? "reader" : "stranger"),
      }),
    }),
  });
  const server = provider.listen(port, "127.0.0.1");
  await new Promise((done) => server.once("listening", done));
  return server;
}
