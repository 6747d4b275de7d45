/**
 * The package that `dediffusion plugin new` writes: a decoder over a service that draws by HTTP, or another kind of plugin.
 *
 * @module
 */
import { basename } from "node:path";
import { encoderKind } from "./plugin-kinds/encoder.ts";
import { connectionSource, optionsSource, type PluginKind, testSource } from "./plugin-kinds/kind.ts";
import { languageModelKind } from "./plugin-kinds/language-model.ts";
import { metricKind } from "./plugin-kinds/metric.ts";

/** The kinds of plugins that can be written. */
export const kindNames = ["decoder", "encoder", "metric", "language-model"] as const;

export type KindName = (typeof kindNames)[number];

/**
 * The files by their paths in the package.
 *
 * @param name The package's name, e.g. `@me/dediffusion-painter`.
 * @param sources The packages of De-Diffusion that it is developed with.
 */
export function pluginFiles(
	name: string,
	kind: KindName,
	sources: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
	const { what, source, test } = kinds[kind];
	const id = basename(name).replace(/^dediffusion-/, "");
	const factory = id.replace(/[^a-z0-9]+([a-z0-9])/g, (_, letter: string) => letter.toUpperCase()).replace(/\W+$/, "");
	return {
		"package.json": packageJson(name, sources),
		"tsconfig.json": tsconfig,
		"src/index.ts": source(name, id, factory),
		"src/index.test.ts": test(factory),
		"dediffusion.config.ts": configuration(factory),
		"README.md": readme(name, what, id, factory),
		".gitignore": "dist\nnode_modules\n.dediffusion\n",
	};
}

function packageJson(name: string, sources: Readonly<Record<string, string>>): string {
	const content = {
		name,
		version: "0.1.0",
		type: "module",
		files: ["dist"],
		exports: { ".": { types: "./dist/index.d.ts", default: "./dist/index.js" } },
		engines: { node: ">=22.18" },
		scripts: { build: "tsc", test: "node --test src/*.test.ts" },
		peerDependencies: { dediffusion: "*" },
		dependencies: { zod: "^4.0.0" },
		devDependencies: { ...sources, "@types/node": "^24.0.0", typescript: ">=5.9" },
	};
	return `${JSON.stringify(content, null, "\t")}\n`;
}

const tsconfig = `${JSON.stringify(
	{
		compilerOptions: {
			target: "ES2024",
			module: "NodeNext",
			types: ["node"],
			strict: true,
			verbatimModuleSyntax: true,
			erasableSyntaxOnly: true,
			rewriteRelativeImportExtensions: true,
			skipLibCheck: true,
			declaration: true,
			rootDir: "src",
			outDir: "dist",
		},
		include: ["src"],
		exclude: ["**/*.test.ts"],
	},
	null,
	"\t",
)}\n`;

const decoderSource = (name: string, id: string, factory: string) => `import {
	bytesOfBase64,
	type DecodeRequest,
	type DecodeResult,
	type Decoder,
	definePlugin,
	type PluginHost,
	readJson,
} from "dediffusion/plugin";
import { z } from "zod";

${optionsSource("decoder", id)}
/** What the service answers to a request for a picture. */
const answer = z.object({ image: z.string() });

/** Decoders over a service that draws: \`POST /draw\` with the settings answers \`{ image }\`, a file in base64. */
export const ${factory} = definePlugin({
	name: "${name}",
	options,
	setup: (settings, host) => [createDecoder(settings, host)],
});

function createDecoder({ id, url, keyVariable }: z.output<typeof options>, host: PluginHost): Decoder {
${connectionSource}
	async function draw(request: DecodeRequest, signal: AbortSignal): Promise<DecodeResult> {
		const { prompt, seed, width = 512, height = 512 } = request;
		const body = JSON.stringify({ prompt, seed, width, height });
		const response = await fetch(new URL("/draw", url), { method: "POST", headers, body, signal });
		const { image } = await readJson(response, answer);
		const bytes = bytesOfBase64(image);
		return { status: "done", seed, effectivePrompt: prompt, warnings: [], image: { kind: "encoded", bytes } };
	}

	return {
		id,
		name: "${id}",
		lane: "network",
		capabilities: {
			settings: ["seed", "width", "height"],
			deterministic: true,
			maxBatch: 1,
			schedulers: [],
			size: { min: 64, max: 1024, multipleOf: 64 },
			rewritesPrompt: false,
			defaults: { width: 512, height: 512 },
		},
		generate: (requests, { signal }) => Promise.all(requests.map((request) => draw(request, signal))),
	};
}
`;

const decoderTest = (factory: string) =>
	testSource(factory, {
		imports: ["pictureOf"],
		subject: "decoder",
		check: "checkDecoder",
		from: "",
		answer: `async ({ body }) => {
		const image = await pictureOf(body.width, body.height, body);
		return { image: image.toString("base64") };
	}`,
	});

const configuration = (factory: string) => `import { defineConfig } from "dediffusion/plugin";
import { ${factory} } from "./src/index.ts";

export default defineConfig({ plugins: [${factory}({ url: "http://127.0.0.1:9000" })] });
`;

const readme = (name: string, what: string, id: string, factory: string) => `# ${name}

${what} plugin for De-Diffusion.

    npm install
    npm run build
    npm test                             # the conformance kit against a service of the test
    npx dediffusion plugin check ${id}   # the same against the real service of dediffusion.config.ts
    npx dediffusion serve                # a server with it, from dediffusion.config.ts

To use it elsewhere, install the package and list \`${factory}({ url })\` among the plugins of a configuration.
`;

const kinds: Readonly<Record<KindName, PluginKind>> = {
	decoder: { what: "A decoder", source: decoderSource, test: decoderTest },
	encoder: encoderKind,
	metric: metricKind,
	"language-model": languageModelKind,
};
