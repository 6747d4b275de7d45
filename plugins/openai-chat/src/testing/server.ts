/**
 * A server that speaks OpenAI's chat completions, for tests: it says which colour it is shown, or repeats what it is asked.
 *
 * @module
 */
import { startService, type TestService } from "dediffusion/plugin/testing";
import sharp from "sharp";

interface Part {
	readonly type: string;
	readonly text?: string;
	readonly image_url?: { readonly url: string };
}

interface Turn {
	readonly role: string;
	readonly content: string | readonly Part[];
}

export function startChatServer(): Promise<TestService> {
	return startService(async ({ method, path, body }, response) => {
		if (method === "GET" && path.endsWith("/models")) {
			return { object: "list", data: [{ id: "m", object: "model" }] };
		}
		if (path !== "/v1/chat/completions" || body.model === undefined || body.messages.length === 0) {
			response.writeHead(400).end(JSON.stringify({ error: { message: "what?", type: "invalid_request_error" } }));
			return undefined;
		}
		const limit: number = body.max_tokens ?? body.max_completion_tokens ?? 100;
		const words = (await answerTo(body.messages, body.temperature > 0 ? body.seed : 0)).split(" ");
		return {
			id: "chatcmpl-1",
			object: "chat.completion",
			created: 1,
			model: body.model,
			choices: [
				{
					index: 0,
					message: { role: "assistant", content: words.slice(0, limit).join(" "), refusal: null },
					logprobs: null,
					finish_reason: words.length > limit ? "length" : "stop",
				},
			],
			usage: {
				prompt_tokens: JSON.stringify(body.messages).length,
				completion_tokens: Math.min(limit, words.length),
				total_tokens: 0,
			},
		};
	});
}

async function answerTo(messages: readonly Turn[], seed: number): Promise<string> {
	const content = messages.at(-1)?.content ?? "";
	if (typeof content === "string") {
		return `You asked: ${content.split("\n").at(-1)}`;
	}
	const text = content.find((part) => part.type === "text")?.text ?? "";
	const url = content.find((part) => part.type === "image_url")?.image_url?.url ?? "";
	const bytes = Buffer.from(url.slice(url.indexOf(",") + 1), "base64");
	const { dominant } = await sharp(bytes).stats();
	const caption = `a picture of rgb ${dominant.r} ${dominant.g} ${dominant.b}${seed > 0 ? `, version ${seed}` : ""}`;
	const most = /at most (\d+) words/.exec(text)?.[1];
	return caption
		.split(" ")
		.slice(0, most === undefined ? undefined : Number(most))
		.join(" ");
}
