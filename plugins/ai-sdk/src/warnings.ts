/**
 * Warnings in the words of the AI SDK, whose versions differ, and in ours.
 *
 * @module
 */
import type { ImageModelV2CallWarning, SharedV3Warning, SharedV4Warning } from "@ai-sdk/provider";
import type { DecodeWarning } from "dediffusion/plugin";

type AiSdkWarning = ImageModelV2CallWarning | SharedV3Warning | SharedV4Warning;

/** What a model warned of; a size is two settings here. */
export function fromAiSdkWarning(warning: AiSdkWarning): DecodeWarning[] {
	switch (warning.type) {
		case "unsupported-setting":
			return concerning("unsupported", warning.setting, warning.details);
		case "unsupported":
			return concerning("unsupported", warning.feature, warning.details);
		case "compatibility":
			return concerning("adjusted", warning.feature, warning.details);
		case "deprecated":
			return [{ type: "other", message: `${warning.setting} is deprecated: ${warning.message}` }];
		case "other":
			return [{ type: "other", message: warning.message }];
	}
}

function concerning(type: DecodeWarning["type"], feature: string, details: string | undefined): DecodeWarning[] {
	const message = details || `The model does not take ${feature}.`;
	switch (feature) {
		case "size":
		case "aspectRatio":
			return (["width", "height"] as const).map((setting) => ({ type, setting, message }));
		case "seed":
		case "prompt":
			return [{ type, setting: feature, message }];
		default:
			return [{ type, message }];
	}
}

/** What a decoder warned of, in words that version 4 has too. */
export function toAiSdkWarning({ type, setting, message }: DecodeWarning): SharedV3Warning {
	if (setting === undefined || type === "other") {
		return { type: "other", message };
	}
	const feature = setting === "width" || setting === "height" ? "size" : setting;
	return { type: type === "unsupported" ? "unsupported" : "compatibility", feature, details: message };
}

/** The same in the words of version 2. */
export function inVersion2(warning: SharedV3Warning): ImageModelV2CallWarning {
	switch (warning.type) {
		case "unsupported":
		case "compatibility": {
			const { type, feature, details = feature } = warning;
			const isSetting = feature === "size" || feature === "seed" || feature === "aspectRatio";
			return type === "unsupported" && isSetting
				? { type: "unsupported-setting", setting: feature, details }
				: { type: "other", message: details };
		}
		default:
			return { type: "other", message: warning.message };
	}
}
