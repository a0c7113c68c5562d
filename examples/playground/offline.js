// Keeps the page for when there is no network: whatever was loaded once is answered from here, and renewed behind it.

const KEPT = "playground";

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim().then(keepAll)));

/** What the page loaded before this worker was there. */
async function keepAll() {
  const cache = await caches.open(KEPT);
  const vendor = "vendor/dist/esm/";
  const modules = (await (await fetch("vendor/modules.json")).json()).map((name) => vendor + name);
  await cache.addAll(["./", "style.css", "icon.svg", "app.js", "examples.js", "vendor/modules.json",
    "vendor/web/zentinelle.js", "vendor/web/zentinelle_bg.wasm", ...modules]);
}

self.addEventListener("fetch", (event) => {
  if (event.request.method !== "GET") return;
  event.respondWith(
    (async () => {
      const cache = await caches.open(KEPT);
      try {
        const fresh = await fetch(event.request);
        if (fresh.ok) await cache.put(event.request, fresh.clone());
        return fresh;
      } catch (error) {
        const kept = await cache.match(event.request, { ignoreSearch: true });
        if (kept === undefined) throw error;
        return kept;
      }
    })(),
  );
});
