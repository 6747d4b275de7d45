/**
 * The noise that `torch.randn` draws on a CPU, so that a seed means here what it means in PyTorch and diffusers.
 *
 * @module
 */

const { fround } = Math;

/** Below this many numbers torch draws one by one, in double precision. */
const smallestBlock = 16;

/** A source of numbers that a seed decides. */
export interface Random {
	/** As `torch.randn(count, generator=generator)`: what is drawn depends on what was drawn before. */
	normal(count: number): Float32Array;
}

/**
 * As `torch.Generator().manual_seed(seed)`.
 *
 * @param seed An integer in [0, 2^32).
 */
export function seededRandom(seed: number): Random {
	const random = mersenneTwister(seed);
	/** The second number of a pair whose first one was enough; only small draws leave and take it. */
	let spare: number | undefined;

	function drawOne(): number {
		if (spare !== undefined) {
			const kept = spare;
			spare = undefined;
			return kept;
		}
		const angle = 2 * Math.PI * uniform53(random);
		const radius = Math.sqrt(-2 * Math.log1p(-uniform53(random)));
		spare = radius * Math.sin(angle);
		return radius * Math.cos(angle);
	}

	return {
		normal: (count) =>
			count < smallestBlock ? Float32Array.from({ length: count }, drawOne) : drawBlocks(count, random),
	};
}

/** As `torch.randn(count, generator=torch.Generator().manual_seed(seed))`. */
export function standardNormal(count: number, seed: number): Float32Array {
	return seededRandom(seed).normal(count);
}

/** Box-Muller on blocks of 16, in float32: the first eight give the radii, the others the angles. */
function drawBlocks(count: number, random: () => number): Float32Array {
	const numbers = new Float32Array(count);
	for (let index = 0; index < count; index++) numbers[index] = uniform24(random);
	for (let start = 0; start + smallestBlock <= count; start += smallestBlock) transformBlock(numbers, start);
	if (count % smallestBlock !== 0) {
		// Torch draws the last sixteen again rather than the remainder alone.
		const start = count - smallestBlock;
		for (let index = start; index < count; index++) numbers[index] = uniform24(random);
		transformBlock(numbers, start);
	}
	return numbers;
}

function transformBlock(numbers: Float32Array, start: number): void {
	for (let index = start; index < start + smallestBlock / 2; index++) {
		const logarithm = fround(Math.log(fround(1 - (numbers[index] as number))));
		const radius = fround(Math.sqrt(fround(-2 * logarithm)));
		const angle = fround(fround(2 * Math.PI) * (numbers[index + smallestBlock / 2] as number));
		numbers[index] = radius * fround(Math.cos(angle));
		numbers[index + smallestBlock / 2] = radius * fround(Math.sin(angle));
	}
}

const uniform24 = (random: () => number) => (random() & 0xffffff) / 2 ** 24;

const uniform53 = (random: () => number) => {
	const high = random() & 0x1fffff;
	return (high * 2 ** 32 + random()) / 2 ** 53;
};

/** MT19937 (Matsumoto and Nishimura, 1998): integers in [0, 2^32). */
function mersenneTwister(seed: number): () => number {
	const size = 624;
	const state = new Uint32Array(size);
	state[0] = seed;
	for (let index = 1; index < size; index++) {
		const before = state[index - 1] as number;
		state[index] = Math.imul(before ^ (before >>> 30), 1812433253) + index;
	}
	let next = size;

	function refill(): void {
		for (let index = 0; index < size; index++) {
			const joined = ((state[index] as number) & 0x80000000) | ((state[(index + 1) % size] as number) & 0x7fffffff);
			state[index] = (state[(index + 397) % size] as number) ^ (joined >>> 1) ^ (joined & 1 ? 0x9908b0df : 0);
		}
		next = 0;
	}

	return () => {
		if (next === size) refill();
		let value = state[next++] as number;
		value ^= value >>> 11;
		value ^= (value << 7) & 0x9d2c5680;
		value ^= (value << 15) & 0xefc60000;
		return (value ^ (value >>> 18)) >>> 0;
	};
}
