/**
 * What `dediffusion plugin new --kind language-model` writes: a language model over a service.
 *
 * @module
 */
import { type PluginKind, variableOf } from "./kind.ts";

export const languageModelKind: PluginKind = {
	what: "A language model",
	source: (name, id, factory) => `import {
	definePlugin,
	type LanguageModel,
	type PluginHost,
	readJson,
} from "dediffusion/plugin";
import { z } from "zod";

const options = z.strictObject({
	/** The language model's id in the API. */
	id: z.string().default("${id}"),
	/** Where the service is. */
	url: z.url(),
	/** Environment variable that holds the key. */
	keyVariable: z.string().default("${variableOf(id)}"),
});

type Options = z.output<typeof options>;

/** What the service answers. */
const answer = z.object({ text: z.string() });

/** A language model over a service: \`POST /complete\` with \`{ messages }\` answers \`{ text }\`. */
export const ${factory} = definePlugin({
	name: "${name}",
	options,
	setup: (settings, host) => ({ languageModels: [create(settings, host)] }),
});

function create({ id, url, keyVariable }: Options, host: PluginHost): LanguageModel {
	const key = process.env[keyVariable];
	const fetch = host.connect({ url, secrets: [key] });
	const headers = { "content-type": "application/json", ...(key && { authorization: \`Bearer \${key}\` }) };

	return {
		id,
		name: "${id}",
		lane: "network",
		capabilities: { settings: [], deterministic: true },
		async generate({ messages }, { signal }) {
			const body = JSON.stringify({ messages });
			const response = await fetch(new URL("/complete", url), { method: "POST", headers, body, signal });
			const { text } = await readJson(response, answer);
			return { status: "done", text, finishReason: "stop", warnings: [] };
		},
	};
}
`,
	test: (factory) => `import { test } from "node:test";
import { checkLanguageModel, startService, testHost } from "dediffusion/plugin/testing";
import { ${factory} } from "./index.ts";

test("keeps to the contract", async () => {
	const service = await startService(({ body }) => ({ text: \`You said: \${body.messages.at(-1).text}\` }));
	const refusing = await startService((_, response) => void response.writeHead(401).end());
	const host = testHost();
	const [languageModel] = (await ${factory}({ url: service.url }).setup(host)).languageModels;
	const [refused] = (await ${factory}({ url: refusing.url }).setup(host)).languageModels;
	try {
		if (languageModel && refused) {
			await checkLanguageModel(languageModel, { failing: [{ languageModel: refused, code: "BACKEND_AUTH" }] });
		}
	} finally {
		await host.close();
		service.close();
		refusing.close();
	}
});
`,
};
