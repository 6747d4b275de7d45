/**
 * What `dediffusion plugin new --kind language-model` writes: a language model over a service.
 *
 * @module
 */
import { connectionSource, optionsSource, type PluginKind, testSource } from "./kind.ts";

export const languageModelKind: PluginKind = {
	what: "A language model",
	source: (name, id, factory) => `import {
	definePlugin,
	type LanguageModel,
	type PluginHost,
	readJson,
} from "dediffusion/plugin";
import { z } from "zod";

${optionsSource("language model", id)}
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
${connectionSource}
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
	test: (factory) =>
		testSource(factory, {
			subject: "languageModel",
			check: "checkLanguageModel",
			from: ".languageModels",
			answer: `({ body }) => ({ text: \`You said: \${body.messages.at(-1).text}\` })`,
		}),
};
