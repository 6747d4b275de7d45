CREATE TABLE "cells" (
	"comparison" text NOT NULL,
	"position" integer NOT NULL,
	"source" integer NOT NULL,
	"decoder" text NOT NULL,
	"settings" jsonb NOT NULL,
	"status" text NOT NULL,
	"result" jsonb,
	"picture" text,
	"psnr" double precision,
	"ssim" double precision,
	"error_code" text,
	"error_message" text,
	CONSTRAINT "cells_comparison_position_pk" PRIMARY KEY("comparison","position")
);
--> statement-breakpoint
CREATE TABLE "comparisons" (
	"id" text PRIMARY KEY NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"status" text NOT NULL,
	"sources" jsonb NOT NULL
);
--> statement-breakpoint
CREATE TABLE "pictures" (
	"id" text PRIMARY KEY NOT NULL,
	"media_type" text NOT NULL,
	"width" integer NOT NULL,
	"height" integer NOT NULL
);
--> statement-breakpoint
ALTER TABLE "cells" ADD CONSTRAINT "cells_comparison_comparisons_id_fk" FOREIGN KEY ("comparison") REFERENCES "public"."comparisons"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "cells" ADD CONSTRAINT "cells_picture_pictures_id_fk" FOREIGN KEY ("picture") REFERENCES "public"."pictures"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "comparisons_newest" ON "comparisons" USING btree ("created_at","id");