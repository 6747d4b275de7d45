/**
 * What `dediffusion plugin new --kind metric` writes: a metric over a service.
 *
 * @module
 */
import { connectionSource, optionsSource, type PluginKind, testSource } from "./kind.ts";

export const metricKind: PluginKind = {
	what: "A metric",
	source: (name, id, factory) => `import {
	definePlugin,
	type Metric,
	type MetricPair,
	type PluginHost,
	readJson,
	type SourcePicture,
} from "dediffusion/plugin";
import { z } from "zod";

${optionsSource("metric", id)}
type Options = z.output<typeof options>;

/** What the service answers. */
const answer = z.object({ distance: z.number() });

/** A metric over a service that compares pictures: \`POST /compare\` with \`{ images }\`, two files in base64, answers \`{ distance }\`. */
export const ${factory} = definePlugin({
	name: "${name}",
	options,
	setup: (settings, host) => ({ metrics: [create(settings, host)] }),
});

function create({ id, url, keyVariable }: Options, host: PluginHost): Metric {
${connectionSource}
	async function fileOf(picture: SourcePicture): Promise<string> {
		const { bytes } = await picture.file({ mediaTypes: ["image/png", "image/jpeg"], maxSide: 1024 });
		return Buffer.from(bytes).toString("base64");
	}

	async function compare({ original, picture }: MetricPair, signal: AbortSignal): Promise<number> {
		const body = JSON.stringify({ images: [await fileOf(original), await fileOf(picture)] });
		const response = await fetch(new URL("/compare", url), { method: "POST", headers, body, signal });
		return (await readJson(response, answer)).distance;
	}

	return {
		id,
		name: "${id}",
		higherIsBetter: false,
		lane: "network",
		capabilities: { maxBatch: 1 },
		measure: (pairs, { signal }) => Promise.all(pairs.map((pair) => compare(pair, signal))),
	};
}
`,
	test: (factory) =>
		testSource(factory, {
			subject: "metric",
			check: "checkMetric",
			from: ".metrics",
			answer: `({ body }) => ({ distance: Math.abs(body.images[0].length - body.images[1].length) })`,
		}),
};
