/**
 * The host as plugins see it, for their own tests: the real guarded network, and whatever inference the test has.
 *
 * @module
 */
import type { PluginHost } from "../decoder.ts";
import { DeDiffusionError } from "../errors.ts";
import type { Inference } from "../inference.ts";
import { createConnections } from "../network/connections.ts";
import { untraced } from "../tracing.ts";

export interface TestHostOptions {
	/** For plugins that run ONNX graphs. Default: one that opens nothing. */
	readonly inference?: Inference;
	/** What paths in options are relative to. Default: the working folder. */
	readonly folder?: string;
	/** As `network.privateOrigins` of a configuration. */
	readonly privateOrigins?: readonly string[];
}

/** A host that remembers what it was told. */
export interface TestHost extends PluginHost {
	/** Lines of the log, e.g. `warn: the service is old`. */
	readonly logged: readonly string[];
	/** Closes the connections to services. */
	close(): Promise<void>;
}

/**
 * Makes a host to hand to a plugin's `setup`.
 *
 * @example
 * const host = testHost();
 * const [decoder] = await painter({ url }).setup(host);
 */
export function testHost({
	inference = noInference,
	folder = process.cwd(),
	privateOrigins,
}: TestHostOptions = {}): TestHost {
	const { connect, connectSocket, redaction, close } = createConnections({ privateOrigins });
	const logged: string[] = [];
	return {
		folder,
		inference,
		connect,
		connectSocket,
		log: (level, message) => void logged.push(`${level}: ${redaction.text(message)}`),
		trace: untraced,
		logged,
		close,
	};
}

const noInference: Inference = {
	open: (path) =>
		Promise.reject(
			new DeDiffusionError("MODEL_INVALID", `The test gave no inference to open ${path} with.`, { input: path }),
		),
};
