/**
 * Progress lines: which set of pictures is being drawn, how fast, and how long the rest will take at that rate.
 *
 * @module
 */

export interface Progress {
	/** Something that takes its time begins. */
	say(message: string): void;
	/** A set of pictures begins. */
	begin(name: string, pictures: number): void;
	/** @param drawn False for pictures that were kept from an earlier run. */
	advance(pictures: number, drawn: boolean): void;
}

/** @param write Takes one line. @param now Milliseconds. */
export function createProgress(write: (line: string) => void, now: () => number = () => performance.now()): Progress {
	let set = { name: "", pictures: 0, done: 0, drawn: 0, started: 0 };
	return {
		say: write,
		begin(name, pictures) {
			set = { name, pictures, done: 0, drawn: 0, started: now() };
		},
		advance(pictures, drawn) {
			set.done += pictures;
			set.drawn += drawn ? pictures : 0;
			const line = `${set.name}: ${set.done} of ${set.pictures}`;
			const seconds = (now() - set.started) / 1000;
			if (set.drawn > 0) {
				const rate = set.drawn / seconds;
				const left = (set.pictures - set.done) / rate;
				write(`${line}, ${rate.toFixed(1)} a second, ${duration(left)} left`);
			} else if (set.done === set.pictures) {
				write(`${line}, kept from before`);
			}
		},
	};
}

function duration(seconds: number): string {
	return seconds < 90 ? `${Math.round(seconds)} s` : `${Math.round(seconds / 60)} min`;
}
