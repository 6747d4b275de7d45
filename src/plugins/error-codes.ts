/**
 * Every error code there is: the one table that docs/errors.md is generated from.
 *
 * @module
 */

export interface ErrorCodeEntry {
	/** When it happens. */
	readonly meaning: string;
	/** What the caller can do, unless the error itself knows better. */
	readonly advice: string;
	/** Whether the same call may succeed later without a change. */
	readonly retryable: boolean;
	/** The HTTP status where the error answers a plain HTTP request. */
	readonly status: number;
}

const entry = (status: number, retryable: boolean, meaning: string, advice: string): ErrorCodeEntry => ({
	meaning,
	advice,
	retryable,
	status,
});

export const errorCodes = {
	// Pictures
	PICTURE_INPUT_AMBIGUOUS: entry(
		400,
		false,
		"None or several of id, url and data were given.",
		"Give exactly one of id, url and data.",
	),
	PICTURE_EMPTY: entry(
		400,
		false,
		"The picture has zero bytes.",
		"Send the bytes of a PNG, JPEG, WebP, GIF, AVIF or TIFF file.",
	),
	PICTURE_UNREADABLE: entry(
		400,
		false,
		"The bytes are no picture that can be decoded, or the file is cut short.",
		"Send a complete PNG, JPEG, WebP, GIF, AVIF or TIFF file.",
	),
	PICTURE_TOO_LARGE: entry(
		413,
		false,
		"The picture has more bytes or pixels than the server accepts.",
		"Send a smaller picture.",
	),
	PICTURE_NOT_FOUND: entry(404, false, "No picture with this id is stored.", "Upload it with POST /pictures first."),
	PICTURE_URL_REFUSED: entry(
		400,
		false,
		"The address is not one that the server may fetch from.",
		"Use a public http or https address, or send the bytes.",
	),
	PICTURE_URL_FAILED: entry(
		400,
		true,
		"The address did not answer with a picture.",
		"Check the address in a browser, or send the bytes.",
	),
	// Text and settings
	TEXT_EMPTY: entry(400, false, "The text is empty or only white space.", "Give at least one word."),
	TEXT_TOO_LONG: entry(400, false, "The text is longer than the server accepts.", "Shorten the text."),
	SETTING_INVALID: entry(
		400,
		false,
		"A setting is not a number, or outside its range.",
		"Use a value inside the range given in the message.",
	),
	INPUT_INVALID: entry(
		400,
		false,
		"An argument does not have the form it must have.",
		"Correct the argument named in the message.",
	),
	// Encoders, decoders, models
	ENCODER_NOT_FOUND: entry(404, false, "No encoder has this id.", "List the ids with the query encoders."),
	DECODER_NOT_FOUND: entry(404, false, "No decoder has this id.", "List the ids with the query decoders."),
	LANGUAGE_MODEL_NOT_FOUND: entry(
		404,
		false,
		"No language model has this id, or there is none at all.",
		"List the ids with the query languageModels.",
	),
	MODEL_INVALID: entry(
		500,
		false,
		"A model folder lacks a file or holds one that cannot be used.",
		"Restore the folder, or correct the file named in the message.",
	),
	MODEL_VERSION_UNKNOWN: entry(
		500,
		false,
		"A model folder was written in a format version this release does not know.",
		"Update De-Diffusion, or export the model again.",
	),
	MODEL_NOT_FOUND: entry(
		404,
		false,
		"The model hub has no such repository or revision, or does not show it.",
		"Check the name; for a private repository, set HF_TOKEN.",
	),
	DOWNLOAD_DAMAGED: entry(
		502,
		true,
		"A file came with another checksum than its source gives for it.",
		"Try again; if it happens again, something on the way changes the file.",
	),
	SCHEDULER_UNKNOWN: entry(
		400,
		false,
		"The scheduler's class is not one that the decoder knows.",
		"Use one of the schedulers listed in the message.",
	),
	INFERENCE_FAILED: entry(
		500,
		true,
		"The runtime failed while it ran a model.",
		"Try again; if it happens again, look into the server's log.",
	),
	WORKER_CRASHED: entry(
		500,
		true,
		"The thread that ran the model ended unexpectedly; it was started again.",
		"Try again.",
	),
	OUT_OF_MEMORY: entry(
		503,
		true,
		"The models do not fit in the memory that they may use.",
		"Raise the memory budget, or use fewer or smaller models.",
	),
	// Backends
	BACKEND_AUTH: entry(
		502,
		false,
		"The backend refused the credentials.",
		"Check the key in the environment variable named by the plugin.",
	),
	BACKEND_RATE_LIMITED: entry(503, true, "The backend wants fewer requests.", "Try again later."),
	BACKEND_INVALID_REQUEST: entry(
		502,
		false,
		"The backend refused the request.",
		"Read the backend's reason in the message.",
	),
	BACKEND_UNAVAILABLE: entry(
		503,
		true,
		"The backend cannot be reached or answers with a failure.",
		"Check that it runs and that its address is right.",
	),
	BACKEND_TIMEOUT: entry(
		504,
		true,
		"The backend did not answer in time.",
		"Try again, or raise the decoder's timeout.",
	),
	BACKEND_PROTOCOL: entry(
		502,
		false,
		"The backend's answer could not be understood.",
		"Check that its address and version are the ones that the plugin supports.",
	),
	CONTENT_FILTERED: entry(422, false, "The backend kept back the picture or text that it made.", "Change the text."),
	ABORTED: entry(499, true, "The work was cancelled.", "Start it again if it is still wanted."),
	// Comparisons and storage
	COMPARISON_NOT_FOUND: entry(404, false, "No comparison has this id.", "List the ids with the query comparisons."),
	COMPARISON_TOO_LARGE: entry(
		400,
		false,
		"The comparison has more cells than the server accepts.",
		"Use fewer sources, decoders, seeds or guidance scales.",
	),
	CURSOR_INVALID: entry(
		400,
		false,
		"The cursor was not made by this server.",
		"Use an endCursor from an earlier answer.",
	),
	STORAGE_FULL: entry(507, true, "The disk has no room left.", "Free some space in the data folder."),
	STORAGE_FAILED: entry(
		500,
		true,
		"The data folder or the database cannot be read or written.",
		"Check that it exists and that the server may write to it.",
	),
	// Server and configuration
	CONFIG_INVALID: entry(
		500,
		false,
		"The configuration file cannot be loaded or has a wrong value.",
		"Correct the place named in the message.",
	),
	PORT_IN_USE: entry(
		500,
		false,
		"Another program listens on the port.",
		"Stop it, or choose another port with --port.",
	),
	BIND_REFUSED: entry(
		500,
		false,
		"A public address was asked for without a token.",
		"Set DEDIFFUSION_TOKEN, or listen on 127.0.0.1.",
	),
	UNAUTHENTICATED: entry(
		401,
		false,
		"The request carries no valid token.",
		"Send the header Authorization: Bearer <token>.",
	),
	HOST_REFUSED: entry(
		403,
		false,
		"The request's Host or Origin header names another site.",
		"Open the server under localhost or 127.0.0.1, or set DEDIFFUSION_TOKEN.",
	),
	REQUEST_TOO_LARGE: entry(
		413,
		false,
		"The request's body is larger than the server accepts.",
		"Upload pictures one by one with POST /pictures and name them by their id.",
	),
	ROUTE_NOT_FOUND: entry(
		404,
		false,
		"There is nothing at this path.",
		"Send GraphQL to /graphql and pictures to /pictures.",
	),
	QUERY_INVALID: entry(
		400,
		false,
		"The query is no GraphQL, or does not fit the schema.",
		"Compare it with the documentation at /graphql or with schema.graphql.",
	),
	QUERY_TOO_COMPLEX: entry(
		400,
		false,
		"The query is deeper or costlier than the server accepts.",
		"Ask for less in one query.",
	),
	SHUTTING_DOWN: entry(503, true, "The server is about to stop.", "Try again when it is back."),
	INTERNAL: entry(
		500,
		false,
		"A defect in the server; the details are in its log.",
		"Report it with the time and the query.",
	),
} as const satisfies Record<string, ErrorCodeEntry>;

/** A stable code of {@link errorCodes}. */
export type ErrorCode = keyof typeof errorCodes;
