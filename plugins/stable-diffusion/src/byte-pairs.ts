/**
 * Byte-pair merging of one word: the best-ranked pair first, the leftmost of equals.
 *
 * A heap keeps this near-linear, so that a hostile word of thousands of symbols cannot hold up the thread.
 *
 * @module
 */

interface Merge {
	readonly rank: number;
	readonly merged: string;
}

interface Candidate extends Merge {
	readonly left: number;
	readonly right: number;
	/** What stood at the two places when the candidate was found; a later merge may have changed it. */
	readonly leftText: string;
	readonly rightText: string;
}

const wordEnd = "</w>";

export class BytePairs {
	readonly #vocabulary: ReadonlyMap<string, number>;
	readonly #merges: ReadonlyMap<string, Merge>;
	readonly #unknown: number;

	/**
	 * @param merges Two symbols with a space between them, best first.
	 * @param unknown The id of a symbol that the vocabulary lacks.
	 */
	constructor(vocabulary: Readonly<Record<string, number>>, merges: readonly string[], unknown: number) {
		this.#vocabulary = new Map(Object.entries(vocabulary));
		this.#merges = new Map(merges.map((pair, rank) => [pair, { rank, merged: pair.replace(" ", "") }]));
		this.#unknown = unknown;
	}

	/** The ids of one word given as symbols. */
	encode(symbols: readonly string[]): number[] {
		const parts = symbols.map((symbol, index) => (index === symbols.length - 1 ? symbol + wordEnd : symbol));
		return this.#merge(parts).map((part) => this.#vocabulary.get(part) ?? this.#unknown);
	}

	#merge(symbols: readonly string[]): string[] {
		const texts: (string | undefined)[] = [...symbols];
		const before = symbols.map((_, index) => index - 1);
		const after = symbols.map((_, index) => index + 1);
		const heap = new Heap();
		const consider = (left: number, right: number) => {
			const leftText = texts[left];
			const rightText = texts[right];
			if (leftText === undefined || rightText === undefined) return;
			const merge = this.#merges.get(`${leftText} ${rightText}`);
			if (merge) heap.push({ ...merge, left, right, leftText, rightText });
		};
		for (let index = 1; index < symbols.length; index++) consider(index - 1, index);
		for (let best = heap.pop(); best; best = heap.pop()) {
			const { left, right, merged } = best;
			if (texts[left] !== best.leftText || texts[right] !== best.rightText || after[left] !== right) continue;
			const next = after[right] as number;
			texts[left] = merged;
			texts[right] = undefined;
			after[left] = next;
			if (next < symbols.length) before[next] = left;
			consider(before[left] as number, left);
			consider(left, next);
		}
		return texts.filter((text) => text !== undefined);
	}
}

const precedes = (a: Candidate, b: Candidate) => a.rank < b.rank || (a.rank === b.rank && a.left < b.left);

/** A binary heap of candidates, the best on top. */
class Heap {
	readonly #items: Candidate[] = [];

	push(item: Candidate): void {
		const items = this.#items;
		let hole = items.length;
		items.push(item);
		while (hole > 0) {
			const parent = (hole - 1) >> 1;
			const above = items[parent] as Candidate;
			if (!precedes(item, above)) break;
			items[hole] = above;
			hole = parent;
		}
		items[hole] = item;
	}

	pop(): Candidate | undefined {
		const items = this.#items;
		const top = items[0];
		const last = items.pop();
		if (last === undefined || items.length === 0) return top;
		let hole = 0;
		for (;;) {
			const left = 2 * hole + 1;
			if (left >= items.length) break;
			const right = left + 1;
			const child =
				right < items.length && precedes(items[right] as Candidate, items[left] as Candidate) ? right : left;
			if (!precedes(items[child] as Candidate, last)) break;
			items[hole] = items[child] as Candidate;
			hole = child;
		}
		items[hole] = last;
		return top;
	}
}
