/**
 * What `dediffusion plugin new --kind encoder` writes: an encoder over a service.
 *
 * @module
 */
import { connectionSource, optionsSource, type PluginKind, testSource } from "./kind.ts";

export const encoderKind: PluginKind = {
	what: "An encoder",
	source: (name, id, factory) => `import {
	definePlugin,
	type EncodeRequest,
	type EncodeResult,
	type Encoder,
	type PluginHost,
	readJson,
} from "dediffusion/plugin";
import { z } from "zod";

${optionsSource("encoder", id)}
type Options = z.output<typeof options>;

/** What the service answers. */
const answer = z.object({ text: z.string() });

/** An encoder over a service that describes pictures: \`POST /describe\` with \`{ image }\`, a file in base64, answers \`{ text }\`. */
export const ${factory} = definePlugin({
	name: "${name}",
	options,
	setup: (settings, host) => ({ encoders: [create(settings, host)] }),
});

function create({ id, url, keyVariable }: Options, host: PluginHost): Encoder {
${connectionSource}
	async function describe({ picture }: EncodeRequest, signal: AbortSignal): Promise<EncodeResult> {
		const { bytes } = await picture.file({ mediaTypes: ["image/png", "image/jpeg"], maxSide: 1024 });
		const body = JSON.stringify({ image: Buffer.from(bytes).toString("base64") });
		const response = await fetch(new URL("/describe", url), { method: "POST", headers, body, signal });
		const { text } = await readJson(response, answer);
		return { status: "done", text, warnings: [] };
	}

	return {
		id,
		name: "${id}",
		lane: "network",
		capabilities: { settings: [], deterministic: true, maxBatch: 1 },
		encode: (requests, { signal }) => Promise.all(requests.map((request) => describe(request, signal))),
	};
}
`,
	test: (factory) =>
		testSource(factory, {
			subject: "encoder",
			check: "checkEncoder",
			from: ".encoders",
			answer: `({ body }) => ({ text: \`a file of \${body.image.length} letters\` })`,
		}),
};
