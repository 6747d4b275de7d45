/**
 * A plugin is a plain object from a factory with typed options.
 *
 * @module
 */
import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { Decoder, PluginHost } from "./decoder.ts";
import type { Encoder } from "./encoder.ts";
import { DeDiffusionError } from "./errors.ts";
import type { LanguageModel } from "./language-model.ts";
import type { Metric } from "./metric.ts";
import { checkedBy } from "./schema.ts";

/** The version of the contract that this release speaks. It changes only where a plugin of the version before would break. */
export const apiVersion = 1;

/** What a plugin adds to a server. */
export interface Contribution {
	readonly decoders?: readonly Decoder[];
	readonly encoders?: readonly Encoder[];
	readonly metrics?: readonly Metric[];
	readonly languageModels?: readonly LanguageModel[];
}

/** What `setup` gives: all sorts by their names, or decoders alone as a list. */
export type Provided = readonly Decoder[] | Contribution;

/** A plugin with its options filled in, as it stands in `dediffusion.config.ts`. */
export interface Plugin<Result extends Provided = Provided> {
	/** The package's name, used in errors. */
	readonly name: string;
	/** The contract it was written for. */
	readonly apiVersion: typeof apiVersion;
	/** Makes the models. Called once at start; must not run them, and should not load weights yet. */
	setup(host: PluginHost): Promise<Result> | Result;
}

export interface PluginDefinition<Schema extends StandardSchemaV1, Result extends Provided> {
	readonly name: string;
	/** Checks the options; its messages reach the user. Any Standard Schema: zod, valibot, arktype and others. */
	readonly options: Schema;
	/** As {@link Plugin.setup}, with the checked options. */
	readonly setup: (options: StandardSchemaV1.InferOutput<Schema>, host: PluginHost) => Promise<Result> | Result;
}

/**
 * Turns a definition into the factory that users call in their configuration.
 *
 * @example
 * export const echo = definePlugin({ name: "echo", options: z.object({ url: z.url() }), setup: ({ url }) => [makeDecoder(url)] });
 * // dediffusion.config.ts: plugins: [echo({ url: "http://127.0.0.1:9000" })]
 * @throws DeDiffusionError `CONFIG_INVALID` from the factory, naming the plugin and the option at fault.
 */
export function definePlugin<Schema extends StandardSchemaV1, Result extends Provided>(
	definition: PluginDefinition<Schema, Result>,
): (options: StandardSchemaV1.InferInput<Schema>) => Plugin<Result> {
	return function configurePlugin(options) {
		const checked = checkedBy(definition.options, options);
		if (!checked.success) {
			throw new DeDiffusionError(
				"CONFIG_INVALID",
				`The options of plugin ${definition.name} are wrong: ${checked.reason}`,
				{ input: definition.name },
			);
		}
		return { name: definition.name, apiVersion, setup: (host) => definition.setup(checked.value, host) };
	};
}
