/** `pnpm exec vite examples/webgpu-page` serves the page with the packages' sources. */

import { defineConfig, type UserConfig } from "vite";

const config: UserConfig = defineConfig({ resolve: { conditions: ["@dl/source", "module", "browser", "development|production"] } });

export default config;
