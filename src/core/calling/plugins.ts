/**
 * Plugins set up: all that they give, and what is needed to call it.
 *
 * @module
 */
import {
	apiVersion,
	type CallLimits,
	type Config,
	type Contribution,
	DeDiffusionError,
	type Plugin,
	type PluginHost,
} from "../../plugins/index.ts";
import { createConnections } from "../../plugins/network/connections.ts";
import { untraced } from "../../plugins/tracing.ts";
import { ModelPaths } from "../model-paths.ts";
import type { CallerOptions } from "./caller.ts";
import { type Clock, systemClock } from "./clock.ts";
import { Lanes } from "./lanes.ts";

/** What plugins are lent beside what this room adds. */
export type Lent = Pick<PluginHost, "inference" | "log">;

export interface PluginsOptions extends Pick<Config, "network" | "trace"> {
	/** What paths in plugins' options are relative to. Default: the working folder. */
	readonly folder?: string | undefined;
	/** Default: the system's. */
	readonly clock?: Clock | undefined;
}

/** What all plugins of a server give together. */
export interface Plugged extends Required<Contribution> {
	/** For whoever calls it. */
	readonly calling: CallerOptions;
	/** Closes all of it, and every connection. */
	close(): Promise<void>;
}

/** Each sort that a plugin may give, and how one of it is called in errors. */
const sorts = {
	decoders: "decoders",
	encoders: "encoders",
	metrics: "metrics",
	languageModels: "language models",
} as const satisfies Record<keyof Contribution, string>;

type Sort = keyof typeof sorts;

/** What every sort has in common. */
interface Owned {
	readonly id: string;
	close?(): Promise<void>;
}

/**
 * Sets up plugins, in their order.
 *
 * @throws DeDiffusionError `CONFIG_INVALID` if two of one sort share an id, or a plugin speaks another version of the
 * contract or gives what this release does not know; and what a plugin's setup throws. All is closed again then.
 */
export async function setUpPlugins(
	plugins: readonly Plugin[],
	lent: Lent,
	{ folder = process.cwd(), network, trace = untraced, clock = systemClock }: PluginsOptions = {},
): Promise<Plugged> {
	const { connect, connectSocket, redaction, close } = createConnections({ ...network, trace });
	const log: Lent["log"] = (level, message) => lent.log(level, redaction.text(message));
	const host: PluginHost = { folder, inference: lent.inference, connect, connectSocket, log, trace };
	const found: Record<Sort, Map<string, Owned>> = {
		decoders: new Map(),
		encoders: new Map(),
		metrics: new Map(),
		languageModels: new Map(),
	};
	const closeAll = async () => {
		const owned = Object.values(found).flatMap((ofSort) => [...ofSort.values()]);
		await Promise.all(owned.map((one) => one.close?.()));
		await close();
	};
	try {
		for (const plugin of plugins) {
			for (const [sort, given] of Object.entries(await contributionOf(plugin, host)) as [Sort, Owned[] | undefined][]) {
				for (const one of given ?? []) {
					if (found[sort].has(one.id)) {
						throw wrongPlugin(plugin, `Two ${sorts[sort]} have the id ${one.id}.`);
					}
					found[sort].set(one.id, one);
				}
			}
		}
	} catch (error) {
		await closeAll();
		throw error instanceof Error ? redaction.error(error) : error;
	}
	const all = Object.fromEntries(Object.entries(found).map(([sort, ofSort]) => [sort, [...ofSort.values()]]));
	const contribution = all as unknown as Required<Contribution>;
	const paths = new ModelPaths((message) => log("error", message));
	for (const { id, model } of contribution.decoders) {
		if (model !== undefined) {
			paths.add(id, model.folder);
		}
	}
	return {
		...contribution,
		calling: { lanes: new Lanes(), clock, trace, redaction, paths, log },
		close: closeAll,
	};
}

/** What one plugin gives, by its sorts. @throws As {@link setUpPlugins}. */
export async function contributionOf(plugin: Plugin, host: PluginHost): Promise<Contribution> {
	if (plugin.apiVersion !== apiVersion) {
		throw wrongPlugin(plugin, `Plugin ${plugin.name} speaks version ${plugin.apiVersion} of the plugin contract.`, {
			advice: `This release speaks version ${apiVersion}: install a release of the plugin that was made for it.`,
		});
	}
	const provided = await plugin.setup(host);
	const contribution: Contribution = isList(provided) ? { decoders: provided } : provided;
	const unknown = Object.keys(contribution).find((sort) => !(sort in sorts));
	if (unknown !== undefined) {
		throw wrongPlugin(plugin, `Plugin ${plugin.name} gives ${unknown}, which this release does not know.`, {
			advice: `A plugin gives ${Object.keys(sorts).join(", ")}.`,
		});
	}
	return contribution;
}

/** `Array.isArray` does not tell lists that cannot be changed from what is no list. */
function isList<Item>(value: readonly Item[] | object): value is readonly Item[] {
	return Array.isArray(value);
}

/**
 * Checks that limits in a configuration are for what is there.
 *
 * @param name Of the configuration's key, e.g. `decoders`.
 * @throws DeDiffusionError `CONFIG_INVALID`.
 */
export function checkLimits(
	limits: Readonly<Record<string, CallLimits>>,
	ids: readonly string[],
	name: "decoders" | "metrics" | "languageModels",
): void {
	const unknown = Object.keys(limits).find((id) => !ids.includes(id));
	if (unknown !== undefined) {
		const one = sorts[name].slice(0, -1);
		throw new DeDiffusionError("CONFIG_INVALID", `The configuration limits a ${one} ${unknown} that is not there.`, {
			input: `${name}.${unknown}`,
			advice: `Name one of ${ids.join(", ")}.`,
		});
	}
}

function wrongPlugin({ name }: Plugin, message: string, options: { advice?: string } = {}): DeDiffusionError {
	return new DeDiffusionError("CONFIG_INVALID", message, { input: name, ...options });
}
