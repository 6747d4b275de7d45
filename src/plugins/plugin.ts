/**
 * A plugin is a plain object from a factory with typed options.
 *
 * @module
 */
import { z } from "zod";
import type { Decoder, PluginHost } from "./decoder.ts";
import { DeDiffusionError } from "./errors.ts";

/** A plugin with its options filled in, as it stands in `dediffusion.config.ts`. */
export interface Plugin {
	/** The package's name, used in errors. */
	readonly name: string;
	/** The contract it was written for. */
	readonly apiVersion: 1;
	/** Makes the decoders. Called once at start; must not draw, and should not load weights yet. */
	setup(host: PluginHost): Promise<readonly Decoder[]> | readonly Decoder[];
}

export interface PluginDefinition<Schema extends z.ZodType> {
	readonly name: string;
	/** Checks the options; its messages reach the user. */
	readonly options: Schema;
	/** As {@link Plugin.setup}, with the checked options. */
	readonly setup: (options: z.output<Schema>, host: PluginHost) => Promise<readonly Decoder[]> | readonly Decoder[];
}

/**
 * Turns a definition into the factory that users call in their configuration.
 *
 * @example
 * export const echo = definePlugin({ name: "echo", options: z.object({ url: z.url() }), setup: ({ url }) => [makeDecoder(url)] });
 * // dediffusion.config.ts: plugins: [echo({ url: "http://127.0.0.1:9000" })]
 * @throws DeDiffusionError `CONFIG_INVALID` from the factory, naming the plugin and the option at fault.
 */
export function definePlugin<Schema extends z.ZodType>(
	definition: PluginDefinition<Schema>,
): (options: z.input<Schema>) => Plugin {
	return function configurePlugin(options) {
		const checked = definition.options.safeParse(options);
		if (!checked.success) {
			throw new DeDiffusionError(
				"CONFIG_INVALID",
				`The options of plugin ${definition.name} are wrong: ${z.prettifyError(checked.error)}`,
				{ input: definition.name, cause: checked.error },
			);
		}
		const settings = checked.data;
		return { name: definition.name, apiVersion: 1, setup: (host) => definition.setup(settings, host) };
	};
}
