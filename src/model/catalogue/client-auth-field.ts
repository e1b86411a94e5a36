/**
 * The field `client_auth` of an https listener: clients are asked for a certificate. Only its form is checked
 * here; what the PEM texts hold is read by main.
 */
import { z } from "zod";
import { CLIENT_AUTH_DEFAULTS as DEFAULTS } from "../defaults.ts";
import type { ClientAuth } from "../objects.ts";
import { choiceField, mustBe } from "./fields.ts";
import { authoritiesField } from "./pem-field.ts";

const schema = z.strictObject(
  {
    ca: authoritiesField("Whom to trust to have signed clients' certificates."),
    mode: choiceField(["request", "require"], "Whether clients without a certificate are refused.").default(
      DEFAULTS.mode,
    ),
  },
  mustBe('an object such as {"ca": ["-----BEGIN CERTIFICATE-----…"], "mode": "require"}'),
);

/** With its default filled in. Replaced as a whole by an update. */
export const clientAuthField: z.ZodType<ClientAuth> = schema.meta({
  description:
    "Ask clients for a certificate, and tell backends whose it is; without it, none is asked for. " +
    "Changed as a whole.",
});
