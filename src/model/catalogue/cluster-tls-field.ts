/**
 * The field `tls` of a cluster: how connections to its backends are secured. Only its form is checked here;
 * what the PEM texts hold is read by main.
 */
import { z } from "zod";
import { CLUSTER_TLS_DEFAULTS as DEFAULTS } from "../defaults.ts";
import type { ClusterTls } from "../objects.ts";
import { flagField, hostnameField, mustBe } from "./fields.ts";
import { authoritiesField, chainField, pemField } from "./pem-field.ts";

const schema = z
  .strictObject(
    {
      server_name: hostnameField(
        "The name that is asked for (SNI) and verified; without it, the backend's IP address is verified.",
      ).exactOptional(),
      verify: flagField("`false`: take any certificate.").default(DEFAULTS.verify),
      ca: authoritiesField("Whom to trust; without it, those that Node trusts.").exactOptional(),
      certificate: pemField("What backends that ask for a certificate are shown.").exactOptional(),
      chain: chainField().exactOptional(),
      key: pemField("Its private key, not encrypted. It is never sent back.").exactOptional(),
    },
    mustBe('an object such as {"server_name": "app.internal"}'),
  )
  .superRefine(({ certificate, chain, key }, context) => {
    const needed = certificate === undefined ? "certificate" : "key";
    const isWhole = certificate !== undefined && key !== undefined;
    if (isWhole || [certificate, chain, key].every((part) => part === undefined)) return;
    context.issues.push({ code: "custom", path: [needed], message: "is missing", input: undefined });
  });

/** With its defaults filled in. Replaced as a whole by an update. */
export const clusterTlsField: z.ZodType<ClusterTls> = schema.meta({
  description: "Speak TLS to the backends; without it, plain text. Changed as a whole.",
}) as z.ZodType<ClusterTls>;
