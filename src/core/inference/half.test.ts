import { dirname, join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { tinyPipeline } from "../../../test/fixtures.ts";
import type { Tensor } from "../../plugins/index.ts";
import { createInference } from "./pool.ts";

/** The same U-Net twice: with float32 in and out, and with float16 throughout. */
const fine = join(tinyPipeline, "unet", "model.onnx");
const coarse = join(dirname(tinyPipeline), "tiny-half", "unet", "model.onnx");

const pool = createInference({ providers: ["cpu"], threads: 1 });
afterAll(() => pool.close());

const values = (count: number) => Float32Array.from({ length: count }, (_, index) => Math.sin(index));

/** Numbers as float16 bits; Node has an array for them, the compiler's library not yet. */
function toBits(numbers: Float32Array): Uint16Array {
	const { Float16Array } = globalThis as unknown as { Float16Array: typeof Float32Array };
	return new Uint16Array(Float16Array.from(numbers).buffer);
}

function toNumbers(bits: Uint16Array): number[] {
	const { Float16Array } = globalThis as unknown as { Float16Array: typeof Float32Array };
	return [...new Float16Array(bits.buffer as ArrayBuffer, bits.byteOffset, bits.length)];
}

it("float16 goes into a graph and comes out of it as bits", async () => {
	const [sample, states] = [values(256), values(512)];
	const single = await (await pool.open(fine)).run({
		sample: { type: "float32", dims: [1, 4, 8, 8], data: sample },
		timestep: { type: "float32", dims: [], data: Float32Array.of(300) },
		encoder_hidden_states: { type: "float32", dims: [1, 16, 32], data: states },
	});
	const half = await (await pool.open(coarse)).run({
		sample: { type: "float16", dims: [1, 4, 8, 8], data: toBits(sample) },
		timestep: { type: "float16", dims: [1], data: toBits(Float32Array.of(300)) },
		encoder_hidden_states: { type: "float16", dims: [1, 16, 32], data: toBits(states) },
	});
	const { type, data } = half.out_sample as Tensor;
	expect(type).toBe("float16");
	const expected = [...((single.out_sample as Tensor).data as Float32Array)];
	const distances = toNumbers(data as Uint16Array).map((number, index) =>
		Math.abs(number - (expected[index] as number)),
	);
	expect(distances).toHaveLength(256);
	expect(Math.max(...distances)).toBeLessThan(0.02 * Math.max(...expected.map(Math.abs)));
});
