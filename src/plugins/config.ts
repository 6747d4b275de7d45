/**
 * The configuration file `dediffusion.config.ts`: code, typed and checked.
 *
 * @module
 */
import type { ExecutionProvider } from "./inference.ts";
import type { CallLimits, DecoderLimits } from "./limits.ts";
import type { Plugin } from "./plugin.ts";
import type { Trace } from "./tracing.ts";

/** An encoder: the folder of a De-Diffusion encoder, or one that a plugin gives, with limits of its own if need be. */
export type EncoderEntry = { readonly id: string; readonly folder: string } | ({ readonly id: string } & CallLimits);

/** What a user may configure. Everything has a default; secrets come from the environment instead. */
export interface Config {
	/** Decoders and whatever else plugins give, in the order they are listed. Default: the bundled ones. */
	readonly plugins?: readonly Plugin[];
	/** How hard single decoders may be driven, by their ids; what is not named here stays as the plugin declares it. */
	readonly decoders?: Readonly<Record<string, DecoderLimits>>;
	/** How hard single metrics of plugins may be driven, by their ids. */
	readonly metrics?: Readonly<Record<string, CallLimits>>;
	/** The same for language models. */
	readonly languageModels?: Readonly<Record<string, CallLimits>>;
	/**
	 * Encoders; the first one is the default. Those of plugins follow without being listed: list one to make it the first,
	 * or to limit it. Default: the bundled one.
	 */
	readonly encoders?: readonly EncoderEntry[];
	/** Where pictures and comparisons are kept. Default: `.dediffusion` in the working folder. */
	readonly dataFolder?: string;
	readonly server?: {
		/** Default 127.0.0.1. Any other address needs DEDIFFUSION_TOKEN. */
		readonly host?: string;
		/** Default 4000. */
		readonly port?: number;
	};
	readonly inference?: {
		/** Worker threads that hold sessions. Default 1: one run uses all cores already. */
		readonly workers?: number;
		/** Threads inside one run. Default: the number of cores. */
		readonly threads?: number;
		/** Bytes of weights that may stay loaded. Default: half of the machine's memory. */
		readonly memoryBudget?: number;
		/** Providers to try, best first. Default: cuda, webgpu, cpu. */
		readonly providers?: readonly ExecutionProvider[];
	};
	readonly network?: {
		/**
		 * Origins on this machine or in a private network, e.g. `http://10.0.0.7:9000`, that answers of services may lead
		 * to. The service addresses in the options of plugins need not be repeated here.
		 */
		readonly privateOrigins?: readonly string[];
	};
	/** Told of every piece of work of decoders; default: nobody is. */
	readonly trace?: Trace;
	readonly limits?: {
		/** Largest picture file, in bytes. Default 20 MiB. */
		readonly pictureBytes?: number;
		/** Largest picture, in pixels. Default 50 million. */
		readonly picturePixels?: number;
		/** Longest text, in characters. Default 4,000. */
		readonly textLength?: number;
		/** Most cells of one comparison. Default 400. */
		readonly comparisonCells?: number;
	};
}

/** Gives a configuration file its types; changes nothing. */
export function defineConfig(config: Config): Config {
	return config;
}
