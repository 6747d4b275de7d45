/**
 * Who may talk to the server: the bearer token, and without one only pages of this machine.
 *
 * @module
 */
import { createHash, timingSafeEqual } from "node:crypto";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { DeDiffusionError } from "../plugins/index.ts";

/** Whether an address to listen on can be reached from this machine alone. */
export function isLoopback(host: string): boolean {
	return host === "localhost" || host === "::1" || /^127(\.\d{1,3}){3}$/.test(host);
}

/**
 * @param token The secret that every request must carry; undefined on a loopback address.
 */
export function guardAccess(app: FastifyInstance, token: string | undefined): void {
	app.addHook("onRequest", (request, _reply, done) => {
		if (request.routeOptions.config.public !== true) {
			if (token === undefined) {
				refuseForeignSites(request);
			} else {
				requireToken(request, token);
			}
		}
		done();
	});
}

function requireToken(request: FastifyRequest, token: string): void {
	// Clients of Google's APIs send their key in a header of its own.
	const given = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? "")?.[1] ?? googleKey(request);
	if (given === undefined || !equalSecrets(given, token)) {
		throw new DeDiffusionError("UNAUTHENTICATED", "The request carries no valid token.", { input: "Authorization" });
	}
}

function googleKey({ headers, routeOptions }: FastifyRequest): string | undefined {
	const key = headers["x-goog-api-key"];
	return routeOptions.config.googleKey === true && typeof key === "string" ? key : undefined;
}

/** Compares digests, so that neither content nor length shows in the time it takes. */
function equalSecrets(a: string, b: string): boolean {
	const digest = (secret: string) => createHash("sha256").update(secret).digest();
	return timingSafeEqual(digest(a), digest(b));
}

/**
 * A page on the internet can point its own host name at 127.0.0.1 (DNS rebinding), or post a form here. Its browser
 * then names that page in Host or Origin.
 */
function refuseForeignSites(request: FastifyRequest): void {
	const { host, origin } = request.headers;
	if (host !== undefined && !isHere(`http://${host}`)) {
		throw new DeDiffusionError("HOST_REFUSED", `The host ${host} is not this machine.`, { input: "Host" });
	}
	if (origin !== undefined && !isHere(origin)) {
		throw new DeDiffusionError("HOST_REFUSED", `Pages of ${origin} may not use this server.`, { input: "Origin" });
	}
}

/** What browsers of this machine send nearly always; whatever else there is is taken apart with care. */
const usualAddress = /^https?:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?$/;

function isHere(address: string): boolean {
	if (usualAddress.test(address)) {
		return true;
	}
	const name = URL.parse(address)?.hostname ?? "";
	return isLoopback(name.replace(/^\[(.*)\]$/, "$1"));
}

declare module "fastify" {
	interface FastifyContextConfig {
		/** Answers everybody, without a token and under any host name. */
		public?: boolean;
		/** Takes the token in the header `x-goog-api-key` too. */
		googleKey?: boolean;
	}
}
