/**
 * `dediffusion serve`: the server, until a signal ends it.
 *
 * @module
 */
import type { Command } from "commander";
import { loadConfiguration } from "../configuration.ts";
import type { RunningServer } from "../server.ts";
import { number } from "./options.ts";
import { friendlyLine } from "./terminal.ts";

interface ServeOptions {
	readonly host?: string;
	readonly port?: number;
	readonly data?: string;
	readonly config?: string;
	readonly verbose?: boolean;
}

export function addServe(program: Command): void {
	program
		.command("serve")
		.description("serve the GraphQL API")
		.option("--host <address>", "address to listen on (default: 127.0.0.1)")
		.option("--port <number>", "port to listen on (default: 4000)", number)
		.option("--data <folder>", "where pictures and comparisons are kept (default: .dediffusion)")
		.option("--config <file>", "configuration file (default: dediffusion.config.ts, where there is one)")
		.option("--verbose", "log more")
		.action(serve);
}

async function serve(options: ServeOptions): Promise<void> {
	const { host, port, data: dataFolder, config: file } = options;
	const configuration = await loadConfiguration({ host, port, dataFolder, file });
	// GraphQL's library checks each object for copies of itself, unless it is told at the start that nobody develops here.
	process.env.NODE_ENV ??= "production";
	// Other commands need none of it: GraphQL and HTTP take half a second to load.
	const { startServer } = await import("../server.ts");
	const server = await startServer(configuration, { logLevel: options.verbose ? "info" : "warn" });
	process.stdout.write(
		[
			`De-Diffusion is ready at ${server.url}`,
			`  Open ${server.url}/graphql in a browser to try queries.`,
			`  Pictures and comparisons are kept in ${configuration.engine.dataFolder}`,
			"",
		].join("\n"),
	);
	stopOnSignals(server);
}

/** The first signal stops in order, the second at once. */
function stopOnSignals(server: RunningServer): void {
	let stopping = false;
	for (const signal of ["SIGTERM", "SIGINT"] as const) {
		process.on(signal, () => {
			if (stopping) {
				process.exit(1);
			}
			stopping = true;
			server.close().then(
				() => process.exit(0),
				(error: unknown) => {
					process.stderr.write(`${friendlyLine(error)}\n`);
					process.exit(1);
				},
			);
		});
	}
}
