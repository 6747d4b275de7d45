/**
 * Which addresses may be reached: the public internet, unless somebody who may say so said otherwise.
 *
 * @module
 */
import { lookup } from "node:dns";
import { isIP, type LookupFunction } from "node:net";
import ipaddr from "ipaddr.js";

/** Whether an IP address may be reached. */
export type AllowAddress = (address: string) => boolean;

/** Whether an IP address belongs to the public internet: no loopback, private, link-local, reserved or embedded such address. */
export function isPublicAddress(address: string): boolean {
	return ipaddr.isValid(address) && ipaddr.process(address).range() === "unicast";
}

/** An address that must not be reached. Each caller puts it into the words of its own errors. */
export class ForbiddenAddress extends Error {
	override readonly name = "ForbiddenAddress";
	readonly host: string;

	constructor(host: string) {
		super(`${host} is not on the public internet`);
		this.host = host;
	}
}

/**
 * Refuses a URL that names a forbidden IP address. A connection to a literal address asks no name server, so
 * {@link guardedLookup} never sees it.
 *
 * @throws ForbiddenAddress
 */
export function checkLiteral(url: URL, allow: AllowAddress): void {
	const host = url.hostname.replace(/^\[|\]$/g, "");
	if (isIP(host) !== 0 && !allow(host)) {
		throw new ForbiddenAddress(host);
	}
}

/**
 * Resolves names for a connection and fails with {@link ForbiddenAddress}. It checks the very addresses that are then
 * connected to, so that no name can change its mind in between.
 */
export function guardedLookup(allow: AllowAddress): LookupFunction {
	return function lookupAllowed(hostname, options, callback) {
		lookup(hostname, { ...options, all: true }, (error, addresses) => {
			if (error !== null) {
				callback(error, "");
				return;
			}
			const first = addresses[0];
			if (first === undefined || addresses.some(({ address }) => !allow(address))) {
				callback(new ForbiddenAddress(hostname), "");
			} else if (options.all) {
				callback(null, addresses);
			} else {
				callback(null, first.address, first.family);
			}
		});
	};
}

/** The first error of a kind in a chain of causes. */
export function findCause<Kind extends Error>(
	error: unknown,
	isKind: (error: Error) => error is Kind,
): Kind | undefined {
	for (let cause = error; cause instanceof Error; cause = cause.cause) {
		if (isKind(cause)) {
			return cause;
		}
	}
	return undefined;
}
