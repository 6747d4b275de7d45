/**
 * The parts of the built engine that `npm run results` measures and measures with.
 *
 * @module
 */
import { built } from "../dist.ts";

export { repository } from "../dist.ts";
export const { bundledDrawing } = await built<typeof import("../../src/bundled.ts")>("bundled.js");
export const { openModels } = await built<typeof import("../../src/core/models.ts")>("core/models.js");
export const { openReader } = await built<typeof import("../../src/core/reader/reader.ts")>("core/reader/reader.js");
export const { readPicture } =
	await built<typeof import("../../src/core/picture/picture.ts")>("core/picture/picture.js");
export const { toPixels } = await built<typeof import("../../src/core/picture/pixels.ts")>("core/picture/pixels.js");
export const { prefix } = await built<typeof import("../../src/core/text/text.ts")>("core/text/text.js");

const metrics = <Module>(name: string) => built<Module>(`core/metrics/${name}.js`);

export const { psnr } = await metrics<typeof import("../../src/core/metrics/psnr.ts")>("psnr");
export const { firstFeatures } = await metrics<typeof import("../../src/core/metrics/features.ts")>("features");
export const { momentsOf } = await metrics<typeof import("../../src/core/metrics/moments.ts")>("moments");
export const { frechetDistanceTo } =
	await metrics<typeof import("../../src/core/metrics/frechet-distance.ts")>("frechet-distance");
export const { kernelDistance } =
	await metrics<typeof import("../../src/core/metrics/kernel-distance.ts")>("kernel-distance");
export const { drawResample, seededRandom } =
	await metrics<typeof import("../../src/core/metrics/random.ts")>("random");
export const { bootstrapMean, bootstrapRatio, summarize } =
	await metrics<typeof import("../../src/core/metrics/bootstrap.ts")>("bootstrap");
export const { drawContactSheet } =
	await built<typeof import("../../src/cli/contact-sheet.ts")>("cli/contact-sheet.js");
