/**
 * The hook through which host and plugins show what takes how long.
 *
 * @module
 */

/**
 * Runs a piece of work under a name and returns its result, or throws what it throws. The work runs inside of the call,
 * so that a tracer with an active span, as OpenTelemetry has one, sees nested work as nested.
 *
 * @param name What is done, e.g. `decoder.generate`.
 * @param attributes What it is done with; never a secret, never a prompt.
 * @example
 * const trace: Trace = (name, attributes, work) =>
 * 	tracer.startActiveSpan(name, { attributes }, (span) => work().finally(() => span.end()));
 */
export type Trace = <Result>(
	name: string,
	attributes: Readonly<Record<string, string | number | boolean>>,
	work: () => Promise<Result>,
) => Promise<Result>;

/** Runs the work and tells nobody. */
export const untraced: Trace = (_name, _attributes, work) => work();
