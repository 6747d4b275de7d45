/**
 * A model that was asked what it is like, once, and is asked again where that may have changed.
 *
 * @module
 */
import { DeDiffusionError } from "dediffusion/plugin";
import type { AnsweredTensor } from "./pictures.ts";
import { type Held, type Plan, type PlannedInput, planFor } from "./plan.ts";
import type { InputTensor, Service } from "./service.ts";

export interface Model<Name extends Held> {
	/** Runs the model with the tensors that are made for its inputs. */
	run(tensorFor: (input: PlannedInput<Name>) => InputTensor, signal: AbortSignal): Promise<AnsweredTensor>;
	/** Whether it could run now, and its tensors are those of the options. */
	check(signal: AbortSignal): Promise<void>;
}

export function modelOf<Name extends Held>(
	service: Service,
	options: Parameters<typeof planFor<Name>>[0],
): Model<Name> {
	let known: Plan<Name> | undefined;

	/** A server may start after this one. */
	async function plan(signal: AbortSignal): Promise<Plan<Name>> {
		const model = await service.describe(signal);
		const canBinary = options.tensors === undefined && (await service.canBinary(signal));
		return planFor(options, model, canBinary);
	}

	return {
		async run(tensorFor, signal) {
			known ??= await plan(signal);
			const { inputs, isBinary } = known;
			return service.infer(inputs.map(tensorFor), options.output, isBinary, signal).catch((error: unknown) => {
				if (DeDiffusionError.is(error) && error.code === "BACKEND_INVALID_REQUEST") {
					// It may be another model by now.
					known = undefined;
				}
				throw error;
			});
		},
		async check(signal) {
			await service.checkReady(signal);
			known = await plan(signal);
		},
	};
}
