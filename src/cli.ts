#!/usr/bin/env node
/**
 * The command line's door.
 *
 * @module
 */
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);

if (major < 22 || (major === 22 && minor < 18)) {
	process.stderr.write(`De-Diffusion needs Node 22.18 or later, and this is ${process.version}.\n`);
	process.exitCode = 1;
} else {
	// Loaded only now, because an older Node fails on what it does not know before it gets here.
	const { runCommandLine } = await import("./cli/run.ts");
	await runCommandLine();
}
