/**
 * Secrets blotted out of whatever people get to read.
 *
 * @module
 */
import { DeDiffusionError } from "../errors.ts";

const blot = "[redacted]";

/** Shorter ones would blot out ordinary words. */
const shortestSecret = 6;

/** Ends a text that was too long, and perhaps cut off in the middle of a secret. */
const cutOff = " …";

/** What keys look like wherever they come from, also those that nobody told us of. */
const keyShapes: readonly RegExp[] = [
	/(?<=\b(?:Bearer|Basic)\s+)[\w+/=.~-]{8,}/gi,
	/(?<=[?&](?:key|api_?key|token|access_token|sig|signature)=)[^&\s"']+/gi,
	/\bAIza[\w-]{30,}/g,
	/\bya29\.[\w-]{20,}/g,
	/\bsk-[\w-]{16,}/g,
];

/** Knows the secrets of a server's plugins. */
export class Redaction {
	readonly #secrets = new Set<string>();

	/** Blots a secret out from now on, also where it stands encoded for an address, for JSON or in base64. */
	add(secret: string | undefined): void {
		if (secret !== undefined && secret.length >= shortestSecret) {
			const inJson = JSON.stringify(secret).slice(1, -1);
			for (const form of [secret, encodeURIComponent(secret), inJson, Buffer.from(secret).toString("base64")]) {
				this.#secrets.add(form);
			}
		}
	}

	text(text: string): string {
		const known = [...this.#secrets].reduce(
			(rest, secret) => withoutStart(rest.replaceAll(secret, blot), secret),
			text,
		);
		return keyShapes.reduce((rest, shape) => rest.replace(shape, blot), known);
	}

	/** The error itself where it holds no secret; else a copy without, its causes included. */
	error(error: Error): Error {
		const message = this.text(error.message);
		const cause = error.cause instanceof Error ? this.error(error.cause) : this.#value(error.cause);
		const stack = error.stack === undefined ? undefined : this.text(error.stack);
		if (message === error.message && cause === error.cause && stack === error.stack) {
			return error;
		}
		const copy = this.#copy(error, message, cause);
		if (stack !== undefined) {
			copy.stack = stack;
		}
		return copy;
	}

	#copy(error: Error, message: string, cause: unknown): Error {
		if (!DeDiffusionError.is(error)) {
			return Object.assign(new Error(message, cause === undefined ? undefined : { cause }), { name: error.name });
		}
		const { code, input, retryable, retryAfterMs } = error;
		return new DeDiffusionError(code, message, {
			advice: this.text(error.advice),
			retryable,
			...(input !== undefined && { input }),
			...(retryAfterMs !== undefined && { retryAfterMs }),
			...(cause !== undefined && { cause }),
		});
	}

	/** A cause may be anything; what is no text and no error is not looked into, and so not kept where it could hold a secret. */
	#value(cause: unknown): unknown {
		if (typeof cause === "string") {
			return this.text(cause);
		}
		return typeof cause === "object" && cause !== null ? undefined : cause;
	}
}

/** A text without what a cut has left of a secret. */
function withoutStart(text: string, secret: string): string {
	for (let length = secret.length - 1; length >= shortestSecret && text.includes(cutOff); length--) {
		const start = `${secret.slice(0, length)}${cutOff}`;
		if (text.includes(start)) {
			return text.replaceAll(start, `${blot}${cutOff}`);
		}
	}
	return text;
}
