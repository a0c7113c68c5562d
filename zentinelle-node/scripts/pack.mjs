// Packs what is published: `@zentinelle/agent` without any addon in it, and one package for each addon that was built
// (`zentinelle.<platform>.node`), which npm installs on that platform and nowhere else. Where there is none, the
// WebAssembly module in `@zentinelle/agent` answers. `node scripts/pack.mjs <folder>` writes the tarballs there.
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

/** Every platform a release is built for, as Node and npm name them. */
const PLATFORMS = {
  "darwin-arm64": { os: "darwin", cpu: "arm64" },
  "darwin-x64": { os: "darwin", cpu: "x64" },
  "linux-arm64-gnu": { os: "linux", cpu: "arm64", libc: "glibc" },
  "linux-arm64-musl": { os: "linux", cpu: "arm64", libc: "musl" },
  "linux-x64-gnu": { os: "linux", cpu: "x64", libc: "glibc" },
  "linux-x64-musl": { os: "linux", cpu: "x64", libc: "musl" },
  "win32-x64-msvc": { os: "win32", cpu: "x64" },
};

const here = fileURLToPath(new URL("..", import.meta.url));
const target = resolve(process.argv[2]);
const main = JSON.parse(readFileSync(join(here, "package.json"), "utf8"));
const work = mkdtempSync(join(tmpdir(), "zentinelle-pack-"));
const pack = (folder) =>
  execFileSync("npm", ["pack", "--silent", "--pack-destination", target], { cwd: folder, stdio: ["ignore", "ignore", "inherit"] });
const write = (folder, value) => writeFileSync(join(folder, "package.json"), `${JSON.stringify(value, null, 2)}\n`);

try {
  const agent = join(work, "agent");
  mkdirSync(agent);
  for (const name of ["dist", "wasm", "README.md"]) cpSync(join(here, name), join(agent, name), { recursive: true });
  const { devDependencies, scripts, ...published } = main;
  const optional = Object.keys(PLATFORMS).map((platform) => [`${main.name}-${platform}`, main.version]);
  write(agent, { ...published, optionalDependencies: Object.fromEntries(optional) });
  pack(agent);

  const addons = readdirSync(here).flatMap((name) => /^zentinelle\.(.+)\.node$/.exec(name)?.[1] ?? []);
  for (const platform of addons) {
    const { os, cpu, libc } = PLATFORMS[platform];
    const folder = join(work, platform);
    mkdirSync(folder);
    cpSync(join(here, `zentinelle.${platform}.node`), join(folder, "zentinelle.node"));
    write(folder, {
      name: `${main.name}-${platform}`,
      version: main.version,
      description: `The addon of ${main.name} for ${platform}.`,
      license: main.license,
      repository: main.repository,
      engines: main.engines,
      main: "zentinelle.node",
      files: ["zentinelle.node"],
      os: [os],
      cpu: [cpu],
      ...(libc && { libc: [libc] }),
    });
    pack(folder);
  }
} finally {
  rmSync(work, { recursive: true, force: true });
}
