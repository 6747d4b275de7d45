/**
 * A question about a picture that nobody shows: its text, and examples of how to answer, as a conversation.
 *
 * The paper puts De-Diffusion text in place of pictures into few-shot prompts of language models (arXiv 2311.00618).
 * Chat models are given the examples as turns that have been.
 *
 * @module
 */
import type { Message } from "../../plugins/index.ts";

/** How a question of one text was answered. */
export interface Example {
	readonly text: string;
	/** Default: the question that is asked. */
	readonly question?: string | undefined;
	readonly answer: string;
}

export interface Question {
	/** What an encoder says of the picture. */
	readonly text: string;
	/** About the picture, or what to make of its text. */
	readonly question: string;
	readonly examples?: readonly Example[] | undefined;
}

const instructions =
	"Each message describes a picture that you cannot see, in words that an encoder chose for it. They may be scrambled, repeat themselves or be mistaken; take them as hints. Answer the question with the answer alone, as briefly as it allows, and in the form of earlier answers.";

/** One system message, two turns for each example, and the question. */
export function conversationOf({ text, question, examples = [] }: Question): Message[] {
	return [
		{ role: "system", text: instructions },
		...examples.flatMap((example): Message[] => [
			turn(example.text, example.question ?? question),
			{ role: "assistant", text: example.answer },
		]),
		turn(text, question),
	];
}

function turn(text: string, question: string): Message {
	return { role: "user", text: `Picture: ${text}\nQuestion: ${question}` };
}
