/**
 * The decoders as the models of foreign APIs.
 *
 * @module
 */
import type { FastifyInstance } from "fastify";
import type { Engine } from "../core/engine.ts";
import type { Decoder } from "../plugins/index.ts";
import { openaiErrors } from "./openai.ts";

/** `GET /v1/models` and `GET /v1/models/<decoder>`, in the form of OpenAI, with the fields that clients of Google read. */
export async function modelRoutes(app: FastifyInstance, engine: Engine): Promise<void> {
	app.setErrorHandler(openaiErrors);
	const config = { googleKey: true };
	app.get("/v1/models", { config }, async () => ({ object: "list", data: engine.decoders.list().map(modelOf) }));
	app.get<{ Params: { "*": string } }>("/v1/models/*", { config }, async ({ params }) =>
		modelOf(engine.decoders.get(params["*"], "model")),
	);
}

function modelOf({ id, name }: Decoder): object {
	return { id, object: "model", created: 0, owned_by: "dediffusion", name: `models/${id}`, displayName: name };
}
