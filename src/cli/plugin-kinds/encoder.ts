/**
 * What `dediffusion plugin new --kind encoder` writes: an encoder over a service.
 *
 * @module
 */
import { type PluginKind, variableOf } from "./kind.ts";

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

const options = z.strictObject({
	/** The encoder's id in the API. */
	id: z.string().default("${id}"),
	/** Where the service is. */
	url: z.url(),
	/** Environment variable that holds the key. */
	keyVariable: z.string().default("${variableOf(id)}"),
});

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
	const key = process.env[keyVariable];
	const fetch = host.connect({ url, secrets: [key] });
	const headers = { "content-type": "application/json", ...(key && { authorization: \`Bearer \${key}\` }) };

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
	test: (factory) => `import { test } from "node:test";
import { checkEncoder, startService, testHost } from "dediffusion/plugin/testing";
import { ${factory} } from "./index.ts";

test("keeps to the contract", async () => {
	const service = await startService(({ body }) => ({ text: \`a file of \${body.image.length} letters\` }));
	const refusing = await startService((_, response) => void response.writeHead(401).end());
	const host = testHost();
	const [encoder] = (await ${factory}({ url: service.url }).setup(host)).encoders;
	const [refused] = (await ${factory}({ url: refusing.url }).setup(host)).encoders;
	try {
		if (encoder && refused) {
			await checkEncoder(encoder, { failing: [{ encoder: refused, code: "BACKEND_AUTH" }] });
		}
	} finally {
		await host.close();
		service.close();
		refusing.close();
	}
});
`,
};
