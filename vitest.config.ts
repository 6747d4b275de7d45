/**
 * One test run for everything: units beside their sources, plugins, and the journeys in `test/`.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import swc from "unplugin-swc";
import { defineConfig } from "vitest/config";

export default defineConfig({
	// type-graphql reads types from decorator metadata, which only SWC emits here; tsconfig.json switches it on.
	plugins: [swc.vite()],
	resolve: {
		alias: {
			// The longer name first: an alias also catches what is below it.
			"dediffusion/plugin/testing": fileURLToPath(new URL("./src/plugins/testing/index.ts", import.meta.url)),
			"dediffusion/plugin": fileURLToPath(new URL("./src/plugins/index.ts", import.meta.url)),
			"@dediffusion/stable-diffusion": fileURLToPath(
				new URL("./plugins/stable-diffusion/src/index.ts", import.meta.url),
			),
			"@dediffusion/automatic1111": fileURLToPath(new URL("./plugins/automatic1111/src/index.ts", import.meta.url)),
			"@dediffusion/comfyui": fileURLToPath(new URL("./plugins/comfyui/src/index.ts", import.meta.url)),
			"@dediffusion/ai-sdk": fileURLToPath(new URL("./plugins/ai-sdk/src/index.ts", import.meta.url)),
			"@dediffusion/imagen-compat": fileURLToPath(new URL("./plugins/imagen-compat/src/index.ts", import.meta.url)),
			"@dediffusion/open-inference": fileURLToPath(new URL("./plugins/open-inference/src/index.ts", import.meta.url)),
			"@dediffusion/openai-chat": fileURLToPath(new URL("./plugins/openai-chat/src/index.ts", import.meta.url)),
			"@dediffusion/openai-images": fileURLToPath(new URL("./plugins/openai-images/src/index.ts", import.meta.url)),
			// The file that type-graphql loads; vite would take the `.mjs` beside it, a second copy whose types are strangers.
			graphql: fileURLToPath(import.meta.resolve("graphql")),
		},
	},
	test: {
		include: ["src/**/*.test.ts", "plugins/*/src/**/*.test.ts", "bench/**/*.test.ts", "test/**/*.test.ts"],
		exclude: ["**/node_modules/**", "**/dist/**", "test/fixtures/**"],
		globalSetup: "./test/build.ts",
		// Child processes, because a native crash of onnxruntime must not take the other files with it.
		pool: "forks",
		maxWorkers: 2,
		// Generous, because real servers and models start slowly on a busy machine; nothing here is a measurement.
		testTimeout: 120_000,
		hookTimeout: 120_000,
	},
});
