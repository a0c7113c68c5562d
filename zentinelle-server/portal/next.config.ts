import type { NextConfig } from "next";

// One folder of files, served by the server's binary below /zentinelle/.
const config: NextConfig = {
  output: "export",
  basePath: "/zentinelle",
  trailingSlash: true,
  images: { unoptimized: true },
  reactStrictMode: true,
  devIndicators: false,
  poweredByHeader: false,
  experimental: { optimizePackageImports: ["@chakra-ui/react", "lucide-react", "recharts"] },
  turbopack: { root: import.meta.dirname },
};

export default config;
