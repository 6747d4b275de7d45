ALTER TABLE "cells" ADD COLUMN "error_input" text;--> statement-breakpoint
ALTER TABLE "cells" ADD COLUMN "error_advice" text;--> statement-breakpoint
ALTER TABLE "cells" ADD COLUMN "error_retryable" boolean;