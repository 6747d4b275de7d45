/**
 * What a decoder under test holds open: timers, workers, processes, watchers and servers that its calls began.
 *
 * @module
 */
import { AsyncLocalStorage, createHook } from "node:async_hooks";

/** Kinds of things that keep a process alive, as Node names them. Connections are not among them: they are the host's. */
const kinds: Readonly<Record<string, string>> = {
	Timeout: "a timer",
	MESSAGEPORT: "a message port",
	WORKER: "a worker thread",
	PROCESSWRAP: "a process",
	TCPSERVERWRAP: "a server",
	PIPESERVERWRAP: "a server",
	FSEVENTWRAP: "a file watcher",
	STATWATCHER: "a file watcher",
};

/** Something that may keep the process alive; those that do not, because they were told so, say it. */
interface Resource {
	hasRef?(): boolean;
}

export class Holdings {
	readonly #calls = new AsyncLocalStorage<this>();
	readonly #held = new Map<number, { readonly kind: string; readonly resource: Resource }>();
	readonly #hook = createHook({
		init: (id, type, _trigger, resource) => {
			const kind = kinds[type];
			if (kind !== undefined && this.#calls.getStore() === this) {
				this.#held.set(id, { kind, resource });
			}
		},
		destroy: (id) => void this.#held.delete(id),
	});

	/** Runs a call of the decoder and remembers what it opens, also later on. */
	during<Result>(call: () => Result): Result {
		this.#hook.enable();
		return this.#calls.run(this, call);
	}

	/** What is still open and would keep the process alive. */
	left(): string[] {
		return [...this.#held.values()].filter(({ resource }) => resource.hasRef?.() ?? true).map(({ kind }) => kind);
	}

	stop(): void {
		this.#hook.disable();
	}
}
